// SPDX-License-Identifier: Apache-2.0
#include "passes/opset/upgrade.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "fmt/core.h"
#include "ir/source_form.h"
#include "passes/opset/commit.h"
#include "passes/opset/steps.h"
#include "passes/shape/inference.h"

namespace onnxopt {
namespace {

using opset::Form;
using opset::Operand;
using opset::Path;

int64_t OpsetOf(const Graph& graph) {
  for (const OpsetImport& import : graph.model().ImportsOf(graph)) {
    if (import.domain.empty()) return import.version;
  }
  return 0;
}

// How `node`, which is about to become `form`, is spelt now.
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
  return source;
}

// Whether lowering gives back the node without help.
bool ComesBack(const Path& path, Form form) {
  return opset::Lower(path, form).empty() && !form.changed();
}

class Upgrader {
 public:
  Upgrader(Model& model, Diagnostics* diagnostics)
      : model_(model), diagnostics_(diagnostics) {}

  void Run() {
    RunBody(*model_.graph());
    for (Function* function : model_.functions()) RunBody(*function->body());
    model_.set_state(ModelState::kCanonical);
  }

 private:
  void RunBody(Graph& graph) {
    too_old_ = OpsetOf(graph) < kOldestLiftedOpset;
    RunGraph(graph);
  }

  void RunGraph(Graph& graph) {
    for (Node& node : graph.nodes()) {
      const OpDef& op = node.op();
      if (op.domain().empty() && !op.is_canonical() &&
          node.function() == nullptr) {
        LiftNode(node);
      }
      if (node.has_graphs()) {
        for (Graph* body : node.graphs()) RunGraph(*body);
      }
      InferOutputs(node);
    }
  }

  void LiftNode(Node& node) {
    if (node.op().is_opaque()) return Stays(node, "it is not known");
    if (too_old_) {
      return Stays(
          node, fmt::format("it is of an opset before {}", kOldestLiftedOpset));
    }
    const Path& path = PathOf(node.op());
    if (path.canonical == nullptr) {
      return Stays(node, "later versions do not have it");
    }
    if (path.plain_up && !path.narrows && IsRegular(node, path)) {
      node.graph()->SetOperator(&node, path.canonical);
      return;
    }
    Form form(node);
    const std::string reason = opset::Lift(path, form);
    if (!reason.empty()) return Stays(node, reason);
    std::unique_ptr<SourceForm> source;
    if (form.changed() || !ComesBack(path, form)) source = SourceOf(node, form);
    committer_.Commit(&node, std::move(form));
    if (source != nullptr) {
      node.graph()->SetSourceForm(&node, std::move(source));
    }
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

  void Stays(const Node& node, std::string_view reason) {
    if (diagnostics_ == nullptr || !diagnostics_->wants_remarks()) return;
    diagnostics_->Remark(
        "upgrade", fmt::format("{} stays at version {}: {}", node.Describe(),
                               node.op().since_version(), reason));
  }

  Model& model_;
  Diagnostics* diagnostics_;
  bool too_old_ = false;
  opset::Committer committer_;
  absl::flat_hash_map<const OpDef*, std::unique_ptr<const Path>> paths_;
};

}  // namespace

absl::Status Upgrade(Model& model, Diagnostics* diagnostics) {
  if (model.state() == ModelState::kCanonical) return absl::OkStatus();
  Upgrader(model, diagnostics).Run();
  return absl::OkStatus();
}

}  // namespace onnxopt
