// SPDX-License-Identifier: Apache-2.0
#include "tools/program.h"

#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <new>
#include <string>
#include <thread>

#include "fmt/core.h"
#include "support/parallel.h"

// Defined where leaks are looked for at the end of the process.
extern "C" void __lsan_do_leak_check() __attribute__((weak));

namespace onnxopt {
namespace {

// Ends the process without destructors of static objects: those of libonnx's
// thousand schemas take a fifth of the time of a small model. All files are
// closed by now.
int Exit(ExitCode code) {
  if (__lsan_do_leak_check == nullptr) {
    std::fflush(nullptr);
    std::_Exit(code);
  }
  return code;
}

// Grows the heap in large steps and gives nothing back before the end: page
// faults are a good part of the time of a model without large weights.
void TuneHeap() {
  constexpr int kStepBytes = 16 << 20;
  constexpr int kMaxPieceBytes = 32 << 20;  // the largest that glibc allows
  mallopt(M_TOP_PAD, kStepBytes);
  mallopt(M_MMAP_THRESHOLD, kMaxPieceBytes);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
}

}  // namespace

int RunProgram(const char* name, int argc, char** argv,
               absl::FunctionRef<ExitCode(std::span<char* const>)> run) {
  TuneHeap();
  SetNumThreads(static_cast<int>(std::thread::hardware_concurrency()));
  try {
    const std::span<char* const> all(argv, static_cast<size_t>(argc));
    return Exit(run(all.subspan(all.empty() ? 0 : 1)));
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "%s: error: out of memory\n", name);
    return Exit(kFailure);
  }
}

ExitCode PrintToStdout(const char* program, std::string_view text) {
  const bool written =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
      std::fflush(stdout) == 0;
  if (written) return kSuccess;
  std::fprintf(stderr, "%s: error: cannot write standard output: %m\n",
               program);
  return kFailure;
}

std::optional<ExitCode> PrintHelpOrVersion(const char* program,
                                           const CommonOptions& options,
                                           std::string (*help)()) {
  if (options.help) return PrintToStdout(program, help());
  if (options.version) {
    return PrintToStdout(program,
                         fmt::format("{} {}\n", program, ONNXOPT_VERSION));
  }
  return std::nullopt;
}

ExitCode UsageError(const char* program, const absl::Status& status) {
  fmt::print(stderr, "{}: error: {}\n", program, std::string(status.message()));
  return kUsage;
}

}  // namespace onnxopt
