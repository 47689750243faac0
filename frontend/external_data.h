// SPDX-License-Identifier: Apache-2.0
// Files that hold tensor data outside the model file.
#ifndef ONNXOPT_FRONTEND_EXTERNAL_DATA_H_
#define ONNXOPT_FRONTEND_EXTERNAL_DATA_H_

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "support/buffer.h"

namespace onnxopt {

/// Maps external data files, each once. Locations are relative to a folder
/// that they must not leave: no absolute paths, no "..", no symbolic link to
/// somewhere else.
class ExternalFiles {
 public:
  explicit ExternalFiles(std::string folder) : folder_(std::move(folder)) {}

  /// `*is_new` tells whether the file was not opened before.
  absl::StatusOr<std::shared_ptr<const Buffer>> Open(
      const std::string& location, bool* is_new);

 private:
  std::string folder_;
  std::map<std::string, std::shared_ptr<const Buffer>> files_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_EXTERNAL_DATA_H_
