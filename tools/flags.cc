// SPDX-License-Identifier: Apache-2.0
#include "tools/flags.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "passes/pipeline.h"
#include "support/status.h"
#include "support/text_escape.h"
#include "tools/flag_parser.h"

namespace onnxopt {
namespace {

absl::Status SetLevel(std::string_view value, ToolOptions& options) {
  ASSIGN_OR_RETURN(options.level, ParseNumber(value, kMaxOptimizationLevel));
  return absl::OkStatus();
}

absl::Status SetCheck(std::string_view value, ToolOptions& options) {
  constexpr int64_t kDefaultDraws = 3;
  // --check and --check-each may both be given, one with a value.
  if (value.empty() && options.check) return absl::OkStatus();
  options.check_if_possible = value == "if-possible";
  options.check = kDefaultDraws;
  if (!value.empty() && !options.check_if_possible) {
    ASSIGN_OR_RETURN(options.check, ParseNumber(value, 1000));
    if (*options.check == 0) {
      return absl::InvalidArgumentError("0 inputs check nothing");
    }
  }
  return absl::OkStatus();
}

absl::Status SetCheckEach(std::string_view value, ToolOptions& options) {
  options.check_each = true;
  return SetCheck(value, options);
}

absl::Status SetExternalData(std::string_view value, ToolOptions& options) {
  options.external_data = true;
  options.external_file = std::string(value);
  return absl::OkStatus();
}

// "13", "ai.onnx.ml:3", or both after a comma.
absl::Status SetTargetOpset(std::string_view value, ToolOptions& options) {
  constexpr std::string_view kMlPrefix = "ai.onnx.ml:";
  while (true) {
    const size_t comma = value.find(',');
    std::string_view part = value.substr(0, comma);
    const bool is_ml = part.starts_with(kMlPrefix);
    if (is_ml) part.remove_prefix(kMlPrefix.size());
    const int64_t newest = is_ml ? kMaxMlOpset : kCanonicalOpset;
    ASSIGN_OR_RETURN(const int64_t opset, ParseNumber(part, newest));
    if (opset == 0) return absl::InvalidArgumentError("there is no opset 0");
    std::optional<int64_t>& slot =
        is_ml ? options.target.ml : options.target.onnx;
    if (slot) return absl::InvalidArgumentError("two opsets of one domain");
    slot = opset;
    if (comma == std::string_view::npos) return absl::OkStatus();
    value.remove_prefix(comma + 1);
  }
}

using O = ToolOptions;

constexpr Flag<O> kFlags[] = {
    {"-o", Takes::kValue, "OUT",
     "write the model to OUT (text if it ends in .onnxtxt); - is standard "
     "output",
     SetText<&O::output>},
    {"-S", Takes::kNothing, "", "write text, without -o to standard output",
     SetTrue<&O::text>},
    {"-O", Takes::kValue, "0..3",
     "optimization level: 0 nothing, 1 exact passes only, 2 (default), 3 also "
     "what may grow the model",
     SetLevel},
    {"--passes", Takes::kValue, "P",
     "run this pipeline instead, for example 'cse,eliminate-dead' or "
     "'fixpoint(cleanup)'; empty: nothing",
     SetText<&O::passes>},
    {"--target-opset", Takes::kValue, "N",
     "write the model for opset N of ai.onnx; for ai.onnx.ml: ai.onnx.ml:N",
     SetTargetOpset},
    {"--freeze-initializers", Takes::kNothing, "",
     "treat inputs that have a default value as constants",
     SetTrue<&O::freeze_initializers>},
    {"--disable", Takes::kValue, "NAME", "leave out a pass (repeatable)",
     AddNames<&O::disabled>},
    {"--rewrite-limit", Takes::kValue, "N",
     "stop after N rewrites and name the last one; to bisect",
     SetNumber<&O::rewrite_limit>},
    {"--external-data", Takes::kOptionalValue, "FILE",
     "put weights into one external file, by default with a name made from "
     "the content",
     SetExternalData},
    {"--keep-external", Takes::kNothing, "",
     "leave unchanged external data in the file where it is",
     SetTrue<&O::keep_external>},
    {"--data", Takes::kValue, "FILE",
     "where the tensors are that the text of the input leaves out",
     SetText<&O::data_file>},
    {"--check", Takes::kOptionalValue, "N",
     "run the input and the result on N (3) random inputs and fail, without an "
     "output, if they compute different results or cannot be run; "
     "--check=if-possible only prints 'unchecked: REASON' if they cannot be "
     "run",
     SetCheck},
    {"--check-each", Takes::kOptionalValue, "N",
     "like --check, and so after every pass that changed the model; names the "
     "first that changed a result",
     SetCheckEach},
    {"--rtol", Takes::kValue, "X",
     "for --check: tolerance relative to the largest magnitude of an output",
     SetTolerance<&O::rtol>},
    {"--atol", Takes::kValue, "X", "for --check: absolute tolerance",
     SetTolerance<&O::atol>},
    {"--verify-only", Takes::kNothing, "", "check the input and do nothing",
     SetTrue<&O::verify_only>},
    {"--verify-each", Takes::kNothing, "",
     "verify the model after every pass that changed it",
     SetTrue<&O::verify_each>},
    {"--verify-diagnostics", Takes::kNothing, "",
     "compare what is reported with the expected-error, -warning and -remark "
     "comments of a text; for tests",
     SetTrue<&O::verify_diagnostics>},
    {"--summary", Takes::kNothing, "",
     "print nodes and bytes before and after even if standard error is not a "
     "terminal",
     SetTrue<&O::summary>},
    {"--stats", Takes::kNothing, "", "print what each pass did and declined",
     SetTrue<&O::stats>},
    {"--time-passes", Takes::kNothing, "", "print how long each pass took",
     SetTrue<&O::time_passes>},
    {"--remarks", Takes::kOptionalValue, "REGEX",
     "print each rewrite done or declined, or those whose pass or text "
     "matches",
     SetText<&O::remarks>},
    {"--print-before", Takes::kValue, "PASS",
     "print the model to standard error before each run of PASS (repeatable)",
     AddNames<&O::print_before>},
    {"--print-after", Takes::kValue, "PASS", "the same after each run",
     AddNames<&O::print_after>},
    {"--print-changed", Takes::kNothing, "",
     "print the model after each pass that changed it",
     SetTrue<&O::print_changed>},
    {"--list-passes", Takes::kNothing, "",
     "print passes, groups and the pipelines of -O0 to -O3",
     SetTrue<&O::list_passes>},
    {"--list-rules", Takes::kNothing, "",
     "print the rewrite rules, which --disable names, and stop",
     SetTrue<&O::list_rules>},
    {"--list-opsets", Takes::kNothing, "",
     "print the versions of the operators and what changed with each, and stop",
     SetTrue<&O::list_opsets>},
};

// `argument` as a shell reads it back.
std::string ShellQuote(std::string_view argument) {
  const bool is_plain =
      !argument.empty() &&
      std::all_of(argument.begin(), argument.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c >= '0' && c <= '9') ||
               std::string_view("-_=+./,:@%").find(c) != std::string_view::npos;
      });
  if (is_plain) return std::string(argument);
  std::string quoted = "'";
  for (const char c : argument) {
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  }
  return quoted + "'";
}

bool PrintsSomething(const ToolOptions& options) {
  return options.summary || options.stats || options.time_passes ||
         options.remarks || options.print_changed ||
         !options.print_before.empty() || !options.print_after.empty();
}

absl::Status CheckCombination(const ToolOptions& options) {
  const auto error = [](const char* message) {
    return absl::InvalidArgumentError(message);
  };
  if (options.inputs.empty()) return error("no input; see --help");
  if (options.inputs.size() > 1) {
    return absl::InvalidArgumentError(fmt::format(
        "more than one input: {} and {}", QuoteForMessage(options.inputs[0]),
        QuoteForMessage(options.inputs[1])));
  }
  if (options.level && options.passes) {
    return error("-O and --passes exclude each other");
  }
  if (options.output && options.output->empty()) {
    return error("the name of the output is empty");
  }
  const bool writes_text =
      options.text || (options.output && options.output->ends_with(".onnxtxt"));
  if (writes_text && (options.external_data || options.keep_external)) {
    return error("--external-data and --keep-external are not for text");
  }
  const bool writes = options.output || options.text;
  if (writes && (options.verify_only || options.verify_diagnostics)) {
    return error("--verify-only and --verify-diagnostics write no output");
  }
  if (options.check && (options.verify_only || options.verify_diagnostics)) {
    return error("--check needs a result, which --verify-only has not");
  }
  if ((options.rtol || options.atol) && !options.check) {
    return error("--rtol and --atol are for --check");
  }
  if (!writes && !options.check && !options.verify_only &&
      !options.verify_diagnostics && !PrintsSomething(options)) {
    return error(
        "no output; give -o FILE, or --summary to see what would change");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ToolOptions> ParseCommandLine(std::span<char* const> arguments) {
  ASSIGN_OR_RETURN(
      ToolOptions options,
      ParseFlags<O>(arguments, {kFlags, kCommonFlags<O>}, &O::inputs));
  if (options.help || options.version || options.list_passes ||
      options.list_rules || options.list_opsets) {
    return options;
  }
  RETURN_IF_ERROR(CheckCombination(options));
  options.input = options.inputs.front();
  for (const char* argument : arguments) {
    if (!options.command_line.empty()) options.command_line += ' ';
    options.command_line += ShellQuote(argument);
  }
  if (options.text && !options.output) options.output = "-";
  if (options.output && options.output->ends_with(".onnxtxt")) {
    options.text = true;
  }
  return options;
}

std::string HelpText() {
  std::string text =
      "Usage: onnx-opt [FLAGS] MODEL -o OUT\n"
      "Optimizes an ONNX model. MODEL is a .onnx file, text (.onnxtxt), or - "
      "for\nstandard input.\n\n";
  text += FlagsHelp(FlagInfos<O>({kFlags, kCommonFlags<O>}));
  text +=
      "\nExit code: 0 success, 1 bad model or file error, 2 bad command line, "
      "3 a bug in\nonnx-opt; then nothing was written.\n";
  return text;
}

}  // namespace onnxopt
