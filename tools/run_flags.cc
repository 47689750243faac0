// SPDX-License-Identifier: Apache-2.0
#include "tools/run_flags.h"

#include <string_view>

#include "fmt/format.h"
#include "support/text_escape.h"

namespace onnxopt {
namespace {

using O = OnnxRunOptions;

absl::Status SetTime(std::string_view value, O& options) {
  constexpr int64_t kDefaultRuns = 3;
  options.timed_runs = kDefaultRuns;
  if (value.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(options.timed_runs, ParseNumber(value, 1'000'000));
  if (*options.timed_runs > 0) return absl::OkStatus();
  return absl::InvalidArgumentError("0 runs take no time");
}

constexpr Flag<O> kFlags[] = {
    {"--output-dir", Takes::kValue, "DIR",
     "write each output to DIR/NAME.npy (NAME.pb if NumPy does not have the "
     "type) instead of printing it",
     SetText<&O::output_dir>},
    {"--test-data", Takes::kValue, "DIR",
     "take inputs from DIR/input_N.pb, compare outputs with DIR/output_N.pb "
     "and fail if they differ",
     SetText<&O::test_data>},
    {"--rtol", Takes::kValue, "X",
     "for --test-data: tolerance relative to the expected element (1e-3)",
     SetTolerance<&O::rtol>},
    {"--atol", Takes::kValue, "X", "for --test-data: absolute tolerance (1e-7)",
     SetTolerance<&O::atol>},
    {"--time", Takes::kOptionalValue, "N",
     "print how long N (3) more runs take, and each operator", SetTime},
};

}  // namespace

absl::StatusOr<O> ParseRunFlags(std::span<char* const> arguments) {
  ASSIGN_OR_RETURN(
      O options,
      ParseFlags<O>(arguments, {kInputFlags<O>, kFlags, kCommonFlags<O>},
                    &O::models));
  if (options.help || options.version) return options;
  if (options.models.size() != 1) {
    return absl::InvalidArgumentError(
        options.models.empty()
            ? "no model; see --help"
            : fmt::format("more than one model: {} and {}",
                          QuoteForMessage(options.models[0]),
                          QuoteForMessage(options.models[1])));
  }
  if ((options.rtol || options.atol) && options.test_data.empty()) {
    return absl::InvalidArgumentError("--rtol and --atol are for --test-data");
  }
  return options;
}

std::string RunHelpText() {
  return "Usage: onnx-run [FLAGS] MODEL\n"
         "Runs an ONNX model on inputs that are given or made up, and prints "
         "its outputs.\nMODEL is a .onnx file, text (.onnxtxt), or - for "
         "standard input.\n\n" +
         FlagsHelp(FlagInfos<O>({kInputFlags<O>, kFlags, kCommonFlags<O>})) +
         "\nExit code: 0 success, 1 an error or outputs that are not as "
         "expected, 2 bad command\nline.\n";
}

}  // namespace onnxopt
