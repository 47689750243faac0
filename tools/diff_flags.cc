// SPDX-License-Identifier: Apache-2.0
#include "tools/diff_flags.h"

#include <string_view>

#include "fmt/format.h"

namespace onnxopt {
namespace {

using O = OnnxDiffOptions;

absl::Status SetDraws(std::string_view value, O& options) {
  ASSIGN_OR_RETURN(options.draws, ParseNumber(value, 1000));
  if (options.draws > 0) return absl::OkStatus();
  return absl::InvalidArgumentError("0 inputs compare nothing");
}

constexpr Flag<O> kFlags[] = {
    {"--draws", Takes::kValue, "N",
     "how many random inputs to compare on (5); named dims get other sizes for "
     "each, and all 1 once",
     SetDraws},
    {"--edge-values", Takes::kNothing, "",
     "as many draws again in which some numbers are very large or small, the "
     "ends of their type, infinite or NaN",
     SetTrue<&O::edge_values>},
    {"--rtol", Takes::kValue, "X",
     "tolerance relative to the element in A (1e-4, more for float16 and "
     "narrower)",
     SetTolerance<&O::rtol>},
    {"--atol", Takes::kValue, "X", "absolute tolerance (1e-5)",
     SetTolerance<&O::atol>},
    {"--relative-to-largest", Takes::kNothing, "",
     "--rtol is relative to the largest magnitude of the output in A instead",
     SetTrue<&O::relative_to_largest>},
};

}  // namespace

absl::StatusOr<O> ParseDiffFlags(std::span<char* const> arguments) {
  ASSIGN_OR_RETURN(
      O options,
      ParseFlags<O>(arguments, {kInputFlags<O>, kFlags, kCommonFlags<O>},
                    &O::models));
  if (options.help || options.version) return options;
  if (options.models.size() != 2) {
    return absl::InvalidArgumentError(fmt::format(
        "{} models, two are needed; see --help", options.models.size()));
  }
  if (options.models[0] == "-" && options.models[1] == "-") {
    return absl::InvalidArgumentError(
        "standard input can be only one of the models");
  }
  return options;
}

std::string DiffHelpText() {
  return "Usage: onnx-diff [FLAGS] A B\n"
         "Runs two ONNX models on the same inputs and compares their outputs. "
         "A and B are\n.onnx files, text (.onnxtxt), or - for standard "
         "input.\n\n" +
         FlagsHelp(FlagInfos<O>({kInputFlags<O>, kFlags, kCommonFlags<O>})) +
         "\nExit code: 0 equal within the tolerance, 1 different, not "
         "comparable, or an error,\n2 bad command line.\n";
}

}  // namespace onnxopt
