// SPDX-License-Identifier: Apache-2.0
#include "passes/check.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_join.h"
#include "eval/compare.h"
#include "eval/elements.h"
#include "eval/random_inputs.h"
#include "fmt/format.h"
#include "ir/walk.h"
#include "support/status.h"

namespace onnxopt {
namespace {

using Data = std::vector<Datum>;

// Times that inputs are drawn before a draw is given up: every choice of sizes
// twice.
constexpr int kMaxAttempts = 14;
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

constexpr double kDefaultRtol = 1e-3;
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

class Checker {
 public:
  Checker(const Model& original, const Model& optimized,
          const CheckOptions& options)
      : original_(original),
        optimized_(optimized),
        options_(options),
        quantizes_(Quantizes(original)) {}

  absl::StatusOr<CheckReport> Run() {
    if (FindUnsupported()) return std::move(report_);
    for (const OutputInfo& output : original_.graph()->output_infos()) {
      report_.outputs.push_back({std::string(output.name), 0, 0, 0});
    }
    RETURN_IF_ERROR(MapInputs());
    int attempt = 0;
    for (int draw = 0; draw < options_.draws; ++draw) {
      RETURN_IF_ERROR(RunDraw(draw, &attempt));
      if (report_.outcome == CheckReport::Outcome::kDifferent) break;
    }
    return std::move(report_);
  }

 private:
  CompareOptions OptionsFor(const Datum& expected) const {
    double rtol = quantizes_ ? kQuantizedRtol : kDefaultRtol;
    if (expected.IsTensor()) {
      rtol = std::max(rtol, RtolOfType(expected.tensor()->type()));
    }
    return {options_.rtol.value_or(rtol), options_.atol,
            /*relative_to_largest=*/true};
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

  absl::Status MapInputs() {
    std::map<std::string_view, int> positions;
    for (const Value* input : RunInputs(original_)) {
      positions.emplace(input->name(), static_cast<int>(positions.size()));
    }
    for (const Value* input : RunInputs(optimized_)) {
      const auto it = positions.find(input->name());
      if (it == positions.end()) {
        return absl::InvalidArgumentError(fmt::format(
            "the original has no input '{}'", std::string(input->name())));
      }
      positions_.push_back(it->second);
    }
    const size_t wanted = original_.graph()->outputs().size();
    if (optimized_.graph()->outputs().size() != wanted) {
      return absl::InvalidArgumentError("the models have different outputs");
    }
    // What became a constant cannot be given another value.
    overrides_ = positions_.size() == positions.size();
    return absl::OkStatus();
  }

  Data ForOptimized(const Data& inputs) const {
    Data mapped;
    for (const int position : positions_) mapped.push_back(inputs[position]);
    return mapped;
  }

  // One draw, again until the original runs. `attempt` is where to start, and
  // becomes what worked.
  absl::Status RunDraw(int draw, int* attempt) {
    for (int tries = 0; tries < kMaxAttempts; ++tries) {
      RandomInputOptions random;
      random.seed = options_.seed + static_cast<uint64_t>(draw) * 1000 + tries;
      random.attempt = (*attempt + tries) / 2;
      random.override_defaults = overrides_ && draw % 2 == 1;
      const absl::StatusOr<RandomInputs> inputs =
          MakeRandomInputs(original_, random);
      absl::Status status = inputs.status();
      if (status.ok()) {
        absl::StatusOr<Data> expected = RunOriginal(*inputs);
        status = expected.status();
        if (status.ok()) {
          *attempt += tries;
          return CompareRuns(*inputs, *expected);
        }
      }
      ++report_.redrawn;
      if (report_.compared == 0) {
        report_.message =
            fmt::format("the original does not run on random inputs: {}",
                        std::string(status.message()));
      }
      // Other inputs will not help.
      if (absl::IsUnimplemented(status)) return absl::OkStatus();
    }
    return absl::OkStatus();
  }

  // An error also if nothing can be learnt from the outputs.
  absl::StatusOr<Data> RunOriginal(const RandomInputs& inputs) const {
    ASSIGN_OR_RETURN(Data outputs,
                     RunGraph(original_, inputs.data, options_.run));
    for (const Datum& output : outputs) {
      ASSIGN_OR_RETURN(const bool has, HasNumbers(output));
      if (has) return outputs;
    }
    return absl::InvalidArgumentError("its results are empty or NaN");
  }

  absl::Status CompareRuns(const RandomInputs& inputs, const Data& expected) {
    const absl::StatusOr<Data> actual =
        RunGraph(optimized_, ForOptimized(inputs.data), options_.run);
    if (absl::IsUnimplemented(actual.status())) {
      report_.message = fmt::format("the result cannot be run: {}",
                                    std::string(actual.status().message()));
      return absl::OkStatus();
    }
    ++report_.compared;
    report_.outcome = CheckReport::Outcome::kEqual;
    if (!actual.ok()) {
      Differ(inputs, fmt::format("the original runs, the result fails: {}",
                                 std::string(actual.status().message())));
      return absl::OkStatus();
    }
    std::string differences;
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSIGN_OR_RETURN(
          const Comparison comparison,
          Compare(expected[i], (*actual)[i], OptionsFor(expected[i])));
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
          ", {} of {} elements differ (largest error: absolute {:.3g}, "
          "relative {:.3g}, {:.3g} ULP)",
          comparison.num_different, comparison.num_elements,
          comparison.max_abs_error, comparison.max_rel_error,
          comparison.max_ulp_error);
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

  // Runs both again. The first value, in the order of the result, that has a
  // namesake in the original and differs from it; empty if there is none.
  std::string FirstDivergence(const Data& inputs) const {
    absl::flat_hash_map<std::string_view, Datum> kept;
    int64_t bytes = 0;
    RunOptions run = options_.run;
    run.on_value = [&](const Value& value, const Datum& datum) {
      const bool fits = bytes + datum.byte_size() <= kMaxKeptBytes;
      if (value.graph() == original_.graph() && fits) {
        bytes += datum.byte_size();
        kept.emplace(value.name(), datum);
      }
      return absl::OkStatus();
    };
    if (!RunGraph(original_, inputs, run).ok()) return "";
    std::string first;
    run.on_value = [&](const Value& value, const Datum& datum) {
      const auto it = kept.find(value.name());
      if (value.graph() != optimized_.graph() || it == kept.end()) {
        return absl::OkStatus();
      }
      const absl::StatusOr<Comparison> comparison =
          Compare(it->second, datum, OptionsFor(it->second));
      if (!comparison.ok() || comparison->equal) return absl::OkStatus();
      first = fmt::format("'{}' of {}: {}", std::string(value.name()),
                          value.producer()->Describe(), comparison->difference);
      return absl::CancelledError();
    };
    // Ends early when something was found; else there is nothing to say.
    const absl::StatusOr<Data> ignored =
        RunGraph(optimized_, ForOptimized(inputs), run);
    return first;
  }

  const Model& original_;
  const Model& optimized_;
  const CheckOptions& options_;
  const bool quantizes_;
  CheckReport report_;
  std::vector<int> positions_;  // in the original, of inputs of the result
  bool overrides_ = false;
};

}  // namespace

absl::StatusOr<CheckReport> CheckEquivalent(const Model& original,
                                            const Model& optimized,
                                            const CheckOptions& options) {
  return Checker(original, optimized, options).Run();
}

}  // namespace onnxopt
