// SPDX-License-Identifier: Apache-2.0
// The command line of onnx-opt. docs/cli.md explains it to users.
#ifndef ONNXOPT_TOOLS_FLAGS_H_
#define ONNXOPT_TOOLS_FLAGS_H_

#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "tools/options.h"

namespace onnxopt {

/// Parses the arguments, without the program's name (see ParseArguments), and
/// checks that they make sense together.
absl::StatusOr<ToolOptions> ParseCommandLine(std::span<char* const> arguments);

/// The text of --help.
std::string HelpText();

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_FLAGS_H_
