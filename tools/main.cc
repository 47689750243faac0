// SPDX-License-Identifier: Apache-2.0
// onnx-opt: optimizes ONNX models. See docs/cli.md.
#include "passes/opset/describe.h"
#include "passes/registry.h"
#include "tools/driver.h"
#include "tools/flags.h"
#include "tools/program.h"
#include "tools/signals.h"
#include "tools/summary.h"

namespace onnxopt {
namespace {

constexpr char kName[] = "onnx-opt";

ExitCode Main(std::span<char* const> arguments) {
  const absl::StatusOr<ToolOptions> options = ParseCommandLine(arguments);
  if (!options.ok()) return UsageError(kName, options.status());
  if (const auto code = PrintHelpOrVersion(kName, *options, HelpText))
    return *code;
  if (options->list_opsets) {
    return PrintToStdout(kName, OpsetStepsText(*OpRegistry::Builtin()));
  }
  if (options->list_passes || options->list_rules) {
    PassRegistry registry;
    RegisterBuiltin(registry);
    return PrintToStdout(kName, options->list_passes ? PassListText(registry)
                                                     : RuleListText(registry));
  }
  InstallSignalHandlers(options->input == "-" ? "<stdin>" : options->input);
  return RunTool(*options);
}

}  // namespace
}  // namespace onnxopt

int main(int argc, char** argv) {
  return onnxopt::RunProgram(onnxopt::kName, argc, argv, onnxopt::Main);
}
