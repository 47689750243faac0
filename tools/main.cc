// SPDX-License-Identifier: Apache-2.0
// onnx-opt: optimizes ONNX models. See docs/cli.md.
#include <malloc.h>

#include <cstdio>
#include <new>
#include <span>
#include <string>

#include "fmt/core.h"
#include "passes/registry.h"
#include "tools/driver.h"
#include "tools/flags.h"
#include "tools/signals.h"
#include "tools/summary.h"

namespace onnxopt {
namespace {

// Grows the heap in large steps. Most of the time of a small model goes into
// tables that libonnx makes of very many small pieces.
constexpr int kHeapStepBytes = 16 << 20;

ExitCode Print(const std::string& text) {
  const bool written =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
      std::fflush(stdout) == 0;
  if (written) return kSuccess;
  std::perror("onnx-opt: error: cannot write standard output");
  return kFailure;
}

ExitCode Main(std::span<char* const> arguments) {
  const absl::StatusOr<ToolOptions> options = ParseCommandLine(arguments);
  if (!options.ok()) {
    fmt::print(stderr, "onnx-opt: error: {}\n",
               std::string(options.status().message()));
    return kUsage;
  }
  if (options->help) return Print(HelpText());
  if (options->version) return Print("onnx-opt " ONNXOPT_VERSION "\n");
  if (options->list_passes) {
    PassRegistry registry;
    RegisterBuiltin(registry);
    return Print(PassListText(registry));
  }
  InstallSignalHandlers(options->input == "-" ? "<stdin>" : options->input);
  return RunTool(*options);
}

}  // namespace
}  // namespace onnxopt

int main(int argc, char** argv) {
  mallopt(M_TOP_PAD, onnxopt::kHeapStepBytes);
  try {
    const std::span<char* const> all(argv, static_cast<size_t>(argc));
    return onnxopt::Main(all.subspan(all.empty() ? 0 : 1));
  } catch (const std::bad_alloc&) {
    std::fputs("onnx-opt: error: out of memory\n", stderr);
    return onnxopt::kFailure;
  }
}
