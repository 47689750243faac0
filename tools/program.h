// SPDX-License-Identifier: Apache-2.0
// What the main functions of the tools have in common.
#ifndef ONNXOPT_TOOLS_PROGRAM_H_
#define ONNXOPT_TOOLS_PROGRAM_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "tools/exit_code.h"
#include "tools/flag_parser.h"

namespace onnxopt {

/// Calls `run` with the arguments after the program's name; running out of
/// memory is an error like others.
int RunProgram(const char* name, int argc, char** argv,
               absl::FunctionRef<ExitCode(std::span<char* const>)> run);

/// Writes all of `text` to standard output, or an error to standard error.
ExitCode PrintToStdout(const char* program, std::string_view text);

/// Does what --help or --version asks for; nullopt if neither is given.
std::optional<ExitCode> PrintHelpOrVersion(const char* program,
                                           const CommonOptions& options,
                                           std::string (*help)());

/// Says what is wrong with the command line.
ExitCode UsageError(const char* program, const absl::Status& status);

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_PROGRAM_H_
