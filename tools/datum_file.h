// SPDX-License-Identifier: Apache-2.0
// Inputs and outputs of models in files.
#ifndef ONNXOPT_TOOLS_DATUM_FILE_H_
#define ONNXOPT_TOOLS_DATUM_FILE_H_

#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eval/datum.h"
#include "ir/model.h"
#include "ir/type.h"

namespace onnxopt {

/// Whether ReadDatumFile knows the format by the name.
bool IsDatumFileName(std::string_view path);

/// Reads .npy, or .pb as ReadDatum (datum_proto.h). An error, which names the
/// file, also if no value of `type` can be what is in it.
absl::StatusOr<Datum> ReadDatumFile(const std::string& path,
                                    const TypeRef& type, Model& model);

/// Writes data to files of one folder, each at once (see OutputFile).
class DatumFolder {
 public:
  /// Makes the folder if there is none.
  static absl::StatusOr<DatumFolder> Create(const std::string& path);

  /// Writes NAME.npy or, for what NumPy does not have, NAME.pb, and returns the
  /// path. What is not safe in a file name becomes "_", and a name that was
  /// used before gets a number.
  absl::StatusOr<std::string> Write(std::string_view name, const Datum& datum);

 private:
  explicit DatumFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
  std::set<std::string> used_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_DATUM_FILE_H_
