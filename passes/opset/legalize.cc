// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "fmt/core.h"
#include "ir/graph_editor.h"
#include "ir/source_form.h"
#include "ir/walk.h"
#include "passes/opset/commit.h"
#include "passes/opset/steps.h"
#include "passes/opset/upgrade.h"

namespace onnxopt {
namespace {

constexpr size_t kMaxErrors = 20;

constexpr int64_t kFirstIrWithoutListing = 4;

class Legalizer {
 public:
  Legalizer(Model& model, const Target& target)
      : model_(model), target_(target) {}

  absl::Status Run() {
    RunGraph(*model_.graph());
    for (Function* function : model_.functions()) RunGraph(*function->body());
    if (!errors_.empty()) {
      return absl::FailedPreconditionError(absl::StrJoin(errors_, "\n"));
    }
    committer_.RemoveUnusedConstants(model_);
    if (model_.ir_version() < kFirstIrWithoutListing) ListNewConstants();
    if (other_opset_) {
      GraphEditor::SetOpset(&model_, target_.OpsetOf(*model_.graph()));
    }
    model_.set_state(ModelState::kLegalized);
    return absl::OkStatus();
  }

 private:
  void RunGraph(Graph& graph) {
    other_opset_ |= target_.IsOther(graph);
    for (Value& constant : graph.constants()) RespellConstant(constant);
    for (Node& node : graph.nodes()) {
      if (node.function() == nullptr && node.op().domain().empty()) {
        LowerNode(node);
      }
      if (!node.has_graphs()) continue;
      for (Graph* body : node.graphs()) RunGraph(*body);
    }
  }

  // Before IR version 4, initializers have to be inputs, which those of bodies
  // cannot be. What the file itself got wrong stays.
  void ListNewConstants() {
    Graph& main = *model_.graph();
    ForEachGraph(main, [&](Graph& graph) {
      for (Value& constant : graph.constants().SafeRange()) {
        if (constant.IsInput() || constant.listed_as_input() ||
            constant.constant_form() == ConstantForm::kNode ||
            constant.tensor()->spelling() != nullptr) {
          continue;
        }
        if (&graph != &main) {
          graph.MoveConstantTo(&constant, &main,
                               model_.UniqueName(constant.name()));
        }
        main.ListAsInput(&constant);
      }
    });
  }

  // A Constant node that the target cannot spell becomes an initializer.
  void RespellConstant(Value& constant) {
    const ConstantNode* node = constant.constant_node();
    if (node == nullptr || !target_.IsOther(*constant.graph())) return;
    const OpDef* def = node->op == nullptr
                           ? nullptr
                           : target_.DefOf(*constant.graph(), *node->op);
    if (def == nullptr || def->FindAttr(node->attribute) == nullptr ||
        !opset::Allows(*def, def->outputs().front(),
                       constant.tensor()->type())) {
      constant.graph()->MakeInitializer(&constant);
    }
  }

  void LowerNode(Node& node) {
    Graph& graph = *node.graph();
    if (!node.op().is_canonical()) {
      if (target_.IsOther(graph) &&
          (node.op().is_opaque() ||
           target_.DefOf(graph, node.op()) != &node.op())) {
        Error(node,
              fmt::format("it is of version {}, which could not be "
                          "brought to opset {}",
                          node.op().since_version(), target_.OpsetOf(graph)));
      }
      return;
    }
    if (target_.CanRestore(node)) return Restore(node);
    const opset::Path* path = target_.PathTo(graph, node.op());
    if (path == nullptr) return Error(node, target_.WhyNot(node));
    if (target_.IsOther(graph)) {
      const std::string reason = target_.WhyNot(node);
      if (!reason.empty()) return Error(node, reason);
    }
    if (path->plain_down) {
      const OpDef* def = target_.DefOf(graph, node.op());
      if (def != &node.op()) graph.SetOperator(&node, def);
      return;
    }
    opset::Form form(node);
    const std::string reason = opset::Lower(*path, form);
    if (!reason.empty()) return Error(node, reason);
    committer_.Commit(&node, std::move(form));
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

  void Error(const Node& node, std::string_view reason) {
    if (errors_.size() >= kMaxErrors) return;
    errors_.push_back(fmt::format("{}: {}", node.Describe(), reason));
  }

  Model& model_;
  const Target& target_;
  bool other_opset_ = false;
  opset::Committer committer_;
  std::vector<std::string> errors_;
};

}  // namespace

absl::Status Legalize(Model& model, const Target& target, Diagnostics*) {
  return Legalizer(model, target).Run();
}

}  // namespace onnxopt
