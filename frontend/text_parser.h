// SPDX-License-Identifier: Apache-2.0
// Reading ONNX's textual syntax (docs/text-format.md).
#ifndef ONNXOPT_FRONTEND_TEXT_PARSER_H_
#define ONNXOPT_FRONTEND_TEXT_PARSER_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace onnxopt {

struct TextParseOptions {
  /// Where the tensors are that were elided when the text was printed: becomes
  /// the location of their external data. Empty: elided tensors are an error.
  std::string data_file;
  /// Line number of the first line, for messages.
  int first_line = 1;
};

/// The ModelProto that `text` describes. Only the syntax is checked, and that
/// literals fit their type; whoever reads the ModelProto checks the rest.
/// Errors begin with LINE:COLUMN.
absl::StatusOr<std::string> ParseModelText(
    std::string_view text, const TextParseOptions& options = {});

/// The AttributeProto of one attribute, as in `axis: int = 1`.
absl::StatusOr<std::string> ParseAttributeText(std::string_view text);

/// The models of a file with several, which lines beginning `# -----`
/// separate: number of its first line, and text.
std::vector<std::pair<int, std::string_view>> SplitModels(
    std::string_view text);

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_TEXT_PARSER_H_
