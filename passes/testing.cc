// SPDX-License-Identifier: Apache-2.0
#include "passes/testing.h"

#include <utility>

#include "fmt/core.h"
#include "ir/graph_editor.h"
#include "support/status.h"

namespace onnxopt::pass_testing {
namespace {

Attribute Named(Node* node, std::string_view name, AttrKind kind) {
  Attribute attribute;
  attribute.name = node->graph()->model().Intern(name);
  attribute.kind = kind;
  return attribute;
}

std::string_view NameOf(const Value* value) {
  return value == nullptr ? "_" : value->name();
}

std::string Names(std::span<Value* const> values) {
  std::string text;
  for (const Value* value : values) {
    text += fmt::format("{}{}", text.empty() ? "" : " ", NameOf(value));
  }
  return text;
}

std::string NodeToString(const Node& node) {
  std::string text = fmt::format("{} = {}({})", Names(node.outputs()),
                                 node.op().FullName(), Names(node.inputs()));
  for (const Attribute& attribute : node.attributes()) {
    if (const auto* body = std::get_if<Graph*>(&attribute.value)) {
      text += fmt::format("{{{}: {}}}", attribute.name, ToString(**body));
    }
  }
  return text;
}

}  // namespace

std::unique_ptr<Model> NewModel(int64_t ir_version) {
  auto model = std::make_unique<Model>(OpRegistry::Builtin());
  GraphEditor::ModelFields fields;
  fields.ir_version = ir_version;
  fields.imports = {{"", kTestOpset, {}}};
  GraphEditor::SetModelFields(model.get(), std::move(fields));
  return model;
}

Value* Input(Graph& graph, std::string_view name, TypeRef type) {
  return graph.AddInput(graph.model().Intern(name), std::move(type));
}

TensorRef Floats(std::vector<float> values) {
  const std::string_view bytes(reinterpret_cast<const char*>(values.data()),
                               values.size() * sizeof(float));
  return *Tensor::Owned(ElementType::kFloat,
                        {static_cast<int64_t>(values.size())}, bytes);
}

TensorRef Bool(bool value) {
  return *Tensor::Owned(ElementType::kBool, {},
                        std::string_view(value ? "\1" : "\0", 1));
}

Value* Constant(Graph& graph, std::string_view name, TensorRef tensor) {
  return graph.AddConstant(graph.model().Intern(name), std::move(tensor));
}

Value* ConstantNodeOf(Graph& graph, std::string_view name, TensorRef tensor) {
  Value* value = Constant(graph, name, std::move(tensor));
  ConstantNode node;
  node.op = graph.model().ops().Find("", "Constant", kTestOpset);
  node.attribute = "value";
  GraphEditor::SetConstantNode(value, std::move(node));
  return value;
}

Node* AddNode(Graph& graph, std::string_view op, std::vector<Value*> inputs,
              std::vector<std::string_view> outputs, int64_t opset) {
  Model& model = graph.model();
  const size_t dot = op.rfind('.');
  const bool has_domain = dot != std::string_view::npos;
  const std::string_view domain = has_domain ? op.substr(0, dot) : "";
  const std::string_view name = has_domain ? op.substr(dot + 1) : op;
  const OpDef* def = model.ops().Find(domain, name, opset);
  if (def == nullptr) def = model.OpaqueOp(domain, name, 1);
  for (std::string_view& output : outputs) output = model.Intern(output);
  return graph.AddNode(def, inputs, outputs);
}

Value* Add(Graph& graph, std::string_view op, std::vector<Value*> inputs,
           std::string_view output, int64_t opset) {
  return AddNode(graph, op, std::move(inputs), {output}, opset)->output(0);
}

void SetInt(Node* node, std::string_view name, int64_t value) {
  Attribute attribute = Named(node, name, AttrKind::kInt);
  attribute.value = value;
  node->graph()->SetAttribute(node, std::move(attribute));
}

void SetInts(Node* node, std::string_view name, std::vector<int64_t> values) {
  Attribute attribute = Named(node, name, AttrKind::kInts);
  attribute.value = std::move(values);
  node->graph()->SetAttribute(node, std::move(attribute));
}

void SetReference(Node* node, std::string_view name, AttrKind kind) {
  Attribute attribute = Named(node, name, kind);
  attribute.reference = attribute.name;
  node->graph()->SetAttribute(node, std::move(attribute));
}

Graph* AddBody(Node* node, std::string_view attribute_name) {
  Graph* body = node->graph()->NewGraph(
      node, node->graph()->model().Intern(attribute_name));
  Attribute attribute = Named(node, attribute_name, AttrKind::kGraph);
  attribute.value = body;
  node->graph()->SetAttribute(node, std::move(attribute));
  return body;
}

void Return(Graph& graph, Value* value, std::string_view name) {
  OutputInfo info;
  info.name = name.empty() ? value->name() : graph.model().Intern(name);
  graph.AddOutput(value, std::move(info));
}

Function* AddFunction(Model& model, std::string_view name) {
  GraphEditor::FunctionFields fields;
  fields.domain = "f";
  fields.name = model.Intern(name);
  fields.imports = {{"", kTestOpset, {}}};
  return GraphEditor::AddFunction(&model, std::move(fields));
}

Node* Call(Graph& graph, Function* function, std::vector<Value*> inputs,
           std::vector<std::string_view> outputs) {
  Node* node = AddNode(graph, fmt::format("f.{}", function->name()),
                       std::move(inputs), std::move(outputs));
  graph.SetFunction(node, function);
  return node;
}

std::string ToString(const Graph& graph) {
  std::string text = Names(graph.inputs());
  std::string constants;
  for (const Value& constant : graph.constants()) {
    if (constant.IsInput() || constant.listed_as_input()) continue;
    const bool is_node = constant.constant_form() == ConstantForm::kNode;
    constants += fmt::format("{}{}{}", constants.empty() ? "" : " ",
                             constant.name(), is_node ? "!" : "");
  }
  if (!constants.empty()) {
    text += fmt::format("{}[{}]", text.empty() ? "" : " ", constants);
  }
  std::string nodes;
  for (const Node& node : graph.nodes()) {
    nodes += (nodes.empty() ? "" : ", ") + NodeToString(node);
  }
  text += fmt::format("{}-> {}{}->", text.empty() ? "" : " ", nodes,
                      nodes.empty() ? "" : " ");
  for (size_t i = 0; i < graph.outputs().size(); ++i) {
    const std::string_view name = graph.outputs()[i]->name();
    const std::string_view promised = graph.output_infos()[i].name;
    text += fmt::format(" {}", name);
    if (promised != name) text += fmt::format("@{}", promised);
  }
  return text;
}

absl::StatusOr<RunResult> RunPasses(Model& model, std::string_view passes) {
  Diagnostics diagnostics(/*wants_remarks=*/true);
  OptimizeOptions options;
  options.passes = passes;
  options.manager.diagnostics = &diagnostics;
  options.manager.verify_each = true;
  RunResult result;
  ASSIGN_OR_RETURN(result.report, Optimize(model, options));
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    result.remarks.push_back(diagnostic.pass + ": " + diagnostic.message);
  }
  options.manager.diagnostics = nullptr;
  ASSIGN_OR_RETURN(const OptimizeReport again, Optimize(model, options));
  if (again.changes != 0) {
    return absl::InternalError("a second run changes the model again");
  }
  return result;
}

}  // namespace onnxopt::pass_testing
