// SPDX-License-Identifier: Apache-2.0
// Writing the IR as ONNX files (protobuf).
#ifndef ONNXOPT_FRONTEND_WRITER_H_
#define ONNXOPT_FRONTEND_WRITER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "frontend/wire_writer.h"
#include "ir/model.h"
#include "support/diagnostics.h"

namespace onnxopt {

struct WriteOptions {
  /// Largest protobuf message; above it weights go to an external file.
  static constexpr uint64_t kMaxMessageBytes = (uint64_t{1} << 31) - 1;
  /// Tensors smaller than this stay in the model file.
  static constexpr int64_t kMinExternalBytes = 1024;
  /// Offsets of tensors in an external file are multiples of this.
  static constexpr uint64_t kExternalAlignment = 4096;

  /// Weights go to an external file even if they need not.
  bool external_data = false;
  /// Its name, in the folder of the model; empty: derived from the content.
  std::string external_file;
  /// Tensors read from external files stay where they are, if the output is in
  /// the same folder.
  bool keep_external = false;

  /// What CheckSchemas says about the model as it was read: such complaints
  /// about the result are warnings, any other is an error.
  std::vector<std::string> known_complaints;
  /// A further check of the bytes written (frontend/onnx/checker.h).
  std::function<absl::Status(const Buffer&)> validate;
  /// Told the path of a temporary file when it is made, and "" when it is no
  /// more: for handlers of deadly signals.
  std::function<void(const std::string&)> on_temporary;
};

/// Where tensor contents are written: names the external location of a tensor,
/// or null to keep it in the message.
using ExternalPlan = absl::FunctionRef<const ExternalLocation*(const Tensor&)>;

/// The ModelProto of `model`, as small bytes and splices. The model is not
/// changed, except that new names are interned.
WireWriter EncodeModel(Model& model, ExternalPlan external);

/// The whole ModelProto as a string. Fails above kMaxMessageBytes.
absl::StatusOr<std::string> SerializeModel(Model& model);

/// Writes `model` to `path` safely (see OutputFile): nothing is touched unless
/// all is well. What was written is read back and checked before the rename;
/// complaints the input did not have are errors. "-" is standard output.
/// Returns the size of the model in bytes, its external data included.
absl::StatusOr<uint64_t> WriteModel(Model& model, const std::string& path,
                                    const WriteOptions& options,
                                    Diagnostics* diagnostics);

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_WRITER_H_
