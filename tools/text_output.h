// SPDX-License-Identifier: Apache-2.0
// Writing models as text files.
#ifndef ONNXOPT_TOOLS_TEXT_OUTPUT_H_
#define ONNXOPT_TOOLS_TEXT_OUTPUT_H_

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "ir/model.h"
#include "support/diagnostics.h"

namespace onnxopt {

struct TextOutputOptions {
  /// Written before the model.
  std::string_view prefix;
  /// See WriteOptions::on_temporary.
  std::function<void(const std::string&)> on_temporary;
};

/// Writes the text of `model` to `path`, and its large tensors to `path`.data.
/// On standard output, "-", only a digest stands for large tensors. Returns the
/// number of bytes written.
absl::StatusOr<uint64_t> WriteText(Model& model, const std::string& path,
                                   const TextOutputOptions& options,
                                   Diagnostics* diagnostics);

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_TEXT_OUTPUT_H_
