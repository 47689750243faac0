// SPDX-License-Identifier: Apache-2.0
#include "test/rules/check_instance.h"

#include <memory>
#include <optional>
#include <vector>

#include "fmt/core.h"
#include "frontend/text_printer.h"
#include "ir/verifier.h"
#include "passes/shape/inference.h"
#include "test/random_graphs/random_graph.h"
#include "test/rules/instantiate.h"
#include "test/rules/run_model.h"

namespace onnxopt::rule_check {
namespace {

using random_graphs::RandomGraph;

// A right rule ends long before; with a guard ignored some would not.
constexpr int64_t kMaxRewrites = 16;
// Above this, float16 may overflow on one side alone.
constexpr double kMaxNarrowMagnitude = 1 << 13;

// Above this, rules may differ in what overflows: such graphs only serve to
// show what a guard is good for.
constexpr double kMaxMagnitude = 1e20;

// An input of the model, and what the original makes of it.
struct Case {
  std::vector<TensorRef> inputs;
  Run expected;
};

std::string MessageOf(const absl::Status& status) {
  return std::string(status.message());
}

// Empty, or what is wrong with the model itself.
std::string WhyNotSound(const Model& model) {
  if (const absl::Status status = Verify(model); !status.ok()) {
    return "invalid graph: " + MessageOf(status);
  }
  if (const auto errors = CheckSchemas(model); !errors.empty()) {
    return "invalid graph: " + errors.front();
  }
  for (const Node& node : model.graph()->nodes()) {
    const auto types = InferTypes(node);
    if (!types.ok()) return "type clash: " + MessageOf(types.status());
    for (int i = 0; i < node.num_outputs(); ++i) {
      const Value* output = node.output(i);
      if (output != nullptr && Contradict((*types)[i], output->type())) {
        return fmt::format("type clash: '{}' is inferred as {}, known as {}",
                           output->name(), (*types)[i]->ToString(),
                           output->type()->ToString());
      }
    }
  }
  return {};
}

void Apply(const Rule& rule, Model& model, std::string_view ignored_guard,
           InstanceResult* result) {
  RewriteHooks hooks;
  hooks.ignored_guard = ignored_guard;
  hooks.asked = [&](const Rule&, GuardKind kind, std::string_view reason) {
    result->asked.insert({kind, std::string(reason)});
  };
  hooks.declined = [&](const Rule&, GuardKind kind, std::string_view reason) {
    result->declined.insert({kind, std::string(reason)});
  };
  hooks.fired = [&](const Rule&) { result->fired = true; };
  PassInfo pass;
  pass.name = "rule-check";
  const PassOptionValues options;
  PassRunState state;
  state.rewrite_limit = kMaxRewrites;
  PassCounters counters;
  PassContext context(pass, options, state, counters);
  if (const absl::Status status = RunRules(model, {rule}, context, &hooks);
      !status.ok()) {
    result->failure = MessageOf(status);
  }
  if (ignored_guard.empty() || result->fired) return;
  // The engine itself refuses what is not valid.
  for (const auto& [counter, count] : counters) {
    if (counter.find("the replacement would") != std::string::npos) {
      result->failure = counter;
    }
  }
}

}  // namespace

InstanceResult CheckInstance(const Rule& rule, uint64_t seed,
                             std::string_view ignored_guard) {
  InstanceResult result;
  const std::optional<RandomGraph> graph =
      Instantiate(rule, seed, &result.invalid);
  if (!graph) return result;
  auto model = ToModel(*graph);
  if (!model.ok()) {
    result.failure = "inference refuses what the evaluator accepts: " +
                     MessageOf(model.status());
    return result;
  }
  if (std::string why = WhyNotSound(**model); !why.empty()) {
    result.failure = "before the rule: " + why;
    return result;
  }
  const bool exact = rule.numeric == NumericClass::kExact;
  random_graphs::Rng rng("inputs of " + rule.name, seed);
  std::vector<Case> cases;
  for (std::vector<TensorRef> inputs :
       {InputsOf(*graph), OtherInputs(*graph, rng)}) {
    absl::StatusOr<Run> run = RunModel(**model, inputs);
    if (absl::IsFailedPrecondition(run.status())) {
      result.failure = "before the rule: " + MessageOf(run.status());
      return result;
    }
    if (!run.ok() || (!exact && run->narrow_magnitude > kMaxNarrowMagnitude))
      continue;
    cases.push_back({std::move(inputs), *std::move(run)});
  }
  if (cases.empty()) {
    result.invalid = "the numbers are too large";
    return result;
  }
  Apply(rule, **model, ignored_guard, &result);
  if (!result.fired || !result.failure.empty()) return result;
  result.failure = WhyNotSound(**model);
  for (const Case& c : cases) {
    if (!result.failure.empty()) break;
    if (!exact && ignored_guard.empty() &&
        c.expected.magnitude > kMaxMagnitude) {
      continue;
    }
    const absl::StatusOr<Run> run = RunModel(**model, c.inputs);
    result.failure = run.ok() ? Difference(c.expected, *run, exact)
                              : "evaluation: " + MessageOf(run.status());
  }
  return result;
}

std::string DescribeInstance(const Rule& rule, uint64_t seed,
                             std::string_view ignored_guard) {
  std::string why_not;
  const std::optional<RandomGraph> graph = Instantiate(rule, seed, &why_not);
  if (!graph) return "no graph: " + why_not + "\n";
  auto model = ToModel(*graph);
  if (!model.ok()) return MessageOf(model.status()) + "\n";
  const auto text = [&] {
    Diagnostics diagnostics(/*wants_remarks=*/false);
    const auto printed = PrintModelToString(**model, {}, &diagnostics);
    return printed.ok() ? *printed : MessageOf(printed.status());
  };
  std::string description = "--- before\n" + text();
  InstanceResult result;
  Apply(rule, **model, ignored_guard, &result);
  description += "--- after\n" + text();
  return description;
}

}  // namespace onnxopt::rule_check
