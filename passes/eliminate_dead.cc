// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "fmt/core.h"
#include "ir/walk.h"
#include "passes/passes.h"
#include "passes/replace.h"
#include "support/text_escape.h"

namespace onnxopt {
namespace {

bool IsNeeded(const Value* value) {
  return value != nullptr && (value->HasUses() || value->pinned());
}

class DeadCodeEliminator {
 public:
  DeadCodeEliminator(Model& model, PassContext& context)
      : model_(model), context_(context) {}

  void Run() {
    const bool keeps_functions = !model_.training_infos().empty();
    std::vector<Graph*> reached = {model_.graph()};
    if (keeps_functions) {
      for (Function* function : model_.functions()) {
        reached.push_back(function->body());
        live_.insert(function);
      }
    }
    while (!reached.empty()) {
      Graph* graph = reached.back();
      reached.pop_back();
      VisitGraph(*graph);
      // Only now: dead nodes call nothing.
      ForEachGraph(*graph, [&](Graph& part) {
        for (const Node& node : part.nodes()) {
          Function* callee = node.function();
          if (callee == nullptr || !live_.insert(callee).second) continue;
          reached.push_back(callee->body());
        }
      });
    }
    RemoveDeadFunctions();
  }

 private:
  // Backwards, so that all users of a node are done before it.
  void VisitGraph(Graph& graph) {
    for (Node& node : graph.nodes().SafeReverseRange()) {
      if (RemoveIfDead(graph, node)) continue;
      for (Graph* nested : node.graphs()) VisitGraph(*nested);
    }
    RemoveDeadConstants(graph);
    RemoveDanglingValueInfos(graph);
  }

  bool RemoveIfDead(Graph& graph, Node& node) {
    const auto outputs = node.outputs();
    if (std::any_of(outputs.begin(), outputs.end(), IsNeeded)) return false;
    if (HasEffect(node)) {
      context_.Decline("it has no outputs, or holds or calls such a node",
                       [&] { return node.Describe(); });
      return false;
    }
    if (!context_.Allow("nodes removed",
                        [&] { return node.Describe() + " removed"; })) {
      return false;
    }
    graph.EraseNode(&node);
    return true;
  }

  bool HasEffect(const Node& node) {
    if (node.outputs().empty()) return true;
    if (node.function() != nullptr) return HasEffect(*node.function());
    const std::vector<Graph*> nested = node.graphs();
    return std::any_of(nested.begin(), nested.end(),
                       [this](Graph* graph) { return HasEffect(*graph); });
  }

  bool HasEffect(Graph& graph) {
    bool found = false;
    ForEachGraph(graph, [&](Graph& part) {
      for (const Node& node : part.nodes()) {
        if (found) return;
        // Nested graphs are visited by ForEachGraph.
        found = node.outputs().empty() ||
                (node.function() != nullptr && HasEffect(*node.function()));
      }
    });
    return found;
  }

  bool HasEffect(const Function& function) {
    const auto known = effects_.find(&function);
    if (known != effects_.end()) return known->second;
    const bool has_effect = HasEffect(*function.body());
    effects_.emplace(&function, has_effect);
    return has_effect;
  }

  void RemoveDeadConstants(Graph& graph) {
    // From the back, because unlisting an input moves up the ones after it.
    for (Value& constant : graph.constants().SafeReverseRange()) {
      if (constant.IsInput() || IsNeeded(&constant)) continue;
      if (!context_.Allow("constants removed",
                          [&] { return Describe(constant) + " removed"; })) {
        return;
      }
      graph.RemoveConstant(&constant);
    }
  }

  void RemoveDanglingValueInfos(Graph& graph) {
    const auto infos = graph.value_infos();
    const bool dangling = std::any_of(
        infos.begin(), infos.end(), [](const ValueInfoEntry& entry) {
          return entry.value == nullptr && !entry.message.empty();
        });
    if (!dangling) return;
    if (!context_.Allow("value_info cleaned", [&] {
          return fmt::format(
              "value_info of graph {} that describes nothing "
              "removed",
              QuoteForMessage(graph.name()));
        })) {
      return;
    }
    graph.ClearDanglingValueInfos();
  }

  // In one rewrite: dead functions may call each other.
  void RemoveDeadFunctions() {
    std::vector<Function*> dead;
    std::string names;
    for (Function* function : model_.functions()) {
      if (live_.contains(function)) continue;
      dead.push_back(function);
      names += fmt::format(" {}", QuoteForMessage(function->name()));
    }
    if (dead.empty() || !context_.Allow("function removals", [&] {
          return fmt::format("functions without calls removed:{}", names);
        })) {
      return;
    }
    context_.Count("functions removed", static_cast<int64_t>(dead.size()));
    for (Function* function : dead) model_.RemoveFunction(function);
  }

  Model& model_;
  PassContext& context_;
  absl::flat_hash_set<const Function*> live_;
  absl::flat_hash_map<const Function*, bool> effects_;
};

}  // namespace

absl::Status EliminateDead(Model& model, PassContext& context) {
  DeadCodeEliminator(model, context).Run();
  return absl::OkStatus();
}

}  // namespace onnxopt
