// SPDX-License-Identifier: Apache-2.0
#include "passes/optimize.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "fmt/core.h"
#include "ir/export_order.h"
#include "ir/walk.h"
#include "passes/opset/target.h"
#include "passes/opset/upgrade.h"
#include "passes/pipeline.h"
#include "passes/shape/graph_inference.h"
#include "support/status.h"

namespace onnxopt {
namespace {

using OperatorCounts = std::map<std::string, int64_t>;

OperatorCounts CountOperators(const Model& model) {
  // By definition first: a million nodes have few operators. Null stands for
  // Constant. The sums do not depend on the order of iteration.
  absl::flat_hash_map<const OpDef*, int64_t> by_definition;
  ForEachGraph(model, [&](const Graph& graph) {
    for (const Node& node : graph.nodes()) ++by_definition[&node.op()];
    for (const Value& constant : graph.constants()) {
      if (!IsExportedAsNode(constant)) continue;
      const ConstantNode* node = constant.constant_node();
      ++by_definition[node != nullptr ? node->op : nullptr];
    }
  });
  OperatorCounts by_name;
  for (const auto& [op, count] : by_definition) {
    by_name[op == nullptr ? "Constant" : std::string(op->FullName())] += count;
  }
  return by_name;
}

void ReportOperators(const OperatorCounts& before, const OperatorCounts& after,
                     OptimizeReport* report) {
  std::map<std::string, OperatorCount> all;
  for (const auto& [op, count] : before) {
    all[op].before = count;
    report->nodes_before += count;
  }
  for (const auto& [op, count] : after) {
    all[op].after = count;
    report->nodes_after += count;
  }
  for (auto& [op, counts] : all) {
    counts.op = op;
    report->operators.push_back(std::move(counts));
  }
}

void FreezeInitializers(Model& model) {
  Graph& graph = *model.graph();
  // Before IR version 4 every initializer has to be listed.
  const bool keep_listed = model.ir_version() < 4;
  // From the back, because unlisting an input moves up the ones after it.
  for (size_t i = graph.inputs().size(); i-- > 0;) {
    Value* input = graph.inputs()[i];
    if (input->IsInput() && input->tensor() != nullptr) {
      graph.FreezeInput(input, keep_listed);
    }
  }
}

bool NeedsCanonical(const std::vector<PipelineStep>& steps) {
  return std::any_of(steps.begin(), steps.end(), [](const PipelineStep& step) {
    return step.pass == nullptr ? NeedsCanonical(step.steps)
                                : step.pass->required == ModelState::kCanonical;
  });
}

bool IsOther(const Model& model, const Target& target) {
  const auto is_other = [&](const Graph& graph) {
    return target.IsOther(graph, "") || target.IsOther(graph, kMlDomain);
  };
  const auto& functions = model.functions();
  return is_other(*model.graph()) ||
         std::any_of(functions.begin(), functions.end(),
                     [&](const Function* function) {
                       return is_other(*function->body());
                     });
}

absl::Status CheckTarget(const TargetOpsets& opsets) {
  const auto check = [](std::string_view domain, std::optional<int64_t> opset,
                        int64_t newest) {
    if (!opset || (*opset >= 1 && *opset <= newest)) return absl::OkStatus();
    return absl::InvalidArgumentError(fmt::format(
        "there is no opset {} of {}; it is 1 to {}", *opset, domain, newest));
  };
  RETURN_IF_ERROR(check("ai.onnx", opsets.onnx, kCanonicalOpset));
  return check(kMlDomain, opsets.ml, kMaxMlOpset);
}

// In canonical form, if a pass or the target asks for it, and back to an opset
// to be written. A pipeline that does without leaves every node as it was read.
// Lifting and lowering are no changes: what no pass touched comes back as it
// was.
absl::Status RunSteps(Model& model, const std::vector<PipelineStep>& steps,
                      const PassRegistry& registry,
                      const OptimizeOptions& optimize, OptimizeReport* report) {
  PassManagerOptions options = optimize.manager;
  const Target target(optimize.target);
  const bool canonical = NeedsCanonical(steps) || IsOther(model, target);
  if (canonical) {
    RETURN_IF_ERROR(Upgrade(model, &target, options.diagnostics));
    InferModel(model);
    options.target = &target;
  }
  const uint64_t epoch = model.epoch();
  ASSIGN_OR_RETURN(report->run, RunPipeline(model, steps, registry, options));
  report->changes += model.epoch() - epoch;
  return canonical ? Legalize(model, target, options.diagnostics)
                   : absl::OkStatus();
}

}  // namespace

absl::StatusOr<OptimizeReport> Optimize(Model& model,
                                        const OptimizeOptions& options) {
  if (options.level < 0 || options.level > kMaxOptimizationLevel) {
    return absl::InvalidArgumentError(
        fmt::format("there is no optimization level {}; it is 0 to {}",
                    options.level, kMaxOptimizationLevel));
  }
  RETURN_IF_ERROR(CheckTarget(options.target));
  PassRegistry builtin;
  if (options.registry == nullptr) RegisterBuiltin(builtin);
  const PassRegistry& registry =
      options.registry != nullptr ? *options.registry : builtin;
  const std::string_view text =
      options.passes ? *options.passes : PipelineForLevel(options.level);
  ASSIGN_OR_RETURN(const std::vector<PipelineStep> steps,
                   ParsePipeline(text, registry));

  OptimizeReport report;
  report.pipeline = PipelineToString(steps);
  const OperatorCounts before = CountOperators(model);
  const uint64_t epoch = model.epoch();
  if (options.freeze_initializers) FreezeInitializers(model);
  report.changes = model.epoch() - epoch;
  RETURN_IF_ERROR(RunSteps(model, steps, registry, options, &report));
  ReportOperators(before, CountOperators(model), &report);
  return report;
}

}  // namespace onnxopt
