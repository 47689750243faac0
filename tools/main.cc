// SPDX-License-Identifier: Apache-2.0
// onnx-opt: optimizes ONNX models. See docs/cli.md.
#include <malloc.h>

#include <cstdio>
#include <limits>
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

// Grows the heap in large steps and gives nothing back before the end: page
// faults are a good part of the time of a model without large weights.
void TuneHeap() {
  constexpr int kStepBytes = 16 << 20;
  constexpr int kMaxPieceBytes = 32 << 20;  // the largest that glibc allows
  mallopt(M_TOP_PAD, kStepBytes);
  mallopt(M_MMAP_THRESHOLD, kMaxPieceBytes);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

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
  if (options->list_passes || options->list_rules) {
    PassRegistry registry;
    RegisterBuiltin(registry);
    return Print(options->list_passes ? PassListText(registry)
                                      : RuleListText(registry));
  }
  InstallSignalHandlers(options->input == "-" ? "<stdin>" : options->input);
  return RunTool(*options);
}

}  // namespace
}  // namespace onnxopt

int main(int argc, char** argv) {
  onnxopt::TuneHeap();
  try {
    const std::span<char* const> all(argv, static_cast<size_t>(argc));
    return onnxopt::Main(all.subspan(all.empty() ? 0 : 1));
  } catch (const std::bad_alloc&) {
    std::fputs("onnx-opt: error: out of memory\n", stderr);
    return onnxopt::kFailure;
  }
}
