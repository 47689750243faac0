// SPDX-License-Identifier: Apache-2.0
// The command line of onnx-opt. docs/cli.md explains it to users.
#ifndef ONNXOPT_TOOLS_FLAGS_H_
#define ONNXOPT_TOOLS_FLAGS_H_

#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "tools/options.h"

namespace onnxopt {

/// Parses the arguments, without the program's name, and checks that they make
/// sense together. Flags and the input may come in any order; a flag's value
/// follows it after "=" or as the next argument; "--" ends the flags.
absl::StatusOr<ToolOptions> ParseCommandLine(std::span<char* const> arguments);

/// The text of --help.
std::string HelpText();

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_FLAGS_H_
