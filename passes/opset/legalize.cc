// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_join.h"
#include "fmt/core.h"
#include "ir/graph_editor.h"
#include "ir/source_form.h"
#include "ir/walk.h"
#include "passes/opset/commit.h"
#include "passes/opset/control_flow.h"
#include "passes/opset/expansion.h"
#include "passes/opset/steps.h"
#include "passes/opset/upgrade.h"
#include "passes/shape/inference.h"

namespace onnxopt {
namespace {

constexpr size_t kMaxErrors = 20;

class Legalizer {
 public:
  Legalizer(Model& model, const Target& target)
      : model_(model), target_(target) {}

  absl::Status Run() {
    RunGraph(*model_.graph());
    for (Function* function : model_.functions()) {
      RunGraph(*function->body());
    }
    committer_.RemoveUnusedConstants(model_);
    for (Function* function : model_.functions()) CheckConstants(*function);
    if (!errors_.empty()) {
      return absl::FailedPreconditionError(absl::StrJoin(errors_, "\n"));
    }
    const TargetOpsets& opsets = target_.opsets();
    if (opsets.onnx && other_opset_) {
      GraphEditor::SetOpset(&model_, "", *opsets.onnx);
    }
    if (opsets.ml && other_opset_) {
      GraphEditor::SetOpset(&model_, kMlDomain, *opsets.ml);
    }
    if (model_.ir_version() < kFirstIrWithoutListing) ListNewConstants();
    model_.set_state(ModelState::kLegalized);
    return absl::OkStatus();
  }

 private:
  void RunGraph(Graph& graph) {
    other_opset_ |=
        target_.IsOther(graph, "") || target_.IsOther(graph, kMlDomain);
    for (Value& constant : graph.constants().SafeRange()) {
      if (constant.tensor()->IsSpeltSparse()) {
        MakeDense(constant);
      } else {
        RespellConstant(constant);
      }
    }
    for (Node& node : graph.nodes().SafeRange()) {
      if (node.has_graphs()) {
        for (Graph* body : node.graphs()) RunGraph(*body);
      }
      if (node.function() == nullptr && opset::IsVersioned(node.op())) {
        LowerNode(node);
      }
    }
  }

  // A function has no initializers, and Constant was of floats only at first.
  void CheckConstants(Function& function) {
    Graph& body = *function.body();
    if (!target_.IsOther(body, "")) return;
    const int64_t opset = target_.OpsetOf(body, "");
    int64_t lowest = opset;
    const Value* example = nullptr;
    ForEachGraph(body, [&](Graph& graph) {
      for (const Value& constant : graph.constants()) {
        const ElementType type = constant.tensor()->type();
        const int64_t needed = LowestWithConstant(type, opset);
        if (needed <= lowest || !constant.HasUses()) continue;
        lowest = needed;
        example = &constant;
      }
    });
    if (example == nullptr) return;
    AddError(fmt::format(
        "function '{}': opset {} is needed for its constants: '{}' of {} ({})",
        function.name(), lowest, example->name(),
        example->uses().begin()->user()->Describe(),
        ElementTypeName(example->tensor()->type())));
  }

  // The lowest opset from `opset` on that has a Constant of `type`.
  int64_t LowestWithConstant(ElementType type, int64_t opset) const {
    while (opset < kCanonicalOpset) {
      const OpDef* def = model_.ops().Find("", "Constant", opset);
      if (def != nullptr && opset::Allows(*def, def->outputs().front(), type)) {
        break;
      }
      ++opset;
    }
    return opset;
  }

  // Before IR version 4, initializers have to be inputs, which those of bodies
  // cannot be. What the file itself got wrong stays.
  void ListNewConstants() {
    Graph& main = *model_.graph();
    ForEachGraph(main, [&](Graph& graph) {
      for (Value& constant : graph.constants().SafeRange()) {
        if (constant.IsInput() || constant.listed_as_input() ||
            constant.constant_form() == ConstantForm::kNode ||
            (constant.tensor()->spelling() != nullptr &&
             !respelt_.contains(&constant))) {
          continue;
        }
        if (&graph != &main) {
          graph.MoveConstantTo(&constant, &main,
                               model_.UniqueName(constant.name()));
        }
        if (constant.type() == nullptr) {
          main.SetType(&constant, TypeOf(*constant.tensor()));
        }
        main.ListAsInput(&constant);
      }
    });
  }

  // There are no sparse tensors before opset 11.
  void MakeDense(Value& constant) {
    Graph& graph = *constant.graph();
    const TensorRef& tensor = constant.tensor();
    if (!target_.IsOther(graph, "") || target_.OpsetOf(graph, "") >= 11) return;
    if (tensor->byte_size() > Tensor::kMaxMaterializedBytes) {
      return AddError(fmt::format(
          "'{}': opset 11 is needed for a sparse tensor of {} bytes",
          constant.name(), tensor->byte_size()));
    }
    absl::StatusOr<TensorRef> dense = Tensor::WithDims(tensor, tensor->dims());
    if (!dense.ok()) {
      return AddError(std::string(dense.status().message()));
    }
    Value* value = graph.AddConstant("", *std::move(dense));
    if (constant.type() != nullptr) graph.SetType(value, constant.type());
    graph.ReplaceAllUses(&constant, value);
    if (constant.pinned()) GraphEditor::SetPinned(value);
    const std::string name(constant.name());
    graph.RemoveConstant(&constant);
    graph.Rename(value, name);
  }

  // A Constant node that the target cannot spell becomes an initializer.
  void RespellConstant(Value& constant) {
    const ConstantNode* node = constant.constant_node();
    if (node == nullptr || !target_.IsOther(*constant.graph(), "")) {
      return;
    }
    const OpDef* def = node->op == nullptr
                           ? nullptr
                           : target_.DefOf(*constant.graph(), *node->op);
    if (def == nullptr || def->FindAttr(node->attribute) == nullptr ||
        !opset::Allows(*def, def->outputs().front(),
                       constant.tensor()->type())) {
      constant.graph()->MakeInitializer(&constant);
      respelt_.insert(&constant);
    }
  }

  void LowerNode(Node& node) {
    if (!node.op().is_canonical()) return MoveNode(node);
    Graph& graph = *node.graph();
    const std::string_view domain = node.op().domain();
    if (target_.CanRestore(node)) return Restore(node);
    const opset::Path* path = target_.PathTo(graph, node.op());
    std::string reason;
    if (path == nullptr || target_.IsOther(graph, domain)) {
      reason = target_.WhyNot(node);
    }
    if (reason.empty()) reason = LowerAlong(*path, node);
    if (reason.empty()) return;
    std::string why_not;
    if (!TryDecompose(node, &why_not)) Refuse(node, reason, why_not);
  }

  // `reason` is why the node cannot be said as one, `why_not` why not as
  // several.
  void Refuse(Node& node, std::string_view reason, std::string_view why_not) {
    if (errors_.size() >= kMaxErrors) return;
    const std::string better = target_.WhyNot(node, [&](int64_t opset) {
      TargetOpsets opsets = target_.opsets();
      opsets.onnx = opset;
      if (node.Is("Scan"_op)) {
        return opset == 8 && opset::WhyNotLowerScan(node).empty();
      }
      return node.op().domain().empty() &&
             opset::CanExpand(node, opset::DownwardExpansions(),
                              Target(opsets));
    });
    std::string error(better.empty() ? reason : better);
    if (!why_not.empty()) {
      error += fmt::format("; it cannot be said by others: {}", why_not);
    }
    Error(node, error);
  }

  // A node that Upgrade left at an old version.
  void MoveNode(Node& node) {
    Graph& graph = *node.graph();
    const std::string_view domain = node.op().domain();
    if (!target_.IsOther(graph, domain) || target_.HasVersionOf(node)) return;
    if (std::optional<opset::Form> form = target_.Moved(node)) {
      return Commit(node, *std::move(form));
    }
    Error(node, fmt::format("it is of version {}, which could not be brought "
                            "to opset {}{}",
                            node.op().since_version(),
                            target_.OpsetOf(graph, domain), DetailOf(node)));
  }

  void Commit(Node& node, opset::Form form) {
    committer_.Commit(&node, std::move(form));
    for (Node* made : committer_.TakeMade()) LowerNode(*made);
  }

  std::string LowerAlong(const opset::Path& path, Node& node) {
    if (path.plain_down && !node.Is("Resize"_op)) {
      const OpDef* def = target_.DefOf(*node.graph(), node.op());
      if (def != &node.op()) opset::SetVersion(&node, def);
      return "";
    }
    const bool is_other = target_.IsOther(*node.graph(), node.op().domain());
    opset::Form form(node, is_other);
    const std::string reason = opset::Lower(path, form);
    if (!reason.empty()) {
      // With the opset that can.
      const std::string why_not = target_.WhyNot(node);
      return why_not.empty() ? reason : why_not;
    }
    if (is_other) opset::DropEmptyInputs(form);
    Commit(node, std::move(form));
    return "";
  }

  void Restore(Node& node) {
    const SourceForm& source = *node.source_form();
    std::vector<Value*> inputs;
    for (const int position : source.positions) {
      inputs.push_back(node.input(position));
    }
    const OpDef* op = source.op;
    std::vector<Attribute> attributes = source.attributes;
    committer_.SetInputs(&node, inputs);
    node.graph()->SetAttributes(&node, std::move(attributes));
    node.graph()->SetOperator(&node, op);
  }

  // What the target cannot say as one node. If that fails, `why_not` is what is
  // in the way, if anything can be said of it.
  bool TryDecompose(Node& node, std::string* why_not) {
    std::vector<Node*> made;
    const OpDef* def = target_.DefOf(*node.graph(), node.op());
    if (node.Is("Scan"_op) && def != nullptr && def->since_version() < 9) {
      *why_not = opset::LowerScan(node, &made);
      if (!why_not->empty()) return false;
      for (Node* part : made) LowerNode(*part);
      return true;
    }
    if (node.Is("Loop"_op) && node.num_inputs() <= 2 && def != nullptr &&
        def->since_version() < 11) {
      *why_not = opset::LowerLoop(node, &made);
      if (!why_not->empty()) return false;
      committer_.Erase(&node);
      for (Node* part : made) LowerNode(*part);
      return true;
    }
    if (!opset::Expand(node, opset::DownwardExpansions(), &target_, &made,
                       why_not)) {
      return false;
    }
    committer_.Erase(&node);
    for (Node* part : made) LowerNode(*part);
    return true;
  }

  // Why Upgrade left the node as it is: "; its rank is not known".
  std::string DetailOf(const Node& node) const {
    if (node.op().is_opaque()) return "";
    const opset::Path path = opset::PathFrom(model_.ops(), node.op());
    if (path.canonical == nullptr) return "; later versions do not have it";
    opset::Form form(node);
    const std::string reason = opset::Lift(path, form);
    return reason.empty() ? "" : "; " + reason;
  }

  void Error(const Node& node, std::string_view reason) {
    AddError(fmt::format("{}: {}", node.Describe(), reason));
  }

  void AddError(std::string error) {
    if (errors_.size() < kMaxErrors) errors_.push_back(std::move(error));
  }

  Model& model_;
  const Target& target_;
  bool other_opset_ = false;
  absl::flat_hash_set<const Value*> respelt_;  // look-up only
  opset::Committer committer_;
  std::vector<std::string> errors_;
};

}  // namespace

absl::Status Legalize(Model& model, const Target& target, Diagnostics*) {
  return Legalizer(model, target).Run();
}

}  // namespace onnxopt
