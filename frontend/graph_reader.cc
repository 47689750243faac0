// SPDX-License-Identifier: Apache-2.0
#include "frontend/graph_reader.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "frontend/annotations_wire.h"
#include "frontend/constant_node.h"
#include "frontend/proto_fields.h"
#include "frontend/type_wire.h"
#include "frontend/wire_reader.h"
#include "support/status.h"
#include "support/text_escape.h"

namespace onnxopt {
namespace {

namespace field = proto::graph;

std::string Quoted(std::string_view text) { return QuoteForMessage(text); }

}  // namespace

struct GraphReader::NodeFields {
  std::vector<std::string_view> inputs, outputs, attributes;
  std::string_view name, op_type, domain, overload;
  Annotations annotations;

  absl::Status Parse(std::string_view message, Model* model);
  std::string Describe() const {
    std::string text = "node ";
    if (!name.empty()) {
      text += Quoted(name);
    } else if (!outputs.empty()) {
      text += "producing " + Quoted(outputs[0]);
    }
    return text + " (" + std::string(op_type) + ")";
  }
};

absl::Status GraphReader::NodeFields::Parse(std::string_view message,
                                            Model* model) {
  AnnotationsReader rest(proto::node::kDocString, proto::node::kMetadata);
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.type() != WireType::kBytes) {
      rest.Take(reader);
      continue;
    }
    switch (reader.field()) {
      case proto::node::kInput:
        inputs.push_back(reader.bytes());
        break;
      case proto::node::kOutput:
        outputs.push_back(reader.bytes());
        break;
      case proto::node::kName:
        name = rest.String(reader);
        break;
      case proto::node::kOpType:
        op_type = rest.String(reader);
        break;
      case proto::node::kAttribute:
        attributes.push_back(reader.bytes());
        break;
      case proto::node::kDomain:
        domain = rest.String(reader);
        if (domain == "ai.onnx") {
          rest.Keep(reader);
          domain = "";
        }
        break;
      case proto::node::kOverload:
        overload = rest.String(reader);
        break;
      default:
        rest.Take(reader);
    }
  }
  annotations = rest.Finish(model);
  return reader.status();
}

// --- Scopes and operators

absl::Status GraphReader::Define(Value* value, Scope* scope) {
  if (scope->values.emplace(value->name(), value).second) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "value " + Quoted(value->name()) +
      " is defined twice; every input, initializer and node output needs a "
      "name of its own");
}

Value* GraphReader::Find(std::string_view name, const Scope& scope) {
  for (const Scope* s = &scope; s != nullptr; s = s->outer) {
    const auto it = s->values.find(name);
    if (it != s->values.end()) return it->second;
  }
  return nullptr;
}

void GraphReader::WarnOnce(const std::string& message) {
  if (warned_.insert(message).second) diagnostics_->Warn(message);
}

const OpDef* GraphReader::FindOp(const NodeFields& fields, const Graph& graph) {
  const OpRegistry& ops = model_->ops();
  std::optional<int64_t> version;
  for (const OpsetImport& import : model_->ImportsOf(graph)) {
    if (import.domain == fields.domain) version = import.version;
  }
  const auto opaque = [&](const std::string& why) {
    if (!why.empty()) {
      WarnOnce(why + "; nodes of " + Quoted(fields.op_type) +
               " are kept as they are");
    }
    return model_->OpaqueOp(fields.domain, fields.op_type, version.value_or(0));
  };
  const std::string domain =
      fields.domain.empty() ? "ai.onnx" : std::string(fields.domain);
  if (!version) return opaque("domain " + domain + " is not imported");
  const int64_t newest = ops.max_version(fields.domain);
  if (newest == 0) return opaque("");
  if (*version > newest) {
    return opaque(absl::StrCat("opset ", *version, " of ", domain,
                               " is newer than ", newest,
                               ", the newest one known"));
  }
  const OpDef* op = ops.Find(fields.domain, fields.op_type, *version);
  // GroupNormalization-18 is deprecated, and lives on as version 21.
  const auto lives_on = [&] {
    return !ops.Find(fields.domain, fields.op_type, newest)->deprecated();
  };
  if (op == nullptr || (op->deprecated() && !lives_on())) {
    return opaque(absl::StrCat("opset ", *version, " of ", domain,
                               " has no such operator"));
  }
  return op;
}

// --- Graphs

absl::Status GraphReader::ReadMainGraph(
    std::string_view message,
    const absl::flat_hash_set<std::string_view>& pinned) {
  Scope scope;
  scope.graph = model_->graph();
  RETURN_IF_ERROR(ReadGraph(message, &scope));
  for (std::string_view name : pinned) {
    const auto it = scope.values.find(name);
    if (it != scope.values.end()) GraphEditor::SetPinned(it->second);
  }
  return absl::OkStatus();
}

absl::Status GraphReader::ReadFunctionBody(std::string_view message,
                                           Function* function) {
  Scope scope;
  scope.graph = function->body();
  WireReader inputs(message);
  while (inputs.Next()) {
    if (!inputs.Is(proto::function::kInput, WireType::kBytes)) continue;
    RETURN_IF_ERROR(
        Define(scope.graph->AddInput(inputs.bytes(), nullptr), &scope));
  }
  uint32_t index = 0;
  WireReader nodes(message);
  while (nodes.Next()) {
    if (!nodes.Is(proto::function::kNode, WireType::kBytes)) continue;
    RETURN_IF_ERROR(ReadNode(nodes.bytes(), index++, &scope));
  }
  WireReader rest(message);
  while (rest.Next()) {
    if (rest.Is(proto::function::kOutput, WireType::kBytes)) {
      Value* value = Find(rest.bytes(), scope);
      if (value == nullptr) {
        return absl::InvalidArgumentError("output " + Quoted(rest.bytes()) +
                                          " is never defined");
      }
      scope.graph->AddOutput(value, {rest.bytes(), nullptr, {}});
    } else if (rest.Is(proto::function::kValueInfo, WireType::kBytes)) {
      RETURN_IF_ERROR(ReadDeclaration(rest.bytes(), &scope));
    }
  }
  return absl::OkStatus();
}

absl::Status GraphReader::ReadGraph(std::string_view message, Scope* scope) {
  if (scope->depth > kMaxNesting) {
    return absl::InvalidArgumentError(
        absl::StrCat("graphs are nested deeper than ", kMaxNesting, " levels"));
  }
  RETURN_IF_ERROR(ReadDefinitions(message, scope));
  uint32_t index = 0;
  WireReader nodes(message);
  while (nodes.Next()) {
    if (!nodes.Is(field::kNode, WireType::kBytes)) continue;
    RETURN_IF_ERROR(ReadNode(nodes.bytes(), index++, scope));
  }
  return ReadDeclarations(message, scope);
}

// Everything that exists before the first node: name, inputs, initializers.
absl::Status GraphReader::ReadDefinitions(std::string_view message,
                                          Scope* scope) {
  AnnotationsReader rest(field::kDocString, field::kMetadata);
  std::vector<std::pair<std::string_view, bool>> initializers;
  WireReader reader(message);
  while (reader.Next()) {
    const bool is_bytes = reader.type() == WireType::kBytes;
    const int id = reader.field();
    if (is_bytes && id == field::kName) {
      GraphEditor::SetName(scope->graph, rest.String(reader));
    } else if (is_bytes && id == field::kInput) {
      RETURN_IF_ERROR(ReadInput(reader.bytes(), scope));
    } else if (is_bytes &&
               (id == field::kInitializer || id == field::kSparseInitializer)) {
      initializers.emplace_back(reader.bytes(),
                                id == field::kSparseInitializer);
    } else if (is_bytes &&
               (id == field::kNode || id == field::kOutput ||
                id == field::kValueInfo || id == field::kQuantization)) {
      continue;
    } else {
      rest.Take(reader);
    }
  }
  RETURN_IF_ERROR(reader.status());
  Annotations annotations = rest.Finish(model_);
  if (!annotations.empty()) {
    GraphEditor::SetAnnotations(scope->graph, std::move(annotations));
  }
  for (const auto& [tensor, sparse] : initializers) {
    RETURN_IF_ERROR(ReadInitializer(tensor, sparse, scope));
  }
  return absl::OkStatus();
}

// Everything that refers to values: outputs, value_info, annotations.
absl::Status GraphReader::ReadDeclarations(std::string_view message,
                                           Scope* scope) {
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.Is(field::kOutput, WireType::kBytes)) {
      RETURN_IF_ERROR(ReadOutput(reader.bytes(), scope));
    } else if (reader.Is(field::kValueInfo, WireType::kBytes)) {
      RETURN_IF_ERROR(ReadDeclaration(reader.bytes(), scope));
    } else if (reader.Is(field::kQuantization, WireType::kBytes)) {
      RETURN_IF_ERROR(ReadQuantization(reader.bytes(), scope));
    }
  }
  return absl::OkStatus();
}

absl::Status GraphReader::ReadInput(std::string_view message, Scope* scope) {
  ASSIGN_OR_RETURN(ValueInfo info, ReadValueInfo(message, model_));
  if (info.name.empty()) {
    return absl::InvalidArgumentError(
        "an input of graph " + Quoted(scope->graph->name()) + " has no name");
  }
  Value* value = scope->graph->AddInput(info.name, std::move(info.type));
  if (!info.annotations.empty()) {
    GraphEditor::SetAnnotations(value, std::move(info.annotations));
  }
  return Define(value, scope);
}

absl::Status GraphReader::ReadInitializer(std::string_view message, bool sparse,
                                          Scope* scope) {
  ASSIGN_OR_RETURN(NamedTensor read, sparse
                                         ? tensors_->ReadSparseTensor(message)
                                         : tensors_->ReadTensor(message));
  Graph* graph = scope->graph;
  if (read.name.empty()) {
    return absl::InvalidArgumentError("an initializer of graph " +
                                      Quoted(graph->name()) + " has no name");
  }
  const auto it = scope->values.find(read.name);
  if (it == scope->values.end()) {
    return Define(graph->AddConstant(read.name, std::move(read.tensor)), scope);
  }
  Value* value = it->second;
  if (!value->IsInput() || value->tensor() != nullptr) {
    return absl::InvalidArgumentError("initializer " + Quoted(read.name) +
                                      " is defined twice");
  }
  if (graph->parent() != nullptr) {
    return absl::InvalidArgumentError(
        "input " + Quoted(read.name) +
        " of a nested graph is also an initializer");
  }
  GraphEditor::SetDefault(value, std::move(read.tensor));
  const bool must_be_listed = model_->ir_version() < 4;
  if (must_be_listed || options_.freeze_initializers) {
    graph->FreezeInput(value, /*keep_listed=*/must_be_listed);
  }
  return absl::OkStatus();
}

// --- Nodes

absl::Status GraphReader::ReadNode(std::string_view message, uint32_t index,
                                   Scope* scope) {
  NodeFields fields;
  RETURN_IF_ERROR(fields.Parse(message, model_));
  if (fields.op_type.empty()) {
    return absl::InvalidArgumentError(fields.Describe() + " names no operator");
  }
  const auto in_node = [&fields](absl::Status status) {
    return status.ok() ? status
                       : Annotate(std::move(status), fields.Describe());
  };
  Function* function =
      model_->FindFunction(fields.domain, fields.op_type, fields.overload);
  const OpDef* op = function != nullptr
                        ? model_->OpaqueOp(fields.domain, fields.op_type, 0)
                        : FindOp(fields, *scope->graph);
  if (function == nullptr) {
    absl::StatusOr<bool> done = ReadConstantNode(fields, op, index, scope);
    if (!done.ok()) return in_node(done.status());
    if (*done) return absl::OkStatus();
  }
  std::vector<Value*> inputs;
  inputs.reserve(fields.inputs.size());
  for (std::string_view name : fields.inputs) {
    inputs.push_back(name.empty() ? nullptr : Find(name, *scope));
    if (inputs.back() == nullptr && !name.empty()) {
      return absl::InvalidArgumentError(
          fields.Describe() + " uses " + Quoted(name) +
          ", which no input, initializer or earlier node defines; nodes must "
          "be in topological order");
    }
  }
  Node* node = scope->graph->AddNode(op, inputs, fields.outputs, fields.name);
  GraphEditor::SetFileIndex(node, index);
  GraphEditor::SetOverload(node, fields.overload);
  if (function != nullptr) scope->graph->SetFunction(node, function);
  if (!fields.annotations.empty()) {
    GraphEditor::SetAnnotations(node, fields.annotations);
  }
  RETURN_IF_ERROR(in_node(ReadAttributes(fields, node, *scope)));
  for (Value* output : node->outputs()) {
    if (output == nullptr) continue;
    RETURN_IF_ERROR(in_node(Define(output, scope)));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> GraphReader::ReadConstantNode(NodeFields& fields,
                                                   const OpDef* op,
                                                   uint32_t index,
                                                   Scope* scope) {
  if (op->id() != "Constant"_op || !fields.inputs.empty() ||
      fields.outputs.size() != 1 || fields.outputs[0].empty() ||
      fields.attributes.size() != 1) {
    return false;
  }
  ASSIGN_OR_RETURN(const ParsedAttribute parsed,
                   ReadAttribute(fields.attributes[0], model_, tensors_));
  const Attribute& attribute = parsed.attribute;
  const AttrDef* def = op->FindAttr(attribute.name);
  if (def == nullptr || def->kind != attribute.kind) return false;
  ASSIGN_OR_RETURN(TensorRef tensor, ConstantTensor(attribute));
  if (tensor == nullptr) return false;
  Value* value = scope->graph->AddConstant(fields.outputs[0], tensor);
  GraphEditor::SetConstantNode(
      value, {fields.name, op, attribute.name, std::move(fields.annotations),
              attribute.message, index});
  RETURN_IF_ERROR(Define(value, scope));
  return true;
}

absl::Status GraphReader::ReadAttributes(const NodeFields& fields, Node* node,
                                         const Scope& scope) {
  Graph* graph = node->graph();
  for (std::string_view message : fields.attributes) {
    ASSIGN_OR_RETURN(ParsedAttribute parsed,
                     ReadAttribute(message, model_, tensors_));
    Attribute& attribute = parsed.attribute;
    if (node->FindAttribute(attribute.name) != nullptr) {
      return absl::InvalidArgumentError("attribute " + Quoted(attribute.name) +
                                        " is given twice");
    }
    if (attribute.IsReference() && graph->function() == nullptr) {
      return absl::InvalidArgumentError(
          "attribute " + Quoted(attribute.name) + " refers to " +
          Quoted(attribute.reference) + ", but is not inside a function");
    }
    std::vector<Graph*> bodies;
    for (size_t i = 0; i < parsed.graphs.size(); ++i) {
      bodies.push_back(graph->NewGraph(node, {}));
    }
    // The node owns the graphs from here on, also if reading one fails.
    if (attribute.kind == AttrKind::kGraphs) {
      attribute.value = bodies;
    } else if (!bodies.empty()) {
      attribute.value = bodies[0];
    }
    graph->SetAttribute(node, std::move(attribute));
    for (size_t i = 0; i < bodies.size(); ++i) {
      Scope body;
      body.graph = bodies[i];
      body.outer = &scope;
      body.depth = scope.depth + 1;
      RETURN_IF_ERROR(ReadGraph(parsed.graphs[i], &body));
    }
  }
  return absl::OkStatus();
}

// --- Declarations

absl::Status GraphReader::ReadOutput(std::string_view message, Scope* scope) {
  ASSIGN_OR_RETURN(ValueInfo info, ReadValueInfo(message, model_));
  Value* value = Find(info.name, *scope);
  if (value == nullptr) {
    return absl::InvalidArgumentError(
        "output " + Quoted(info.name) + " of graph " +
        Quoted(scope->graph->name()) + " is never defined");
  }
  scope->graph->AddOutput(
      value, {info.name, std::move(info.type), std::move(info.annotations)});
  return absl::OkStatus();
}

absl::Status GraphReader::ReadDeclaration(std::string_view message,
                                          Scope* scope) {
  ASSIGN_OR_RETURN(ValueInfo info, ReadValueInfo(message, model_));
  const auto it = scope->values.find(info.name);
  // An input of a graph has its declaration among the inputs, a second one
  // adds nothing; inputs of functions are declared here.
  const bool is_function_body =
      scope->graph->parent() == nullptr && scope->graph->function() != nullptr;
  const auto takes_declaration = [&](const Value& value) {
    if (value.declared()) return false;
    return is_function_body || !(value.IsInput() || value.listed_as_input());
  };
  if (it == scope->values.end() || !takes_declaration(*it->second)) {
    GraphEditor::AddDanglingValueInfo(scope->graph, message);
    return absl::OkStatus();
  }
  Value* value = it->second;
  GraphEditor::Declare(value, std::move(info.type));
  if (!info.annotations.empty()) {
    GraphEditor::SetAnnotations(value, std::move(info.annotations));
  }
  return absl::OkStatus();
}

absl::Status GraphReader::ReadQuantization(std::string_view message,
                                           Scope* scope) {
  const auto pin = [scope](std::string_view name) {
    if (Value* value = Find(name, *scope)) GraphEditor::SetPinned(value);
  };
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.Is(proto::annotation::kTensorName, WireType::kBytes)) {
      pin(reader.bytes());
    } else if (reader.Is(proto::annotation::kParameters, WireType::kBytes)) {
      WireReader entry(reader.bytes());
      while (entry.Next()) {
        if (entry.Is(proto::entry::kValue, WireType::kBytes)) {
          pin(entry.bytes());
        }
      }
      RETURN_IF_ERROR(entry.status());
    }
  }
  RETURN_IF_ERROR(reader.status());
  GraphEditor::AddQuantizationAnnotation(scope->graph, message);
  return absl::OkStatus();
}

}  // namespace onnxopt
