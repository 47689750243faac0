// SPDX-License-Identifier: Apache-2.0
#include "tools/driver.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "fmt/format.h"
#include "frontend/reader.h"
#include "frontend/text_parser.h"
#include "frontend/text_printer.h"
#include "frontend/writer.h"
#include "ir/verifier.h"
#include "passes/optimize.h"
#include "support/status.h"
#include "tools/check_result.h"
#include "tools/expected.h"
#include "tools/program.h"
#include "tools/reporter.h"
#include "tools/signals.h"
#include "tools/summary.h"
#include "tools/text_output.h"
#ifdef ONNXOPT_ONNX_BRIDGE
#include "frontend/onnx/checker.h"
#endif

namespace onnxopt {
namespace {

using Clock = std::chrono::steady_clock;

std::string FileName(const std::string& path, std::string_view stream) {
  return path == "-" ? std::string(stream) : path;
}

void PrintToStderr(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
}

// One of the models of the input.
struct Source {
  std::shared_ptr<const Buffer> file;
  bool is_text = false;
  std::string_view text = {};
  int first_line = 1;
  int index = 0;
};

// Reads, optimizes and writes one model.
class ModelRun {
 public:
  ModelRun(const ToolOptions& options, const PassRegistry& registry,
           const Source& source, Reporter& reporter)
      : options_(options),
        registry_(registry),
        source_(source),
        reporter_(reporter),
        checker_(options),
        input_(FileName(options.input, "<stdin>")),
        output_(FileName(options.output.value_or(""), "<stdout>")) {}

  ExitCode Run() {
    const Clock::time_point start = Clock::now();
    if (absl::Status status = Read(); !status.ok()) {
      reporter_.Error(input_, status);
      return kFailure;
    }
    if (!CheckInput()) return kFailure;
    if (options_.verify_only) return kSuccess;
    if (absl::Status status = OptimizeModel(); !status.ok()) {
      return Fail(input_, status);
    }
    if (options_.check && !ChecksWrittenFile()) {
      if (absl::Status status = CheckEncoded(); !status.ok()) {
        return Fail(input_, status);
      }
    }
    if (options_.output) {
      if (absl::Status status = Write(); !status.ok()) {
        return Fail(output_, status);
      }
    }
    facts_.time = Clock::now() - start;
    PrintTables();
    return kSuccess;
  }

 private:
  static ReadOptions ReadFrom(const std::string& path) {
    ReadOptions read;
    read.folder = std::filesystem::path(path).parent_path().string();
    return read;
  }

  absl::Status Read() {
    proto_ = source_.file;
    facts_.bytes_before = source_.file->bytes().size();
    if (source_.is_text) {
      facts_.bytes_before = source_.text.size();
      TextParseOptions parse;
      parse.data_file = options_.data_file;
      parse.first_line = source_.first_line;
      ASSIGN_OR_RETURN(std::string proto, ParseModelText(source_.text, parse));
      proto_ = OwnBytes(std::move(proto), options_.input);
    }
    checker_.set_original({proto_, ReadFrom(options_.input)});
    Diagnostics diagnostics;
    absl::StatusOr<std::unique_ptr<Model>> model =
        ReadModelProto(proto_, ReadFrom(options_.input), &diagnostics);
    Report(diagnostics);
    RETURN_IF_ERROR(model.status());
    model_ = *std::move(model);
    for (const auto& buffer : model_->buffers()) {
      if (buffer != proto_) facts_.bytes_before += buffer->bytes().size();
    }
    return absl::OkStatus();
  }

  // Reports what is wrong with the input. That is tolerated, except if it is
  // all that was asked for.
  bool CheckInput() {
    complaints_ = CheckSchemas(*model_);
    const Severity severity =
        options_.verify_only ? Severity::kError : Severity::kWarning;
    for (const std::string& complaint : complaints_) {
      Report({severity, complaint, ""});
    }
    if (!options_.verify_only) return true;
    absl::Status onnx_says;
#ifdef ONNXOPT_ONNX_BRIDGE
    onnx_says = CheckWithOnnx(*proto_);
#endif
    // It finds some of the same problems.
    if (complaints_.empty() && !onnx_says.ok()) {
      reporter_.Error(input_, onnx_says);
    }
    return complaints_.empty() && onnx_says.ok();
  }

  absl::Status OptimizeModel() {
    Diagnostics diagnostics(/*wants_remarks=*/options_.remarks.has_value());
    OptimizeOptions optimize;
    optimize.registry = &registry_;
    optimize.level = options_.level.value_or(optimize.level);
    optimize.passes = options_.passes;
    optimize.target = options_.target;
    optimize.freeze_initializers = options_.freeze_initializers;
    optimize.manager.diagnostics = &diagnostics;
    optimize.manager.rewrite_limit = options_.rewrite_limit;
    optimize.manager.disabled = options_.disabled;
    optimize.manager.verify_each = options_.verify_each;
    optimize.manager.before_pass = [this](const PassEvent& event) {
      if (Names(options_.print_before, event)) Print("before", event);
    };
    absl::Status check_each;
    optimize.manager.after_pass = [&](const PassEvent& event) {
      if (Names(options_.print_after, event) ||
          (options_.print_changed && event.changed)) {
        Print("after", event);
      }
      if (options_.check_each && event.changed && check_each.ok()) {
        check_each = checker_.CheckPass(event);
      }
    };
    absl::StatusOr<OptimizeReport> report = Optimize(*model_, optimize);
    Report(diagnostics);
    RETURN_IF_ERROR(LastOf(report.status()));
    RETURN_IF_ERROR(check_each);
    report_ = *std::move(report);
    return absl::OkStatus();
  }

  // Of an error in several lines, one for each node, reports all but the last.
  absl::Status LastOf(const absl::Status& status) {
    std::string message(status.message());
    for (size_t end = message.find('\n'); end != std::string::npos;
         end = message.find('\n')) {
      reporter_.Error(input_, message.substr(0, end));
      message.erase(0, end + 1);
    }
    return {status.code(), message};
  }

  bool Names(const std::vector<std::string>& names, const PassEvent& event) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) {
                         return registry_.Find(name)->name == event.pass;
                       });
  }

  void Print(std::string_view when, const PassEvent& event) {
    Diagnostics ignored;
    const absl::StatusOr<std::string> text =
        PrintModelToString(event.model, TextPrintOptions(), &ignored);
    PrintToStderr(fmt::format("# {} {}, run {}\n{}\n", when, event.pass,
                              event.run,
                              text.ok() ? *text : text.status().ToString()));
  }

  // Whether --check can look at the output before it gets its name.
  bool ChecksWrittenFile() const {
    if (!options_.output || options_.text || *options_.output == "-") {
      return false;
    }
    std::error_code ignored;
    const auto status = std::filesystem::status(*options_.output, ignored);
    return !std::filesystem::exists(status) ||
           std::filesystem::is_regular_file(status);
  }

  // Of what is not written to a file as it is.
  absl::Status CheckEncoded() {
    ASSIGN_OR_RETURN(std::string bytes, SerializeModel(*model_));
    return Check(OwnBytes(std::move(bytes)), ReadFrom(options_.input));
  }

  absl::Status Check(std::shared_ptr<const Buffer> result,
                     const ReadOptions& read) {
    RETURN_IF_ERROR(checker_.Check({std::move(result), read}));
    for (const std::string& reason : checker_.unchecked()) {
      PrintToStderr(fmt::format("unchecked: {}\n", reason));
    }
    return absl::OkStatus();
  }

  absl::Status Write() {
    Diagnostics diagnostics;
    const absl::Status status =
        options_.text ? WriteAsText(&diagnostics) : WriteAsProto(&diagnostics);
    Report(diagnostics);
    return status;
  }

  absl::Status WriteAsText(Diagnostics* diagnostics) {
    TextOutputOptions text;
    text.prefix = source_.index > 0 ? "# -----\n" : "";
    text.on_temporary = SetTemporaryFile;
    ASSIGN_OR_RETURN(facts_.bytes_after,
                     WriteText(*model_, *options_.output, text, diagnostics));
    return absl::OkStatus();
  }

  absl::Status WriteAsProto(Diagnostics* diagnostics) {
    if (*options_.output == "-" && isatty(STDOUT_FILENO) != 0) {
      return absl::InvalidArgumentError(
          "a binary model is not written to a terminal; use -S for text");
    }
    WriteOptions write;
    write.external_data = options_.external_data;
    write.external_file = options_.external_file;
    write.keep_external = options_.keep_external;
    write.known_complaints = complaints_;
    write.on_temporary = SetTemporaryFile;
    write.validate = [&](const Buffer& written) {
#ifdef ONNXOPT_ONNX_BRIDGE
      RETURN_IF_ERROR(CheckByOnnx(written, diagnostics));
#endif
      return options_.check
                 ? Check(ViewBytes(written.bytes()), ReadFrom(*options_.output))
                 : absl::OkStatus();
    };
    ASSIGN_OR_RETURN(facts_.bytes_after,
                     WriteModel(*model_, *options_.output, write, diagnostics));
    return absl::OkStatus();
  }

#ifdef ONNXOPT_ONNX_BRIDGE
  // An input or output without a shape, which libonnx wants and no other.
  bool LacksShape() const {
    const auto lacks = [](const TypeRef& type) {
      return type != nullptr && type->IsTensor() && !type->shape();
    };
    const Graph& graph = *model_->graph();
    const auto& outputs = graph.output_infos();
    return std::any_of(
               graph.inputs().begin(), graph.inputs().end(),
               [&](const Value* input) { return lacks(input->type()); }) ||
           std::any_of(
               outputs.begin(), outputs.end(),
               [&](const OutputInfo& output) { return lacks(output.type); });
  }

  // What libonnx says about the result is an error only if it had nothing to
  // say about the input, or could not be asked about it.
  absl::Status CheckByOnnx(const Buffer& written, Diagnostics* diagnostics) {
    const absl::Status after = CheckWithOnnx(written);
    if (after.ok()) return after;
    absl::Status before = CheckWithOnnx(*proto_);
    if (!OnnxCheckerApplies(proto_->bytes()) && LacksShape()) before = after;
    if (before.ok()) {
      return absl::InternalError(
          absl::StrCat("the result is not valid: ", after.message()));
    }
    diagnostics->Warn(std::string(before.message()));
    return absl::OkStatus();
  }
#endif

  void PrintTables() {
    if (!report_.run.last_rewrite.empty()) {
      PrintToStderr(fmt::format("rewrite {}: {}\n", report_.run.rewrites,
                                report_.run.last_rewrite));
    }
    if (options_.stats) PrintToStderr(StatsText(report_.run));
    if (options_.time_passes) PrintToStderr(TimesText(report_.run));
    const bool wanted = options_.summary || isatty(STDERR_FILENO) != 0;
    if (wanted && !options_.quiet && !options_.verify_diagnostics) {
      PrintToStderr(SummaryText(report_, facts_, UseColor()));
    }
  }

  // A result that is not valid is an internal error.
  ExitCode Fail(const std::string& file, const absl::Status& status) {
    if (!absl::IsInternal(status)) {
      reporter_.Error(file, status);
      return kFailure;
    }
    std::string message =
        fmt::format("{}; this is a bug in onnx-opt, and nothing was written",
                    std::string(status.message()));
    if (!options_.verify_each) {
      message += fmt::format(
          "; to see which pass it is, run onnx-opt "
          "--verify-each {}",
          options_.command_line);
    }
    reporter_.Error(file, message);
    return kOurBug;
  }

  // Warnings that are still true after optimization are said once.
  void Report(const Diagnostic& diagnostic) {
    if (diagnostic.severity == Severity::kWarning &&
        !warned_.insert(diagnostic.message).second) {
      return;
    }
    reporter_.Report(input_, diagnostic);
  }
  void Report(const Diagnostics& diagnostics) {
    for (const Diagnostic& diagnostic : diagnostics.all()) Report(diagnostic);
  }

  const ToolOptions& options_;
  const PassRegistry& registry_;
  const Source& source_;
  Reporter& reporter_;
  ResultChecker checker_;
  const std::string input_;
  const std::string output_;
  std::shared_ptr<const Buffer> proto_;
  std::unique_ptr<Model> model_;
  std::vector<std::string> complaints_;
  absl::flat_hash_set<std::string> warned_;
  OptimizeReport report_;
  FileFacts facts_;
};

absl::StatusOr<std::vector<Source>> OpenInput(const std::string& path) {
  ASSIGN_OR_RETURN(
      const std::shared_ptr<const Buffer> file,
      path == "-" ? ReadStream(STDIN_FILENO, "<stdin>") : MapFile(path));
  std::vector<Source> sources;
  if (!IsModelText(path, file->bytes())) {
    sources.push_back({file});
    return sources;
  }
  for (const auto& [line, text] : SplitModels(file->bytes())) {
    sources.push_back(
        {file, true, text, line, static_cast<int>(sources.size())});
  }
  return sources;
}

ExitCode RunModel(const ToolOptions& options, const PassRegistry& registry,
                  const Source& source, Reporter& reporter) {
  if (options.verify_diagnostics) reporter.Capture();
  const ExitCode code = ModelRun(options, registry, source, reporter).Run();
  if (!options.verify_diagnostics) return code;
  const std::vector<std::string> problems = CompareWithExpected(
      source.text, source.first_line, reporter.StopCapture());
  for (const std::string& problem : problems) {
    reporter.Error(options.input, problem);
  }
  return problems.empty() ? kSuccess : kFailure;
}

// The names of passes that the command line mentions must exist.
absl::Status CheckNames(const ToolOptions& options,
                        const PassRegistry& registry) {
  RETURN_IF_ERROR(
      Annotate(ParsePipeline(options.passes.value_or(""), registry).status(),
               "--passes"));
  const std::pair<std::string_view, const std::vector<std::string>&> lists[] = {
      {"--disable", options.disabled},
      {"--print-before", options.print_before},
      {"--print-after", options.print_after}};
  for (const auto& [flag, names] : lists) {
    for (const std::string& name : names) {
      if (registry.Find(name) != nullptr) continue;
      const bool may_be_part = flag == "--disable";
      if (may_be_part && registry.FindPart(name) != nullptr) continue;
      return Annotate(registry.UnknownName(name), flag);
    }
  }
  return absl::OkStatus();
}

}  // namespace

ExitCode RunTool(const ToolOptions& options) {
  Reporter reporter(options.quiet, UseColor());
  PassRegistry registry;
  RegisterBuiltin(registry);
  if (absl::Status status = CheckNames(options, registry); !status.ok()) {
    return UsageError("onnx-opt", status);
  }
  if (options.remarks) {
    absl::StatusOr<Regex> filter = Regex::Compile(*options.remarks);
    if (!filter.ok()) {
      return UsageError("onnx-opt", Annotate(filter.status(), "--remarks"));
    }
    reporter.set_remark_filter(*std::move(filter));
  }
  const std::string input = FileName(options.input, "<stdin>");
  const absl::StatusOr<std::vector<Source>> sources = OpenInput(options.input);
  if (!sources.ok()) {
    reporter.Error(input, sources.status());
    return kFailure;
  }
  const bool prints_text = options.text && options.output == "-";
  if (sources->size() > 1 && options.output && !prints_text) {
    reporter.Error(input, fmt::format("{} models in one text can only be "
                                      "written as text to standard output, "
                                      "-S -o -",
                                      sources->size()));
    return kFailure;
  }
  if (options.verify_diagnostics && !sources->front().is_text) {
    reporter.Error(input, "--verify-diagnostics needs a text");
    return kFailure;
  }
  ExitCode worst = kSuccess;
  for (const Source& source : *sources) {
    worst = std::max(worst, RunModel(options, registry, source, reporter));
  }
  return worst;
}

}  // namespace onnxopt
