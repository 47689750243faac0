// SPDX-License-Identifier: Apache-2.0
#include "ir/model.h"

#include <algorithm>
#include <new>
#include <utility>

#include "ir/free_name.h"
#include "ir/graph_editor.h"
#include "ir/walk.h"
#include "support/status.h"

namespace onnxopt {
namespace {

// Unambiguous: domains and names hold no NUL.
std::string FunctionKey(std::string_view domain, std::string_view name,
                        std::string_view overload) {
  std::string key(domain);
  key += '\0';
  key += name;
  key += '\0';
  key += overload;
  return key;
}

}  // namespace

Model::Model(std::shared_ptr<const OpRegistry> ops) : ops_(std::move(ops)) {
  graph_ = new (arena_.Allocate(sizeof(Graph))) Graph(this, nullptr, nullptr);
}

Model::~Model() {
  graph_->~Graph();
  for (Function* function : functions_) {
    function->body_->~Graph();
    function->~Function();
  }
}

Function* Model::FindFunction(std::string_view domain, std::string_view name,
                              std::string_view overload) const {
  if (functions_.empty()) return nullptr;
  const auto it = function_index_.find(FunctionKey(domain, name, overload));
  return it == function_index_.end() ? nullptr : it->second;
}

void Model::RemoveFunction(Function* function) {
  function_index_.erase(
      FunctionKey(function->domain_, function->name_, function->overload_));
  std::erase(functions_, function);
  function->body_->~Graph();
  arena_.Free(function->body_, sizeof(Graph));
  function->~Function();
  arena_.Free(function, sizeof(Function));
  ++epoch_;
}

std::span<const OpsetImport> Model::ImportsOf(const Graph& graph) const {
  if (graph.function() != nullptr) return graph.function()->opset_imports();
  return imports_;
}

bool Model::HasName(std::string_view name) {
  if (!names_complete_) {
    ForEachGraph(*this, [this](const Graph& graph) {
      ForEachValue(graph, [this](const Value& v) { names_.insert(v.name()); });
      for (const OutputInfo& info : graph.output_infos()) {
        names_.insert(info.name);
      }
    });
    names_complete_ = true;
  }
  return names_.contains(name);
}

std::string_view Model::UniqueName(std::string_view base) {
  const std::string_view name =
      Intern(HasName(base) ? FreeName(base,
                                      [this](std::string_view candidate) {
                                        return HasName(candidate);
                                      })
                           : std::string(base));
  names_.insert(name);
  return name;
}

const OpDef* Model::OpaqueOp(std::string_view domain, std::string_view name,
                             int64_t version) {
  const OpDef*& op =
      opaque_index_[FunctionKey(domain, name, std::to_string(version))];
  if (op == nullptr) {
    opaque_ops_.push_back(std::make_unique<OpDef>(
        OpDef::Opaque(Intern(domain), Intern(name), version)));
    op = opaque_ops_.back().get();
  }
  return op;
}

// --- GraphEditor

void GraphEditor::SetModelFields(Model* model, ModelFields fields) {
  model->ir_version_ = fields.ir_version;
  model->model_version_ = fields.model_version;
  model->producer_name_ = fields.producer_name;
  model->producer_version_ = fields.producer_version;
  model->domain_ = fields.domain;
  model->source_name_ = fields.source_name;
  model->imports_ = std::move(fields.imports);
  model->training_infos_ = std::move(fields.training_infos);
  model->annotations_ = std::move(fields.annotations);
}

void GraphEditor::SetOpset(Model* model, std::string_view domain,
                           int64_t opset) {
  const auto set = [&](std::vector<OpsetImport>& imports) {
    for (OpsetImport& import : imports) {
      if (import.domain == domain) import.version = opset;
    }
  };
  set(model->imports_);
  for (Function* function : model->functions_) set(function->imports_);
  ++model->epoch_;
}

void GraphEditor::RaiseIrVersion(Model* model, int64_t opset) {
  const int64_t before = model->ir_version_;
  model->ir_version_ = std::max(before, MinIrVersion(opset));
  if (before >= kFirstIrWithoutListing ||
      model->ir_version_ < kFirstIrWithoutListing) {
    return;
  }
  Graph* graph = model->graph();
  for (Value& constant : graph->constants()) {
    if (!constant.listed_as_input()) continue;
    graph->Unlist(&constant);
    constant.listed_as_input_ = false;
  }
}

Function* GraphEditor::AddFunction(Model* model, FunctionFields fields) {
  Function*& slot = model->function_index_[FunctionKey(
      fields.domain, fields.name, fields.overload)];
  ONNXOPT_CHECK(slot == nullptr);
  Function* function = new (model->arena_.Allocate(sizeof(Function))) Function;
  function->domain_ = fields.domain;
  function->name_ = fields.name;
  function->overload_ = fields.overload;
  function->attributes_ = std::move(fields.attributes);
  function->defaults_ = std::move(fields.defaults);
  function->imports_ = std::move(fields.imports);
  function->annotations_ = std::move(fields.annotations);
  function->body_ = new (model->arena_.Allocate(sizeof(Graph)))
      Graph(model, nullptr, function);
  slot = function;
  model->functions_.push_back(function);
  return function;
}

void GraphEditor::SetAnnotations(Graph* graph, Annotations annotations) {
  graph->annotations_ = std::make_unique<Annotations>(std::move(annotations));
}

void GraphEditor::SetAnnotations(Value* value, Annotations annotations) {
  value->annotations_ = std::make_unique<Annotations>(std::move(annotations));
}

void GraphEditor::SetAnnotations(Node* node, Annotations annotations) {
  node->annotations_ = std::make_unique<Annotations>(std::move(annotations));
}

void GraphEditor::Declare(Value* value, TypeRef type) {
  value->declared_type_ = std::move(type);
  Graph* graph = value->graph_;
  value->value_info_ = static_cast<int>(graph->value_infos_.size());
  graph->value_infos_.push_back({value, {}});
}

void GraphEditor::SetDefault(Value* input, TensorRef tensor) {
  ONNXOPT_CHECK(input->IsInput() && input->tensor_ == nullptr);
  input->tensor_ = std::move(tensor);
  input->graph_->constants_.push_back(*input);
}

void GraphEditor::SetConstantNode(Value* constant, ConstantNode node) {
  constant->constant_form_ = ConstantForm::kNode;
  constant->constant_node_ = std::make_unique<ConstantNode>(std::move(node));
}

}  // namespace onnxopt
