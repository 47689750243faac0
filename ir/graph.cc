// SPDX-License-Identifier: Apache-2.0
#include "ir/graph.h"

#include <algorithm>
#include <new>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "fmt/core.h"
#include "ir/model.h"
#include "ir/walk.h"
#include "support/status.h"

namespace onnxopt {
namespace {

const Annotations& NoAnnotations() {
  static const Annotations kNone;
  return kNone;
}

constexpr std::string_view kInternalDomain = "onnxopt.internal";

template <typename T>
T* AllocateArray(Arena& arena, uint32_t count) {
  return static_cast<T*>(arena.Allocate(count * sizeof(T)));
}

// Whether it makes the graph of `value` return it.
bool IsReturn(const Use& use, const Value& value) {
  return use.user()->IsTerminator() && use.user()->graph() == value.graph();
}

std::vector<Graph*> GraphsOf(const Attribute& attribute) {
  if (auto* graph = std::get_if<Graph*>(&attribute.value)) return {*graph};
  if (auto* graphs = std::get_if<std::vector<Graph*>>(&attribute.value)) {
    return *graphs;
  }
  return {};
}

}  // namespace

const Annotations& Value::annotations() const {
  return annotations_ ? *annotations_ : NoAnnotations();
}

const Annotations& Node::annotations() const {
  return annotations_ ? *annotations_ : NoAnnotations();
}

const Annotations& Graph::annotations() const {
  return annotations_ ? *annotations_ : NoAnnotations();
}

Graph::Graph(Model* model, Node* parent, Function* function)
    : model_(model), parent_(parent), function_(function) {
  const OpDef* op = model->OpaqueOp(kInternalDomain, "Return", 1);
  terminator_ = new (model->arena_.Allocate(sizeof(Node))) Node(op, this);
  terminator_->is_terminator_ = true;
}

void Graph::DropUses() {
  const auto drop = [this](Node& node) {
    for (size_t i = 0; i < node.num_inputs_; ++i) Unlink(&node.uses_[i]);
  };
  drop(*terminator_);
  for (Node& node : nodes_) {
    drop(node);
    if (!node.has_graphs_) continue;
    for (Graph* nested : node.graphs()) nested->DropUses();
  }
}

Graph::~Graph() {
  // First, because nodes of a graph that a pass broke may be in any order.
  DropUses();
  DestroyNode(terminator_);
  while (!nodes_.empty()) {
    Node* node = &nodes_.back();
    nodes_.erase(*node);
    DestroyNode(node);
  }
  for (Value* input : inputs_) {
    if (input->tensor_ != nullptr) constants_.erase(*input);
    DestroyValue(input);
  }
  while (!constants_.empty()) {
    Value* constant = &constants_.back();
    constants_.erase(*constant);
    DestroyValue(constant);
  }
}

uint64_t Graph::epoch() const { return model_->epoch_; }
void Graph::Changed() { ++model_->epoch_; }

// --- Use lists

void Graph::Link(Use* use, Value* value) {
  use->value_ = value;
  use->next_ = nullptr;
  use->prev_ = nullptr;
  if (value == nullptr) return;
  use->prev_ = value->last_use_;
  (value->last_use_ ? value->last_use_->next_ : value->first_use_) = use;
  value->last_use_ = use;
  ++value->num_uses_;
  if (IsReturn(*use, *value)) ++value->num_returns_;
}

void Graph::Unlink(Use* use) {
  Value* value = use->value_;
  if (value == nullptr) return;
  (use->prev_ ? use->prev_->next_ : value->first_use_) = use->next_;
  (use->next_ ? use->next_->prev_ : value->last_use_) = use->prev_;
  --value->num_uses_;
  if (IsReturn(*use, *value)) --value->num_returns_;
  use->value_ = nullptr;
}

void Graph::ReserveInputs(Node* node, uint32_t capacity) {
  if (capacity <= node->input_capacity_) return;
  capacity = std::max(capacity, 2 * node->input_capacity_);
  Arena& arena = model_->arena_;
  Value** inputs = AllocateArray<Value*>(arena, capacity);
  Use* uses = AllocateArray<Use>(arena, capacity);
  for (uint32_t i = 0; i < capacity; ++i) new (&uses[i]) Use;
  for (uint32_t i = 0; i < node->num_inputs_; ++i) {
    // Take the old use's place in its list: the order of uses is observable.
    Use& old = node->uses_[i];
    inputs[i] = node->inputs_[i];
    uses[i] = old;
    if (old.value_ == nullptr) continue;
    (old.prev_ ? old.prev_->next_ : old.value_->first_use_) = &uses[i];
    (old.next_ ? old.next_->prev_ : old.value_->last_use_) = &uses[i];
  }
  if (node->input_capacity_ > 0) {
    arena.Free(node->inputs_, node->input_capacity_ * sizeof(Value*));
    arena.Free(node->uses_, node->input_capacity_ * sizeof(Use));
  }
  node->inputs_ = inputs;
  node->uses_ = uses;
  node->input_capacity_ = capacity;
}

// --- Making things

Value* Graph::NewValue(Value::Kind kind, std::string_view name, TypeRef type) {
  Value* value = new (model_->arena_.Allocate(sizeof(Value))) Value(kind, this);
  value->name_ = name.empty() ? model_->UniqueName("value") : name;
  value->type_ = std::move(type);
  if (model_->names_complete_) model_->names_.insert(value->name_);
  return value;
}

void Graph::DestroyValue(Value* value) {
  ONNXOPT_CHECK(!value->HasUses());
  if (value->value_info_ >= 0) value_infos_[value->value_info_] = {};
  value->~Value();
  model_->arena_.Free(value, sizeof(Value));
}

Value* Graph::AddInput(std::string_view name, TypeRef type) {
  Value* value = NewValue(Value::Kind::kInput, name, std::move(type));
  value->index_ = static_cast<int>(inputs_.size());
  inputs_.push_back(value);
  Changed();
  return value;
}

Value* Graph::AddConstant(std::string_view name, TensorRef tensor) {
  Value* value = NewValue(Value::Kind::kConstant, name, nullptr);
  value->tensor_ = std::move(tensor);
  constants_.push_back(*value);
  Changed();
  return value;
}

Node* Graph::AddNode(const OpDef* op, std::span<Value* const> inputs,
                     std::span<const std::string_view> output_names,
                     std::string_view name, Node* before) {
  Node* node = new (model_->arena_.Allocate(sizeof(Node))) Node(op, this);
  node->name_ = name;
  ReserveInputs(node, static_cast<uint32_t>(inputs.size()));
  for (Value* input : inputs) AppendInput(node, input);
  node->outputs_.reserve(output_names.size());
  for (std::string_view output_name : output_names) {
    Value* output = nullptr;
    if (!output_name.empty()) {
      output = NewValue(Value::Kind::kNodeOutput, output_name, nullptr);
      output->producer_ = node;
      output->index_ = node->num_outputs();
    }
    node->outputs_.push_back(output);
  }
  if (before != nullptr) {
    nodes_.insert_before(*before, *node);
  } else {
    nodes_.push_back(*node);
  }
  Changed();
  return node;
}

void Graph::AddOutput(Value* value, OutputInfo info) {
  output_infos_.push_back(std::move(info));
  AppendInput(terminator_, value);
}

Graph* Graph::NewGraph(Node* parent, std::string_view name) {
  Graph* graph = new (model_->arena_.Allocate(sizeof(Graph)))
      Graph(model_, parent, function_);
  graph->name_ = name;
  return graph;
}

// --- Changing edges

void Graph::SetInput(Node* node, int index, Value* value) {
  ONNXOPT_CHECK(index >= 0 && index < node->num_inputs());
  Use* use = &node->uses_[index];
  Unlink(use);
  Link(use, value);
  node->inputs_[index] = value;
  Changed();
}

void Graph::AppendInput(Node* node, Value* value) {
  node->source_form_ = nullptr;
  ReserveInputs(node, node->num_inputs_ + 1);
  Use* use = &node->uses_[node->num_inputs_];
  use->user_ = node;
  use->index_ = node->num_inputs();
  Link(use, value);
  node->inputs_[node->num_inputs_] = value;
  ++node->num_inputs_;
  Changed();
}

void Graph::RemoveInput(Node* node, int index) {
  node->source_form_ = nullptr;
  ONNXOPT_CHECK(index >= 0 && index < node->num_inputs());
  for (int i = index; i + 1 < node->num_inputs(); ++i) {
    SetInput(node, i, node->inputs_[i + 1]);
  }
  --node->num_inputs_;
  Unlink(&node->uses_[node->num_inputs_]);
  Changed();
}

void Graph::ReplaceAllUses(Value* from, Value* to) {
  ONNXOPT_CHECK(from != to);
  while (from->first_use_ != nullptr) {
    const Use* use = from->first_use_;
    SetInput(use->user_, use->index_, to);
  }
}

void Graph::MoveBefore(Node* node, Node* before) {
  nodes_.erase(*node);
  nodes_.insert_before(*before, *node);
  Changed();
}

// A value of a graph nested in this one moves here.
void Graph::Adopt(Value* value) {
  if (value->value_info_ >= 0) {
    value->graph_->value_infos_[value->value_info_] = {};
    value->value_info_ = -1;
  }
  value->graph_ = this;
}

std::vector<Value*> Graph::InlineBody(Node* holder, Graph* body) {
  ONNXOPT_CHECK(holder->graph_ == this && body->parent_ == holder &&
                body->inputs_.empty());
  std::vector<Value*> returned(body->outputs().begin(), body->outputs().end());
  while (!body->outputs().empty()) {
    body->RemoveGraphOutput(static_cast<int>(body->outputs().size()) - 1);
  }
  absl::flat_hash_set<std::string_view> taken;
  ForEachValue(*this, [&](const Value& value) { taken.insert(value.name()); });
  for (const OutputInfo& info : output_infos_) taken.insert(info.name);
  const auto move = [&](Value* value) {
    Adopt(value);
    if (!taken.insert(value->name()).second) {
      Rename(value, model_->UniqueName(value->name()));
    }
  };
  while (!body->constants_.empty()) {
    Value* constant = &body->constants_.front();
    body->constants_.erase(*constant);
    constants_.push_back(*constant);
    move(constant);
    MakeInitializer(constant);
  }
  while (!body->nodes_.empty()) {
    Node* node = &body->nodes_.front();
    body->nodes_.erase(*node);
    nodes_.insert_before(*holder, *node);
    node->graph_ = this;
    for (Value* output : node->outputs_) {
      if (output != nullptr) move(output);
    }
  }
  Changed();
  return returned;
}

void Graph::MoveAttributes(Node* from, Node* to) {
  ONNXOPT_CHECK(from->graph_ == this && to->attributes_.empty());
  for (Graph* graph : from->graphs()) graph->parent_ = to;
  to->attributes_ = std::move(from->attributes_);
  from->attributes_.clear();
  to->has_graphs_ = std::exchange(from->has_graphs_, false);
  from->source_form_ = nullptr;
  to->source_form_ = nullptr;
  Changed();
}

// --- Removing things

void Graph::DestroyNode(Node* node) {
  for (const Attribute& attribute : node->attributes_) {
    for (Graph* graph : GraphsOf(attribute)) {
      graph->~Graph();
      model_->arena_.Free(graph, sizeof(Graph));
    }
  }
  for (Value* output : node->outputs_) {
    if (output != nullptr) DestroyValue(output);
  }
  Arena& arena = model_->arena_;
  if (node->input_capacity_ > 0) {
    arena.Free(node->inputs_, node->input_capacity_ * sizeof(Value*));
    arena.Free(node->uses_, node->input_capacity_ * sizeof(Use));
  }
  node->~Node();
  arena.Free(node, sizeof(Node));
}

void Graph::EraseNode(Node* node) {
  ONNXOPT_CHECK(node->graph_ == this && !node->is_terminator_);
  for (size_t i = 0; i < node->num_inputs_; ++i) Unlink(&node->uses_[i]);
  nodes_.erase(*node);
  DestroyNode(node);
  Changed();
}

void Graph::RemoveNodeOutput(Node* node, int index) {
  ClearNodeOutput(node, index);
  node->outputs_.erase(node->outputs_.begin() + index);
  for (int i = index; i < node->num_outputs(); ++i) {
    if (node->outputs_[i] != nullptr) node->outputs_[i]->index_ = i;
  }
  Changed();
}

void Graph::ClearNodeOutput(Node* node, int index) {
  ONNXOPT_CHECK(index >= 0 && index < node->num_outputs());
  if (node->outputs_[index] != nullptr) DestroyValue(node->outputs_[index]);
  node->outputs_[index] = nullptr;
  Changed();
}

void Graph::Unlist(Value* value) {
  inputs_.erase(inputs_.begin() + value->index_);
  for (size_t i = value->index_; i < inputs_.size(); ++i) {
    inputs_[i]->index_ = static_cast<int>(i);
  }
  Changed();
}

void Graph::RemoveGraphInput(Value* input) {
  ONNXOPT_CHECK(input->IsInput() && input->graph_ == this);
  Unlist(input);
  if (input->tensor_ != nullptr) constants_.erase(*input);
  DestroyValue(input);
}

void Graph::RemoveGraphOutput(int index) {
  RemoveInput(terminator_, index);
  output_infos_.erase(output_infos_.begin() + index);
}

void Graph::RemoveConstant(Value* constant) {
  ONNXOPT_CHECK(constant->IsConstant() && constant->graph_ == this);
  if (constant->listed_as_input_) Unlist(constant);
  constants_.erase(*constant);
  DestroyValue(constant);
  Changed();
}

// --- Properties

void Graph::SetOperator(Node* node, const OpDef* op) {
  node->op_ = op;
  Changed();
}

void Graph::SetAttributes(Node* node, std::vector<Attribute> attributes) {
  node->attributes_ = std::move(attributes);
  node->source_form_ = nullptr;
  Changed();
}

void Graph::SetSourceForm(Node* node, std::unique_ptr<const SourceForm> form) {
  node->source_form_ = std::move(form);
}

void Graph::SetAttribute(Node* node, Attribute attribute) {
  node->source_form_ = nullptr;
  if (!GraphsOf(attribute).empty()) node->has_graphs_ = true;
  Changed();
  for (Attribute& existing : node->attributes_) {
    if (existing.name != attribute.name) continue;
    existing = std::move(attribute);
    return;
  }
  node->attributes_.push_back(std::move(attribute));
}

void Graph::RemoveAttribute(Node* node, std::string_view name) {
  node->source_form_ = nullptr;
  std::erase_if(node->attributes_,
                [name](const Attribute& a) { return a.name == name; });
  Changed();
}

void Graph::SetFunction(Node* node, Function* function) {
  node->function_ = function;
  Changed();
}

void Graph::SetType(Value* value, TypeRef type) {
  value->type_ = std::move(type);
  Changed();
}

void Graph::Rename(Value* value, std::string_view name) {
  value->name_ = model_->Intern(name);
  if (model_->names_complete_) model_->names_.insert(value->name_);
  Changed();
}

void Graph::FreezeInput(Value* input, bool keep_listed) {
  ONNXOPT_CHECK(input->IsInput() && input->tensor_ != nullptr);
  input->kind_ = Value::Kind::kConstant;
  input->listed_as_input_ = keep_listed;
  if (!keep_listed) Unlist(input);
  Changed();
}

void Graph::MoveConstantTo(Value* constant, Graph* target,
                           std::string_view name) {
  ONNXOPT_CHECK(constant->IsConstant() && constant->graph_ == this &&
                !constant->listed_as_input_);
  constants_.erase(*constant);
  if (constant->value_info_ >= 0) {
    value_infos_[constant->value_info_] = {};
    constant->value_info_ = -1;
  }
  constant->graph_ = target;
  constant->num_returns_ = 0;
  for (const Use& use : constant->uses()) {
    if (IsReturn(use, *constant)) ++constant->num_returns_;
  }
  target->constants_.push_back(*constant);
  if (!name.empty()) target->Rename(constant, name);
  target->MakeInitializer(constant);
}

void Graph::ListAsInput(Value* constant) {
  ONNXOPT_CHECK(constant->IsConstant() && constant->graph_ == this &&
                !constant->listed_as_input_);
  constant->listed_as_input_ = true;
  constant->index_ = static_cast<int>(inputs_.size());
  inputs_.push_back(constant);
  Changed();
}

void Graph::MakeInitializer(Value* constant) {
  constant->constant_form_ = ConstantForm::kInitializer;
  constant->constant_node_ = nullptr;
  Changed();
}

void Graph::ClearDanglingValueInfos() {
  for (ValueInfoEntry& entry : value_infos_) {
    if (entry.value == nullptr && !entry.message.empty()) {
      entry = {};
      Changed();
    }
  }
}

// --- Node accessors

const Attribute* Node::FindAttribute(std::string_view name) const {
  for (const Attribute& attribute : attributes_) {
    if (attribute.name == name) return &attribute;
  }
  return nullptr;
}

int64_t Node::IntAttribute(std::string_view name, int64_t otherwise) const {
  if (const Attribute* attribute = FindAttribute(name)) {
    const auto* value = std::get_if<int64_t>(&attribute->value);
    return value ? *value : otherwise;
  }
  const AttrDef* def = op_->FindAttr(name);
  if (def == nullptr) return otherwise;
  const auto* value = std::get_if<int64_t>(&def->default_value);
  return value ? *value : otherwise;
}

std::vector<Graph*> Node::graphs() const {
  std::vector<Graph*> all;
  if (!has_graphs_) return all;
  for (const Attribute& attribute : attributes_) {
    for (Graph* graph : GraphsOf(attribute)) all.push_back(graph);
  }
  return all;
}

std::string Node::Describe() const {
  if (is_terminator_) {
    return fmt::format("outputs of graph '{}'", graph_->name());
  }
  std::string text = "node ";
  if (!name_.empty()) {
    text += fmt::format("'{}'", name_);
  } else {
    const auto named = std::find_if(outputs_.begin(), outputs_.end(),
                                    [](Value* v) { return v != nullptr; });
    text += named == outputs_.end()
                ? "without outputs"
                : "producing '" + std::string((*named)->name()) + "'";
  }
  return text + " (" + std::string(op_->FullName()) + ")";
}

}  // namespace onnxopt
