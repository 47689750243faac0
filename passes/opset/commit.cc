// SPDX-License-Identifier: Apache-2.0
#include "passes/opset/commit.h"

#include <algorithm>
#include <utility>

#include "fmt/core.h"
#include "ir/model.h"
#include "ir/walk.h"
#include "passes/shape/inference.h"
#include "support/status.h"

namespace onnxopt::opset {

bool SameTensor(const TensorRef& a, const TensorRef& b) {
  if (a == b) return true;
  if (a == nullptr || b == nullptr || a->type() != b->type() ||
      a->dims() != b->dims()) {
    return false;
  }
  const absl::StatusOr<std::string_view> bytes_a = a->bytes();
  const absl::StatusOr<std::string_view> bytes_b = b->bytes();
  return bytes_a.ok() && bytes_b.ok() && *bytes_a == *bytes_b;
}

void SetVersion(Node* node, const OpDef* op) {
  node->graph()->SetOperator(node, op);
  for (int i = node->num_outputs() - 1; i >= op->max_outputs(); --i) {
    if (node->output(i) != nullptr) return;
    node->graph()->RemoveNodeOutput(node, i);
  }
}

Value* Committer::ConstantFor(Graph& graph, const Operand& operand) {
  Graph* outermost = &graph;
  while (outermost->enclosing() != nullptr) outermost = outermost->enclosing();
  const absl::StatusOr<std::string_view> bytes = operand.tensor->bytes();
  ONNXOPT_CHECK(bytes.ok());  // ours, and small
  std::string key = fmt::format("{} {} ", static_cast<void*>(outermost),
                                operand.tensor->TypeString());
  key += *bytes;
  Value*& constant = constants_[std::move(key)];
  if (constant == nullptr) {
    constant = outermost->AddConstant(
        outermost->model().UniqueName(operand.name), operand.tensor);
  }
  return constant;
}

Value* Committer::Squeezed(Node* before, const Operand& operand) {
  Graph& graph = *before->graph();
  Operand axes;
  axes.tensor = Int64s(operand.squeeze);
  axes.name = "axes";
  const OpDef* squeeze =
      graph.model().ops().Find("", "Squeeze", kCanonicalOpset);
  Node* node = graph.AddNode(
      squeeze, std::vector<Value*>{operand.value, ConstantFor(graph, axes)},
      std::vector<std::string_view>{
          graph.model().UniqueName(operand.value->name())},
      /*name=*/"", before);
  InferOutputs(*node);
  made_.push_back(node);
  return node->output(0);
}

void Committer::Erase(Node* node) {
  for (Value* input : node->inputs()) {
    if (input != nullptr && input->IsConstant()) released_.push_back(input);
  }
  node->graph()->EraseNode(node);
}

void Committer::SetInputs(Node* node, const std::vector<Value*>& inputs) {
  Graph& graph = *node->graph();
  for (Value* input : node->inputs()) {
    if (input != nullptr && input->IsConstant() &&
        std::find(inputs.begin(), inputs.end(), input) == inputs.end()) {
      released_.push_back(input);
    }
  }
  const auto count = static_cast<int>(inputs.size());
  while (node->num_inputs() > count) {
    graph.RemoveInput(node, node->num_inputs() - 1);
  }
  for (int i = 0; i < count; ++i) {
    if (i >= node->num_inputs()) {
      graph.AppendInput(node, inputs[i]);
    } else if (node->input(i) != inputs[i]) {
      graph.SetInput(node, i, inputs[i]);
    }
  }
}

void Committer::Commit(Node* node, Form form) {
  Graph& graph = *node->graph();
  if (form.changed()) {
    std::vector<Value*> inputs;
    for (const Operand& operand : form.inputs()) {
      if (operand.tensor != nullptr) {
        inputs.push_back(ConstantFor(graph, operand));
      } else if (!operand.squeeze.empty()) {
        inputs.push_back(Squeezed(node, operand));
      } else {
        inputs.push_back(operand.value);
      }
    }
    SetInputs(node, inputs);
    graph.SetAttributes(node, form.TakeAttributes());
  }
  if (&form.op() != &node->op()) SetVersion(node, &form.op());
}

void Committer::RemoveUnusedConstants(Model& model) {
  const auto removable = [](const Value& value) {
    return value.IsConstant() && !value.HasUses() && !value.pinned() &&
           !value.declared() && !value.listed_as_input();
  };
  std::vector<Value*> unused;
  for (Value* value : released_) {
    if (removable(*value)) unused.push_back(value);
  }
  ForEachGraph(model, [&](Graph& graph) {
    for (Value& value : graph.constants()) {
      if (removable(value) &&
          value.constant_form() == ConstantForm::kInitializer &&
          value.tensor()->spelling() == nullptr) {
        unused.push_back(&value);
      }
    }
  });
  std::sort(unused.begin(), unused.end());
  unused.erase(std::unique(unused.begin(), unused.end()), unused.end());
  for (Value* value : unused) value->graph()->RemoveConstant(value);
  released_.clear();
  constants_.clear();
}

}  // namespace onnxopt::opset
