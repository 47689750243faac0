// SPDX-License-Identifier: Apache-2.0
#include "passes/check.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_join.h"
#include "eval/compare.h"
#include "eval/elements.h"
#include "fmt/format.h"
#include "ir/walk.h"
#include "support/status.h"

namespace onnxopt {
namespace {

using Data = std::vector<Datum>;

// Bytes of intermediate values kept to find the first one that differs.
constexpr int64_t kMaxKeptBytes = int64_t{1} << 30;

// Nothing can be learnt from tensors without a number in them.
absl::StatusOr<bool> HasNumbers(const Datum& datum) {
  for (const Datum& element : datum.elements()) {
    ASSIGN_OR_RETURN(const bool has, HasNumbers(element));
    if (has) return true;
  }
  if (!datum.IsTensor()) return !datum.IsOptional() || datum.elements().empty();
  const Tensor& tensor = *datum.tensor();
  if (!eval::IsFloating(tensor.type())) return tensor.num_elements() > 0;
  ASSIGN_OR_RETURN(const std::string_view bytes, tensor.bytes());
  for (int64_t i = 0; i < tensor.num_elements(); ++i) {
    double value = 0;
    eval::LoadFloating(tensor.type(), bytes, i, {&value, 1});
    if (!std::isnan(value)) return true;
  }
  return false;
}

constexpr double kQuantizedRtol = 0.02;

// Of numbers of that type, as far as it is coarse.
double RtolOfType(ElementType type) {
  switch (type) {
    case ElementType::kFloat16:
      return 8 * 0x1p-10;
    case ElementType::kBfloat16:
      return 8 * 0x1p-7;
    case ElementType::kFloat8E4M3FN:
    case ElementType::kFloat8E4M3FNUZ:
      return 8 * 0x1p-3;
    case ElementType::kFloat8E5M2:
    case ElementType::kFloat8E5M2FNUZ:
      return 8 * 0x1p-2;
    default:
      return 0;
  }
}

// Whether a node makes integers of at most 8 bits of floating-point numbers.
bool Quantizes(const Model& model) {
  const auto element = [](const Value* value) {
    return value == nullptr || value->type() == nullptr ||
                   !value->type()->IsTensor()
               ? ElementType::kUndefined
               : value->type()->element();
  };
  bool found = false;
  ForEachGraph(model, [&](const Graph& graph) {
    for (const Node& node : graph.nodes()) {
      const ElementType to = element(node.output(0));
      found |= eval::IsInteger(to) && BitWidth(to) <= 8 &&
               eval::IsFloating(element(node.input(0)));
    }
  });
  return found;
}

// Names for people, "input 'x'" each.
void AddNames(std::string_view kind, const std::vector<std::string>& names,
              const std::string& model, std::string* text) {
  for (const std::string& name : names) {
    fmt::format_to(std::back_inserter(*text), "{}{} has no {} '{}'",
                   text->empty() ? "" : "; ", model, kind, name);
  }
}

class Checker {
 public:
  Checker(const Model& original, const Model& optimized,
          const CheckOptions& options)
      : original_(original),
        optimized_(optimized),
        options_(options),
        quantizes_(options.relative_to_largest && Quantizes(original)),
        random_(options.inputs) {}

  absl::StatusOr<CheckReport> Run() {
    RETURN_IF_ERROR(MatchInterfaces());
    if (FindUnsupported()) return std::move(report_);
    const auto inputs = RunInputs(original_);
    const bool is_random =
        std::any_of(inputs.begin(), inputs.end(), [&](const Value* input) {
          return !random_.given.contains(std::string(input->name()));
        });
    const int plain = is_random ? options_.draws : 1;
    const int draws = is_random && random_.edge_values ? 2 * plain : plain;
    for (int draw = 0; draw < draws; ++draw) {
      random_.edge_values = draw >= plain;
      RETURN_IF_ERROR(RunDraw(draw));
      if (report_.outcome == CheckReport::Outcome::kDifferent) break;
    }
    return std::move(report_);
  }

 private:
  CompareOptions OptionsFor(const Datum& expected) const {
    double rtol = options_.default_rtol;
    if (quantizes_) rtol = std::max(rtol, kQuantizedRtol);
    if (expected.IsTensor()) {
      rtol = std::max(rtol, RtolOfType(expected.tensor()->type()));
    }
    return {options_.rtol.value_or(rtol), options_.atol,
            options_.relative_to_largest};
  }

  bool FindUnsupported() {
    std::vector<std::string>& names = report_.unsupported;
    names = Unsupported(original_);
    for (std::string& name : Unsupported(optimized_)) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(std::move(name));
      }
    }
    if (names.empty()) return false;
    report_.message = fmt::format("operators that cannot be evaluated: {}",
                                  absl::StrJoin(names, ", "));
    return true;
  }

  absl::Status MatchInterfaces() {
    std::string problems;
    MatchInputs(&problems);
    MatchOutputs(&problems);
    if (problems.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(
        fmt::format("the interfaces differ: {}", problems));
  }

  void MatchInputs(std::string* problems) {
    std::map<std::string, int> positions;
    std::vector<std::string> missing;
    const std::vector<Value*> inputs = RunInputs(original_);
    for (const Value* input : inputs) {
      positions.emplace(input->name(), static_cast<int>(positions.size()));
    }
    overrides_ = true;
    for (const Value* input : RunInputs(optimized_)) {
      const auto it = positions.find(std::string(input->name()));
      if (it != positions.end()) {
        MatchTypes(*inputs[it->second], *input, problems);
        positions_.push_back(it->second);
        positions.erase(it);
        continue;
      }
      positions_.push_back(-1);
      overrides_ = false;
      if (input->tensor() == nullptr) missing.emplace_back(input->name());
    }
    AddNames("input", missing, options_.original_name, problems);
    missing.clear();
    for (const auto& [name, position] : positions) {
      // What became a constant cannot be given another value.
      overrides_ = false;
      if (inputs[position]->tensor() == nullptr) missing.push_back(name);
    }
    AddNames("input", missing, options_.result_name, problems);
  }

  // A named dim that is an integer in the other model has that size.
  void MatchTypes(const Value& from, const Value& to, std::string* problems) {
    const TypeRef& a = from.type();
    const TypeRef& b = to.type();
    if (Contradict(a, b)) {
      fmt::format_to(std::back_inserter(*problems),
                     "{}input '{}' is {} in {} and {} in {}",
                     problems->empty() ? "" : "; ", std::string(from.name()),
                     a->ToString(), options_.original_name, b->ToString(),
                     options_.result_name);
      return;
    }
    if (a == nullptr || b == nullptr || !a->shape() || !b->shape()) return;
    for (size_t i = 0; i < a->shape()->size(); ++i) {
      const Dim& dim = (*b->shape())[i];
      const std::string name((*a->shape())[i].name());
      if (!name.empty() && dim.IsInteger()) {
        random_.dims.emplace(name, dim.value());
      }
    }
  }

  void MatchOutputs(std::string* problems) {
    std::map<std::string, int> positions;
    for (const OutputInfo& output : optimized_.graph()->output_infos()) {
      positions.emplace(output.name, static_cast<int>(positions.size()));
    }
    std::vector<std::string> missing;
    for (const OutputInfo& output : original_.graph()->output_infos()) {
      const std::string name(output.name);
      report_.outputs.push_back({name, 0, 0, 0});
      const auto it = positions.find(name);
      if (it == positions.end()) {
        missing.push_back(name);
        continue;
      }
      outputs_.push_back(it->second);
      positions.erase(it);
    }
    AddNames("output", missing, options_.result_name, problems);
    missing.clear();
    for (const auto& [name, position] : positions) missing.push_back(name);
    AddNames("output", missing, options_.original_name, problems);
  }

  Data ForOptimized(const Data& inputs) const {
    Data mapped;
    for (const int position : positions_) {
      mapped.push_back(position < 0 ? Datum() : inputs[position]);
    }
    return mapped;
  }

  absl::Status RunDraw(int draw) {
    RandomInputOptions random = random_;
    random.seed += static_cast<uint64_t>(draw) * 1000;
    random.override_defaults = overrides_ && draw % 2 == 1;
    random.all_ones = draw == 1;
    redraws_.failures = 0;
    const absl::StatusOr<RandomRun> run = RunOnRandomInputs(
        original_, random, options_.run, NothingToLearn, &redraws_);
    if (absl::IsInvalidArgument(run.status()) && redraws_.failures == 0) {
      return run.status();
    }
    report_.redrawn += redraws_.failures;
    report_.redraw_reason = std::string(redraws_.reason.message());
    if (run.ok()) return CompareRuns(run->inputs, run->outputs);
    if (report_.compared == 0) {
      report_.message =
          fmt::format("{} does not run on {}: {}", options_.original_name,
                      random.given.empty() ? "random inputs" : "these inputs",
                      report_.redraw_reason);
    }
    return absl::OkStatus();
  }

  // An error if nothing can be learnt from the outputs.
  static absl::Status NothingToLearn(const Data& outputs) {
    for (const Datum& output : outputs) {
      ASSIGN_OR_RETURN(const bool has, HasNumbers(output));
      if (has) return absl::OkStatus();
    }
    return absl::FailedPreconditionError("its results are empty or NaN");
  }

  absl::Status CompareRuns(const RandomInputs& inputs, const Data& expected) {
    const absl::StatusOr<Data> actual =
        RunGraph(optimized_, ForOptimized(inputs.data), options_.run);
    if (absl::IsUnimplemented(actual.status())) {
      report_.message =
          fmt::format("{} cannot be run: {}", options_.result_name,
                      std::string(actual.status().message()));
      return absl::OkStatus();
    }
    ++report_.compared;
    report_.outcome = CheckReport::Outcome::kEqual;
    for (const auto& [name, size] : inputs.dims) {
      report_.dims[name].insert(size);
    }
    if (!actual.ok()) {
      Differ(inputs, fmt::format("{} runs, {} fails: {}",
                                 options_.original_name, options_.result_name,
                                 std::string(actual.status().message())));
      return absl::OkStatus();
    }
    std::string differences;
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSIGN_OR_RETURN(const Comparison comparison,
                       Compare(expected[i], (*actual)[outputs_[i]],
                               OptionsFor(expected[i])));
      OutputErrors& errors = report_.outputs[i];
      errors.max_abs = std::max(errors.max_abs, comparison.max_abs_error);
      errors.max_rel = std::max(errors.max_rel, comparison.max_rel_error);
      errors.max_ulp = std::max(errors.max_ulp, comparison.max_ulp_error);
      if (comparison.equal) continue;
      differences +=
          fmt::format("{}output '{}': {}", differences.empty() ? "" : "; ",
                      errors.name, comparison.difference);
      if (comparison.first_index < 0) continue;
      differences += fmt::format(
          ", {} of {} elements differ ({})", comparison.num_different,
          comparison.num_elements,
          ErrorsText(comparison.max_abs_error, comparison.max_rel_error,
                     comparison.max_ulp_error));
    }
    if (differences.empty()) return absl::OkStatus();
    const std::string first = FirstDivergence(inputs.data);
    if (!first.empty()) {
      differences += fmt::format("; the first value that differs is {}", first);
    }
    Differ(inputs, differences);
    return absl::OkStatus();
  }

  void Differ(const RandomInputs& inputs, std::string message) {
    report_.outcome = CheckReport::Outcome::kDifferent;
    report_.message = std::move(message);
    if (!inputs.dims.empty()) {
      report_.message += fmt::format(" (with {})", inputs.DimsText());
    }
  }

  // Runs both again. The first value, in the order of the original, that has a
  // namesake in the result which differs from it; empty if there is none.
  std::string FirstDivergence(const Data& inputs) const {
    absl::flat_hash_map<std::string_view, Datum> kept;
    int64_t bytes = 0;
    RunOptions run = options_.run;
    run.on_value = [&](const Value& value, const Datum& datum) {
      const bool fits = bytes + datum.byte_size() <= kMaxKeptBytes;
      if (value.graph() == optimized_.graph() && fits) {
        bytes += datum.byte_size();
        kept.emplace(value.name(), datum);
      }
      return absl::OkStatus();
    };
    if (!RunGraph(optimized_, ForOptimized(inputs), run).ok()) return "";
    std::string first;
    run.on_value = [&](const Value& value, const Datum& datum) {
      const auto it = kept.find(value.name());
      if (value.graph() != original_.graph() || it == kept.end()) {
        return absl::OkStatus();
      }
      const absl::StatusOr<Comparison> comparison =
          Compare(datum, it->second, OptionsFor(datum));
      if (!comparison.ok() || comparison->equal) return absl::OkStatus();
      first = fmt::format("'{}' of {}: {}", std::string(value.name()),
                          value.producer()->Describe(), comparison->difference);
      return absl::CancelledError();
    };
    // Ends early when something was found; else there is nothing to say.
    const absl::StatusOr<Data> ignored = RunGraph(original_, inputs, run);
    return first;
  }

  const Model& original_;
  const Model& optimized_;
  const CheckOptions& options_;
  const bool quantizes_;
  RandomInputOptions random_;
  Redraws redraws_;
  CheckReport report_;
  std::vector<int> positions_;  // in the original, of inputs of the result
  std::vector<int> outputs_;    // in the result, of outputs of the original
  bool overrides_ = false;
};

}  // namespace

absl::StatusOr<CheckReport> CheckEquivalent(const Model& original,
                                            const Model& optimized,
                                            const CheckOptions& options) {
  return Checker(original, optimized, options).Run();
}

}  // namespace onnxopt
