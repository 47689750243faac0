// SPDX-License-Identifier: Apache-2.0
#include "passes/opset/upgrade.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "fmt/core.h"
#include "ir/graph_editor.h"
#include "ir/source_form.h"
#include "passes/opset/commit.h"
#include "passes/opset/control_flow.h"
#include "passes/opset/expansion.h"
#include "passes/opset/steps.h"
#include "passes/shape/inference.h"

namespace onnxopt {
namespace {

using opset::Form;
using opset::Operand;
using opset::Path;

// How `node`, which is about to become `form`, is spelt now.
// Null if the node loses an input.
std::unique_ptr<SourceForm> SourceOf(const Node& node, const Form& form) {
  auto source = std::make_unique<SourceForm>();
  source->op = &node.op();
  source->attributes.assign(node.attributes().begin(), node.attributes().end());
  source->positions.resize(node.num_inputs(), -1);
  source->num_inputs = form.num_inputs();
  for (int i = 0; i < form.num_inputs(); ++i) {
    const Operand& operand = form.inputs()[i];
    if (operand.source) {
      source->positions[*operand.source] = i;
    } else {
      source->added.emplace_back(i, operand.tensor);
    }
  }
  for (const int position : source->positions) {
    if (position < 0) return nullptr;
  }
  return source;
}

// Whether lowering gives back the node without help.
bool ComesBack(const Path& path, Form form) {
  return opset::Lower(path, form).empty() && !form.changed();
}

class Upgrader {
 public:
  Upgrader(Model& model, const Target* target, Diagnostics* diagnostics)
      : model_(model), target_(target), diagnostics_(diagnostics) {}

  void Run() {
    if (target_ != nullptr && target_->opsets().onnx) {
      GraphEditor::RaiseIrVersion(&model_, *target_->opsets().onnx);
    }
    RunGraph(*model_.graph());
    for (Function* function : model_.functions()) RunGraph(*function->body());
    committer_.RemoveUnusedConstants(model_);
    model_.set_state(ModelState::kCanonical);
  }

 private:
  void RunGraph(Graph& graph) {
    for (Node& node : graph.nodes().SafeRange()) {
      const OpDef& op = node.op();
      if (opset::IsVersioned(op) && !op.is_canonical() &&
          node.function() == nullptr) {
        if (LiftNode(node)) continue;
      }
      if (node.has_graphs()) {
        for (Graph* body : node.graphs()) RunGraph(*body);
      }
      InferOutputs(node);
    }
  }

  // Whether the node is gone.
  bool LiftNode(Node& node) {
    if (node.op().is_opaque()) return Stays(node, "it is not known");
    const Path& path = PathOf(node.op());
    if (path.canonical == nullptr) {
      return Stays(node, "later versions do not have it");
    }
    if (path.plain_up && !path.narrows && IsRegular(node, path)) {
      node.graph()->SetOperator(&node, path.canonical);
      return false;
    }
    if (node.Is("Scan"_op) && node.op().since_version() < 9) {
      return LiftScan(node);
    }
    Form form(node);
    const std::string reason = opset::Lift(path, form);
    if (!reason.empty()) return TakeApart(node, reason);
    std::unique_ptr<SourceForm> source;
    if (form.changed() || !ComesBack(path, form)) source = SourceOf(node, form);
    committer_.Commit(&node, std::move(form));
    if (source != nullptr) {
      node.graph()->SetSourceForm(&node, std::move(source));
    }
    return false;
  }

  // Whether the target has no version of the operator that says the node as it
  // is.
  bool IsForOther(const Node& node) const {
    return target_ == nullptr || !target_->CanMove(node);
  }

  bool LiftScan(Node& scan) {
    if (!IsForOther(scan)) return Stays(scan, "it has a batch axis");
    std::vector<Node*> made;
    const std::string reason = opset::LiftScan(scan, &made);
    return reason.empty() ? false : Stays(scan, reason);
  }

  bool TakeApart(Node& node, std::string_view reason) {
    const bool is_other = IsForOther(node);
    const bool is_constant = std::all_of(
        node.inputs().begin(), node.inputs().end(),
        [](const Value* input) { return !input || input->IsConstant(); });
    if (!is_other && !is_constant) return Stays(node, reason);
    std::vector<Node*> made;
    std::string why_not;
    if (!opset::Expand(node, opset::UpwardExpansions(), target_, &made,
                       &why_not)) {
      return Stays(node, reason);
    }
    committer_.Erase(&node);
    return true;
  }

  // Whether nothing about the node needs a closer look.
  static bool IsRegular(const Node& node, const Path& path) {
    const OpDef& op = node.op();
    if (path.has_rows || node.num_inputs() < op.min_inputs() ||
        node.num_inputs() > op.max_inputs() ||
        node.num_outputs() > op.max_outputs()) {
      return false;
    }
    for (const Attribute& attribute : node.attributes()) {
      if (op.FindAttr(attribute.name) == nullptr) return false;
    }
    return true;
  }

  const Path& PathOf(const OpDef& op) {
    std::unique_ptr<const Path>& path = paths_[&op];
    if (path == nullptr) {
      path = std::make_unique<Path>(opset::PathFrom(model_.ops(), op));
    }
    return *path;
  }

  bool Stays(const Node& node, std::string_view reason) {
    if (diagnostics_ != nullptr && diagnostics_->wants_remarks()) {
      diagnostics_->Remark(
          "upgrade", fmt::format("{} stays at version {}: {}", node.Describe(),
                                 node.op().since_version(), reason));
    }
    return false;
  }

  Model& model_;
  const Target* target_;
  Diagnostics* diagnostics_;
  opset::Committer committer_;
  absl::flat_hash_map<const OpDef*, std::unique_ptr<const Path>> paths_;
};

}  // namespace

absl::Status Upgrade(Model& model, const Target* target,
                     Diagnostics* diagnostics) {
  if (model.state() == ModelState::kCanonical) return absl::OkStatus();
  Upgrader(model, target, diagnostics).Run();
  return absl::OkStatus();
}

}  // namespace onnxopt
