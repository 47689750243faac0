// SPDX-License-Identifier: Apache-2.0
// Reading ONNX files (protobuf) into the IR.
#ifndef ONNXOPT_FRONTEND_READER_H_
#define ONNXOPT_FRONTEND_READER_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "ir/model.h"
#include "ir/op_registry.h"
#include "support/buffer.h"
#include "support/diagnostics.h"

namespace onnxopt {

/// Deepest nesting of graphs, and of types, that is accepted.
inline constexpr int kMaxNesting = 64;

struct ReadOptions {
  /// Null: the standard operators.
  std::shared_ptr<const OpRegistry> ops;
  /// Folder that external data is relative to. ReadModel sets it.
  std::string folder;
  /// For text: where the tensors are that were left out of it (see
  /// text_parser.h); empty: nowhere.
  std::string data_file;
  /// Initializers that are also inputs become constants, and are inputs no
  /// longer (IR version 3 files keep listing them: see Value).
  bool freeze_initializers = false;
};

/// Whether the content of `path` is text: `.onnxtxt` is, and standard input,
/// "-", if it does not start like protobuf.
bool IsModelText(const std::string& path, std::string_view bytes);

/// Maps and reads a file or, if `path` is "-", standard input. Errors name
/// the node and value; the caller adds the file name. Complaints that do not
/// prevent reading go to `diagnostics` as warnings.
absl::StatusOr<std::unique_ptr<Model>> ReadModel(const std::string& path,
                                                 ReadOptions options,
                                                 Diagnostics* diagnostics);

/// Reads a ModelProto. The model keeps `buffer`.
absl::StatusOr<std::unique_ptr<Model>> ReadModelProto(
    std::shared_ptr<const Buffer> buffer, const ReadOptions& options,
    Diagnostics* diagnostics);

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_READER_H_
