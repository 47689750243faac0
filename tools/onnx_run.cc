// SPDX-License-Identifier: Apache-2.0
// onnx-run: evaluates ONNX models. See docs/onnx-run-and-diff.md.
#include <memory>
#include <string>
#include <vector>

#include "eval/interpreter.h"
#include "eval/random_inputs.h"
#include "fmt/format.h"
#include "support/status.h"
#include "tools/datum_file.h"
#include "tools/model_inputs.h"
#include "tools/program.h"
#include "tools/reporter.h"
#include "tools/run_flags.h"
#include "tools/run_report.h"
#include "tools/signals.h"
#include "tools/test_data.h"

namespace onnxopt {
namespace {

constexpr char kName[] = "onnx-run";

class ModelRunner {
 public:
  ModelRunner(const OnnxRunOptions& options, Reporter& reporter)
      : options_(options), path_(options.models[0]), reporter_(reporter) {}

  /// What to print goes to text(). `agree` is false if outputs are not as
  /// expected.
  absl::Status Run(bool* agree) {
    ASSIGN_OR_RETURN(model_, ReadCanonicalModel(path_, reporter_));
    ASSIGN_OR_RETURN(RandomInputOptions inputs,
                     ResolveInputs(options_, *model_));
    std::vector<Datum> expected;
    if (!options_.test_data.empty()) {
      RETURN_IF_ERROR(
          Annotate(ReadTestInputs(options_.test_data, *model_, &inputs.given),
                   "--test-data"));
      ASSIGN_OR_RETURN(expected, ReadTestOutputs(options_.test_data, *model_));
    }
    ASSIGN_OR_RETURN(const RandomRun run, RunOnce(inputs));
    if (!run.inputs.dims.empty()) {
      text_ += fmt::format("with {}\n", run.inputs.DimsText());
    }
    if (!expected.empty()) {
      CompareOptions compare;
      compare.rtol = options_.rtol.value_or(1e-3);
      compare.atol = options_.atol.value_or(1e-7);
      ASSIGN_OR_RETURN(
          const std::string text,
          CompareOutputs(*model_, expected, run.outputs, compare, agree));
      text_ += text;
    }
    if (!options_.output_dir.empty()) {
      RETURN_IF_ERROR(WriteOutputs(run.outputs));
    } else if (expected.empty()) {
      RETURN_IF_ERROR(PrintOutputs(run.outputs));
    }
    return options_.timed_runs ? MeasureTime(run.inputs.data)
                               : absl::OkStatus();
  }

  const std::string& text() const { return text_; }

 private:
  absl::StatusOr<RandomRun> RunOnce(const RandomInputOptions& inputs) {
    Redraws redraws;
    absl::StatusOr<RandomRun> run = RunOnRandomInputs(
        *model_, inputs, RunOptions(),
        [](const std::vector<Datum>&) { return absl::OkStatus(); }, &redraws);
    if (redraws.failures > 1 || (run.ok() && redraws.failures > 0)) {
      reporter_.Report(
          path_,
          {Severity::kWarning,
           fmt::format("the model did not run on {} random inputs, at last: {}",
                       redraws.failures, std::string(redraws.reason.message())),
           ""});
    }
    return run;
  }

  std::string OutputName(size_t i) const {
    return std::string(model_->graph()->output_infos()[i].name);
  }

  absl::Status WriteOutputs(const std::vector<Datum>& outputs) {
    ASSIGN_OR_RETURN(DatumFolder folder,
                     DatumFolder::Create(options_.output_dir));
    for (size_t i = 0; i < outputs.size(); ++i) {
      ASSIGN_OR_RETURN(const std::string path,
                       folder.Write(OutputName(i), outputs[i]));
      text_ += fmt::format("{}: {} in {}\n", OutputName(i),
                           outputs[i].Describe(), path);
    }
    return absl::OkStatus();
  }

  absl::Status PrintOutputs(const std::vector<Datum>& outputs) {
    for (size_t i = 0; i < outputs.size(); ++i) {
      ASSIGN_OR_RETURN(const std::string text,
                       DatumText(OutputName(i), outputs[i]));
      text_ += text;
    }
    return absl::OkStatus();
  }

  absl::Status MeasureTime(const std::vector<Datum>& inputs) {
    RunTimer timer;
    for (int64_t i = 0; i < *options_.timed_runs; ++i) {
      RETURN_IF_ERROR(timer.Run(*model_, inputs));
    }
    text_ += timer.Text();
    return absl::OkStatus();
  }

  const OnnxRunOptions& options_;
  const std::string path_;
  Reporter& reporter_;
  std::unique_ptr<Model> model_;
  std::string text_;
};

ExitCode Main(std::span<char* const> arguments) {
  const absl::StatusOr<OnnxRunOptions> options = ParseRunFlags(arguments);
  if (!options.ok()) return UsageError(kName, options.status());
  if (const auto code = PrintHelpOrVersion(kName, *options, RunHelpText))
    return *code;
  const std::string& path = options->models[0];
  InstallSignalHandlers(path);
  Reporter reporter(options->quiet, UseColor());
  ModelRunner runner(*options, reporter);
  bool agree = true;
  const absl::Status status = runner.Run(&agree);
  const ExitCode printed = PrintToStdout(kName, runner.text());
  if (!status.ok()) {
    reporter.Error(path, status);
    return kFailure;
  }
  if (!agree) {
    reporter.Error(path, "the outputs are not as expected");
    return kFailure;
  }
  return printed;
}

}  // namespace
}  // namespace onnxopt

int main(int argc, char** argv) {
  return onnxopt::RunProgram(onnxopt::kName, argc, argv, onnxopt::Main);
}
