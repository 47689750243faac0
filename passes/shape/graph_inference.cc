// SPDX-License-Identifier: Apache-2.0
#include "passes/shape/graph_inference.h"

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "ir/graph_editor.h"
#include "ir/walk.h"
#include "passes/shape/body_inputs.h"
#include "passes/shape/inference.h"

namespace onnxopt {
namespace {

// Finds the least types that explain themselves: body and function inputs
// begin with the types of the first iteration or call, everything is inferred,
// and they are widened by what comes back, until nothing changes. What was
// inferred on the way there does not hold, hence each pass replaces types
// instead of adding to them.
class Inferer {
 public:
  Inferer(Model& model, bool follow_calls)
      : model_(model), follow_calls_(follow_calls), epoch_(model.epoch()) {}

  InferenceReport Run(Graph& graph) {
    for (int pass = 0; changed_; ++pass) {
      changed_ = false;
      give_up_ = pass >= kMaxPasses;
      called_.clear();
      report_.invalid.clear();
      InferNodes(graph);
    }
    AddEarlierTypes();
    return std::move(report_);
  }

 private:
  // Each pass after the first finds a dim that changes from one iteration to
  // the next; a model that needs more than this has none worth knowing.
  static constexpr int kMaxPasses = 16;

  void InferNodes(Graph& graph) {
    for (Node& node : graph.nodes()) InferNode(node);
  }

  void InferNode(Node& node) {
    if (node.function() != nullptr) {
      if (follow_calls_) InferCall(node);
    } else {
      for (Graph* body : node.graphs()) InferBody(node, *body);
    }
    const absl::StatusOr<std::vector<TypeRef>> types = InferTypes(node);
    if (!types.ok()) report_.invalid.emplace_back(&node, types.status());
    for (int i = 0; i < node.num_outputs(); ++i) {
      Value* output = node.output(i);
      if (output == nullptr) continue;
      const TypeRef type = types.ok() ? (*types)[i] : nullptr;
      Set(output, type != nullptr ? type : TypeToTrust(node, *output));
    }
  }

  void InferBody(const Node& node, Graph& body) {
    const InferenceContext context(node);
    const bool loop = node.Is("Loop"_op);
    std::vector<shape::BodyInput> inputs(body.inputs().size());
    for (size_t i = loop ? 2 : 0; i < inputs.size(); ++i) {
      inputs[i] = shape::BodyInputOf(context, static_cast<int>(i));
      Widen(body.inputs()[i], inputs[i].initial, inputs[i].initial);
    }
    InferNodes(body);
    for (size_t i = loop ? 2 : 0; i < inputs.size(); ++i) {
      const int next = inputs[i].next;
      if (next < 0) continue;
      const bool exists = next < static_cast<int>(body.outputs().size());
      Widen(body.inputs()[i],
            exists ? KnownType(*body.outputs()[next]) : nullptr,
            inputs[i].initial);
    }
  }

  // Makes the input of a body admit `type` too, and gives it that type for the
  // nodes to come. No iteration changes the element type of a tensor.
  void Widen(Value* input, const TypeRef& type, const TypeRef& initial) {
    if (!input->IsInput()) return;
    const auto [it, is_new] = admitted_.try_emplace(input, type);
    TypeRef joined = is_new ? type : JoinTypes(it->second, type);
    if (joined == nullptr || give_up_) joined = shape::WithoutShape(initial);
    if (!is_new && !SameType(joined, it->second)) changed_ = true;
    it->second = joined;
    // Of an input that value_info names as well, no more than what it says
    // is ever used (see KnownType).
    if (input->declared()) return;
    if (joined != nullptr && input->type() != nullptr &&
        input->declared_type() == nullptr) {
      GraphEditor::MoveTypeToDeclared(input);
    }
    const TypeRef& declared = input->declared_type();
    if (declared == nullptr) return;
    Set(input, joined != nullptr ? joined : shape::WithoutShape(declared));
  }

  void InferCall(const Node& call) {
    Function* function = call.function();
    const std::span<Value* const> inputs = function->body()->inputs();
    bool widened = false;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Value* argument = call.input(static_cast<int>(i));
      const TypeRef type =
          argument == nullptr || give_up_ ? nullptr : KnownType(*argument);
      const auto [it, is_new] = admitted_.try_emplace(inputs[i], type);
      const TypeRef joined = is_new ? type : JoinTypes(it->second, type);
      if (!is_new && !SameType(joined, it->second)) widened = true;
      it->second = joined;
      Set(inputs[i], joined);
    }
    // Calls before this one have seen outputs that are too narrow.
    if (widened) changed_ = true;
    if (called_.insert(function).second || widened) {
      InferNodes(*function->body());
    }
  }

  void Set(Value* value, const TypeRef& type) {
    if (SameType(value->type(), type)) return;
    before_.try_emplace(value, value->type());
    value->graph()->SetType(value, type);
  }

  // What was known before still holds, but in functions, which may have new
  // callers.
  void AddEarlierTypes() {
    bool same = true;
    for (const auto& [value, type] : before_) {
      const TypeRef merged = value->graph()->function() != nullptr
                                 ? value->type()
                                 : MergeTypes(value->type(), type);
      const bool as_before = SameType(merged, type);
      same &= as_before;
      value->graph()->SetType(value, as_before ? type : merged);
    }
    if (same) GraphEditor::RestoreEpoch(&model_, epoch_);
  }

  Model& model_;
  const bool follow_calls_;
  const uint64_t epoch_;
  bool changed_ = true;
  bool give_up_ = false;
  InferenceReport report_;
  // What inputs of bodies and functions have been found to be given so far.
  absl::flat_hash_map<const Value*, TypeRef> admitted_;
  // Functions whose bodies were looked at in this pass.
  absl::flat_hash_set<const Function*> called_;
  // The types that values had which have others now.
  absl::flat_hash_map<Value*, TypeRef> before_;
};

void AddContradicted(const Graph& graph, InferenceReport* report) {
  ForEachValue(graph, [report](const Value& value) {
    if (Contradict(value.type(), value.declared_type())) {
      report->contradicted.push_back(&value);
    }
  });
}

}  // namespace

InferenceReport InferModel(Model& model) {
  InferenceReport report =
      Inferer(model, /*follow_calls=*/true).Run(*model.graph());
  ForEachGraph(model,
               [&report](Graph& graph) { AddContradicted(graph, &report); });
  return report;
}

InferenceReport InferGraph(Graph& graph) {
  InferenceReport report =
      Inferer(graph.model(), /*follow_calls=*/false).Run(graph);
  ForEachGraph(graph,
               [&report](Graph& each) { AddContradicted(each, &report); });
  return report;
}

}  // namespace onnxopt
