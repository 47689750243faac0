// SPDX-License-Identifier: Apache-2.0
// onnx-diff: compares what two ONNX models compute. See
// docs/onnx-run-and-diff.md.
#include <memory>
#include <string>

#include "eval/compare.h"
#include "fmt/format.h"
#include "passes/check.h"
#include "support/status.h"
#include "tools/diff_flags.h"
#include "tools/model_inputs.h"
#include "tools/program.h"
#include "tools/reporter.h"
#include "tools/signals.h"

namespace onnxopt {
namespace {

constexpr char kName[] = "onnx-diff";

absl::StatusOr<CheckReport> CompareModels(const OnnxDiffOptions& options,
                                          Model& a, const Model& b) {
  CheckOptions check;
  ASSIGN_OR_RETURN(check.inputs, ResolveInputs(options, a));
  check.inputs.edge_values = options.edge_values;
  check.draws = static_cast<int>(options.draws);
  check.rtol = options.rtol;
  check.default_rtol = 1e-4;
  check.atol = options.atol;
  check.relative_to_largest = options.relative_to_largest;
  check.original_name = options.models[0];
  check.result_name = options.models[1];
  return CheckEquivalent(a, b, check);
}

// "compared on 5 inputs, N = 1, 4, 7", and the errors.
std::string ReportText(const CheckReport& report) {
  std::string text = fmt::format("compared on {} inputs", report.compared);
  for (const auto& [name, sizes] : report.dims) {
    text += fmt::format("; {} = {}", name, fmt::join(sizes, ", "));
  }
  text += '\n';
  for (const OutputErrors& output : report.outputs) {
    text +=
        fmt::format("{}: {}\n", output.name,
                    ErrorsText(output.max_abs, output.max_rel, output.max_ulp));
  }
  return text;
}

ExitCode Report(const OnnxDiffOptions& options, const CheckReport& report,
                Reporter& reporter) {
  const std::string& path = options.models[0];
  if (report.outcome == CheckReport::Outcome::kUnchecked) {
    reporter.Error(path, fmt::format("unchecked: nothing could be compared; {}",
                                     report.message));
    return kFailure;
  }
  if (report.redrawn > 0) {
    reporter.Report(
        path, {Severity::kWarning,
               fmt::format("it did not run on {} random inputs, which were "
                           "drawn again; the last: {}",
                           report.redrawn, report.redraw_reason),
               ""});
  }
  std::string text = ReportText(report);
  const bool equal = report.outcome == CheckReport::Outcome::kEqual;
  text += equal ? "equal\n" : fmt::format("different: {}\n", report.message);
  const ExitCode printed = PrintToStdout(kName, text);
  return equal ? printed : kFailure;
}

ExitCode Main(std::span<char* const> arguments) {
  const absl::StatusOr<OnnxDiffOptions> options = ParseDiffFlags(arguments);
  if (!options.ok()) return UsageError(kName, options.status());
  if (const auto code = PrintHelpOrVersion(kName, *options, DiffHelpText))
    return *code;
  InstallSignalHandlers(options->models[0]);
  Reporter reporter(options->quiet, UseColor());
  std::unique_ptr<Model> models[2];
  for (int i = 0; i < 2; ++i) {
    const std::string& path = options->models[i];
    absl::StatusOr<std::unique_ptr<Model>> model =
        ReadCanonicalModel(path, reporter);
    if (!model.ok()) {
      reporter.Error(path, model.status());
      return kFailure;
    }
    models[i] = *std::move(model);
  }
  const absl::StatusOr<CheckReport> report =
      CompareModels(*options, *models[0], *models[1]);
  if (report.ok()) return Report(*options, *report, reporter);
  reporter.Error(options->models[0], report.status());
  return kFailure;
}

}  // namespace
}  // namespace onnxopt

int main(int argc, char** argv) {
  return onnxopt::RunProgram(onnxopt::kName, argc, argv, onnxopt::Main);
}
