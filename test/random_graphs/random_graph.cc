// SPDX-License-Identifier: Apache-2.0
#include "test/random_graphs/random_graph.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "eval/kernel.h"
#include "fmt/core.h"
#include "ir/graph_editor.h"
#include "passes/shape/inference.h"
#include "support/status.h"
#include "test/random_graphs/samplers.h"

namespace onnxopt::random_graphs {
namespace {

constexpr int kAttempts = 6;
/// Of any value, so that a check of many graphs is quick.
constexpr int64_t kMaxElements = 4096;
/// How often a node takes after an earlier one of the same operator.
constexpr int kImitatePercent = 35;

// The element types satisfy the type constraints of the operator.
std::string WhyNotTyped(const OpDef& op, const std::vector<ValueId>& inputs,
                        const RandomGraph& graph) {
  std::map<std::string_view, ElementType> bound;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == kAbsent) continue;
    const OperandDef* formal = FormalInput(op, static_cast<int>(i));
    if (formal == nullptr) return "too many operands";
    const ElementType element = graph.values[inputs[i]].tensor->type();
    if (!Allows(op, static_cast<int>(i), element)) {
      return "an operand has a type that is not allowed";
    }
    if (!formal->homogeneous) continue;
    const auto [it, inserted] = bound.emplace(formal->type, element);
    if (!inserted && it->second != element) return "operands differ in type";
  }
  return {};
}

std::string WhyNotComplete(const OpDef& op, const NodeDraft& draft) {
  if (draft.failed()) return "the sampler found no node";
  for (int i = 0; i < op.min_inputs(); ++i) {
    const OperandDef* formal = FormalInput(op, i);
    if (formal->option != OperandDef::kOptional && !draft.Has(i)) {
      return "an operand is missing";
    }
  }
  for (int i = 0; i < draft.size(); ++i) {
    if (!draft.Has(i) && !draft.MayBeAbsent(i)) return "an operand is missing";
  }
  return {};
}

}  // namespace

const RandomNode* GraphBuilder::AddNode(const OpDef& op,
                                        const std::vector<Slot>& slots,
                                        bool open_ended, int min_outputs) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const size_t num_values = graph_.values.size();
    const size_t num_nodes = graph_.nodes.size();
    if (TryNode(op, slots, open_ended, min_outputs)) {
      return &graph_.nodes.back();
    }
    graph_.values.resize(num_values);
    graph_.nodes.resize(num_nodes);
  }
  return nullptr;
}

bool GraphBuilder::TryNode(const OpDef& op, const std::vector<Slot>& slots,
                           bool open_ended, int min_outputs) {
  why_not_.clear();
  const Sampler* sampler = FindSampler(op);
  if (sampler == nullptr) {
    why_not_ = fmt::format("{} has no sampler", op.FullName());
    return false;
  }
  NodeDraft draft(*this, op, slots, open_ended);
  if (rng_.Percent(kImitatePercent)) {
    for (const RandomNode& node : graph_.nodes) {
      if (node.op == &op && draft.Imitate(node)) break;
    }
  }
  draft.SetOutputs(min_outputs);
  sampler->sample(draft);
  why_not_ = WhyNotComplete(op, draft);
  if (!why_not_.empty()) return false;
  RandomNode node;
  node.op = &op;
  node.inputs = draft.operands();
  node.attributes = std::move(draft.attributes());
  why_not_ = WhyNotTyped(op, node.inputs, graph_);
  if (!why_not_.empty()) return false;
  std::vector<TensorRef> tensors;
  for (const ValueId id : node.inputs) {
    tensors.push_back(id == kAbsent ? nullptr : graph_.values[id].tensor);
  }
  const int num_outputs = std::max(draft.num_outputs(), min_outputs);
  absl::StatusOr<std::vector<TensorRef>> results =
      Evaluate(op, node.attributes, tensors, num_outputs);
  if (!results.ok()) {
    why_not_ = std::string(results.status().message());
    return false;
  }
  const auto number = static_cast<int>(graph_.nodes.size());
  for (int i = 0; i < num_outputs; ++i) {
    if ((*results)[i] == nullptr ||
        (*results)[i]->num_elements() > kMaxElements) {
      why_not_ = "a result is too large";
      return false;
    }
    RandomValue output;
    output.kind = RandomValue::kNodeOutput;
    output.tensor = (*results)[i];
    output.producer = number;
    node.outputs.push_back(AddLeaf(std::move(output)));
  }
  graph_.nodes.push_back(std::move(node));
  return true;
}

ValueId GraphBuilder::AddLeaf(RandomValue value) {
  graph_.values.push_back(std::move(value));
  return static_cast<ValueId>(graph_.values.size() - 1);
}

RandomGraph GraphBuilder::Finish() && {
  for (RandomValue& value : graph_.values) {
    if (value.kind == RandomValue::kInput) Declare(value);
  }
  return std::move(graph_);
}

// Dims of one name are equal in every run: a name holds the value it has in
// this one.
void GraphBuilder::Declare(RandomValue& input) {
  const ElementType element = input.tensor->type();
  if (rng_.Percent(2)) return;
  if (rng_.Percent(4)) {
    input.declared = Type::Tensor(element, std::nullopt);
    return;
  }
  const bool all_known = rng_.Percent(50);
  // The length of a parameter is the same in every run, other dims may not be.
  const bool named = input.numbers.has_value();
  Shape shape;
  for (const int64_t dim : input.tensor->dims()) {
    const int64_t kind = all_known ? 0 : rng_.Between(0, 9);
    if (kind < 5) {
      shape.emplace_back(dim);
    } else if (kind < 9 && named) {
      shape.push_back(
          Dim::Named(fmt::format("{}{}", rng_.Percent(75) ? "N" : "M", dim)));
    } else {
      shape.emplace_back();
    }
  }
  input.declared = Type::Tensor(element, std::move(shape));
}

absl::StatusOr<std::unique_ptr<Model>> ToModel(const RandomGraph& graph) {
  auto model = std::make_unique<Model>(OpRegistry::Builtin());
  GraphEditor::ModelFields fields;
  fields.ir_version = kMaxIrVersion;
  fields.imports = {{"", kCanonicalOpset, {}}};
  for (const RandomNode& node : graph.nodes) {
    if (node.op->domain().empty()) continue;
    // Operators that the newest version does not have are of their own.
    const OpDef* newest =
        model->ops().Find(node.op->domain(), node.op->name(), kMaxMlOpset);
    const int64_t version =
        newest == node.op ? kMaxMlOpset : node.op->since_version();
    fields.imports.push_back({node.op->domain(), version, {}});
    break;  // Another one would have to be of the same.
  }
  GraphEditor::SetModelFields(model.get(), std::move(fields));
  model->set_state(ModelState::kCanonical);
  Graph& to = *model->graph();
  std::vector<Value*> values(graph.values.size(), nullptr);
  for (size_t i = 0; i < values.size(); ++i) {
    const RandomValue& value = graph.values[i];
    if (value.kind == RandomValue::kInput) {
      values[i] =
          to.AddInput(model->Intern(fmt::format("x{}", i)), value.declared);
    } else if (value.kind == RandomValue::kConstant) {
      values[i] =
          to.AddConstant(model->Intern(fmt::format("c{}", i)), value.tensor);
      to.SetType(values[i], TypeOf(*value.tensor));
    }
  }
  for (const RandomNode& from : graph.nodes) {
    std::vector<Value*> inputs;
    for (const ValueId id : from.inputs) {
      inputs.push_back(id == kAbsent ? nullptr : values[id]);
    }
    std::vector<std::string_view> names;
    for (const ValueId id : from.outputs) {
      names.push_back(model->Intern(fmt::format("y{}", id)));
    }
    Node* node = to.AddNode(from.op, inputs, names);
    for (const Attribute& attribute : from.attributes) {
      to.SetAttribute(node, attribute);
    }
    for (size_t i = 0; i < from.outputs.size(); ++i) {
      values[from.outputs[i]] = node->output(static_cast<int>(i));
    }
    RETURN_IF_ERROR(InferTypes(*node).status());
    InferOutputs(*node);
  }
  for (const ValueId id : graph.outputs) {
    OutputInfo info;
    info.name = values[id]->name();
    to.AddOutput(values[id], std::move(info));
  }
  return model;
}

std::vector<TensorRef> InputsOf(const RandomGraph& graph) {
  std::vector<TensorRef> inputs;
  for (const RandomValue& value : graph.values) {
    if (value.kind == RandomValue::kInput) inputs.push_back(value.tensor);
  }
  return inputs;
}

std::vector<TensorRef> OtherInputs(const RandomGraph& graph, Rng& rng) {
  std::map<std::string, int64_t> other;  // by name; unknown dims by old value
  std::vector<TensorRef> inputs;
  for (const RandomValue& value : graph.values) {
    if (value.kind != RandomValue::kInput) continue;
    if (!value.numbers) {
      inputs.push_back(value.tensor);
      continue;
    }
    TensorDims dims = value.tensor->dims();
    const TypeRef& type = value.declared;
    for (size_t i = 0; i < dims.size(); ++i) {
      const bool known = type != nullptr && type->shape();
      const Dim dim = known ? (*type->shape())[i] : Dim();
      if (dim.IsInteger()) continue;
      const std::string key = dim.IsUnknown() ? fmt::format("?{}", dims[i])
                                              : std::string(dim.name());
      const int64_t drawn = rng.Percent(8) ? 0 : rng.Between(1, 5);
      dims[i] = other.emplace(key, drawn).first->second;
    }
    inputs.push_back(
        RandomTensor(rng, value.tensor->type(), dims, *value.numbers));
  }
  return inputs;
}

}  // namespace onnxopt::random_graphs
