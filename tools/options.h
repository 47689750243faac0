// SPDX-License-Identifier: Apache-2.0
// What the command line of onnx-opt asks for.
#ifndef ONNXOPT_TOOLS_OPTIONS_H_
#define ONNXOPT_TOOLS_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "passes/opset/target.h"
#include "tools/flag_parser.h"

namespace onnxopt {

struct ToolOptions : CommonOptions {
  /// All arguments, quoted for the shell, to tell how to repeat a failure.
  std::string command_line;

  /// Arguments that are no flags; just one, `input`, once they are checked.
  std::vector<std::string> inputs;

  /// "-" is standard input or output. Without an output nothing is written.
  std::string input;
  std::optional<std::string> output;
  bool text = false;

  /// At most one of the two is given.
  std::optional<int> level;
  std::optional<std::string> passes;
  TargetOpsets target;
  bool freeze_initializers = false;
  std::vector<std::string> disabled;
  std::optional<int64_t> rewrite_limit;

  /// On how many inputs the result is compared with the input; none: not at
  /// all.
  std::optional<int64_t> check;
  /// Also after every pass that changed the model.
  bool check_each = false;
  /// What cannot be compared is no error.
  bool check_if_possible = false;
  std::optional<double> rtol;
  std::optional<double> atol;

  bool verify_each = false;
  bool verify_only = false;
  bool verify_diagnostics = false;

  bool summary = false;
  bool stats = false;
  bool time_passes = false;
  /// A POSIX extended regular expression; "" matches everything.
  std::optional<std::string> remarks;
  std::vector<std::string> print_before;
  std::vector<std::string> print_after;
  bool print_changed = false;

  bool external_data = false;
  std::string external_file;
  bool keep_external = false;
  std::string data_file;

  bool list_passes = false;
  bool list_rules = false;
  bool list_opsets = false;
};

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_OPTIONS_H_
