// SPDX-License-Identifier: Apache-2.0
// EncodeModel: from the IR to a ModelProto.
#include <string>
#include <utility>

#include "frontend/annotations_wire.h"
#include "frontend/attribute_writer.h"
#include "frontend/proto_fields.h"
#include "frontend/tensor_writer.h"
#include "frontend/type_wire.h"
#include "frontend/writer.h"
#include "ir/export_names.h"
#include "ir/export_order.h"

namespace onnxopt {
namespace {

class ModelEncoder {
 public:
  ModelEncoder(Model& model, ExternalPlan plan)
      : model_(model), names_(model), plan_(plan) {}

  WireWriter Encode() && {
    namespace f = proto::model;
    WriteAnnotations(model_.annotations(), f::kDocString, f::kMetadata, &out_);
    out_.Int(f::kIrVersion, model_.ir_version());
    out_.OptionalBytes(f::kProducerName, model_.producer_name());
    out_.OptionalBytes(f::kProducerVersion, model_.producer_version());
    out_.OptionalBytes(f::kDomain, model_.domain());
    if (model_.model_version() != 0) {
      out_.Int(f::kModelVersion, model_.model_version());
    }
    for (const OpsetImport& import : model_.opset_imports()) {
      Message(f::kOpsetImport, [&] { WriteImport(import); });
    }
    for (std::string_view info : model_.training_infos()) {
      out_.Bytes(f::kTrainingInfo, info);
    }
    for (const Function* function : model_.functions()) {
      Message(f::kFunctions, [&] { WriteFunction(*function); });
    }
    Message(f::kGraph, [&] { WriteGraph(*model_.graph()); });
    return std::move(out_);
  }

 private:
  template <typename Write>
  void Message(int field, Write write) {
    const size_t begin = out_.Begin(field);
    write();
    out_.End(begin);
  }

  void WriteImport(const OpsetImport& import) {
    out_.Raw(import.unknown_fields);
    out_.OptionalBytes(proto::opset_id::kDomain, import.domain);
    out_.Int(proto::opset_id::kVersion, import.version);
  }

  void WriteFunction(const Function& function) {
    namespace f = proto::function;
    const Graph& body = *function.body();
    WriteAnnotations(function.annotations(), f::kDocString, f::kMetadata,
                     &out_);
    out_.Bytes(f::kName, function.name());
    out_.OptionalBytes(f::kDomain, function.domain());
    out_.OptionalBytes(f::kOverload, function.overload());
    for (const Value* input : body.inputs()) {
      out_.Bytes(f::kInput, names_.Of(*input));
    }
    for (size_t i = 0; i < body.outputs().size(); ++i) {
      out_.Bytes(f::kOutput, names_.OfOutput(body, static_cast<int>(i)));
    }
    for (std::string_view name : function.attributes()) {
      out_.Bytes(f::kAttribute, name);
    }
    for (const Attribute& attribute : function.attribute_defaults()) {
      Message(f::kAttributeProto, [&] { WriteOneAttribute(attribute); });
    }
    for (const OpsetImport& import : function.opset_imports()) {
      Message(f::kOpsetImport, [&] { WriteImport(import); });
    }
    WriteNodes(body, f::kNode);
    WriteValueInfos(body, f::kValueInfo);
  }

  void WriteGraph(const Graph& graph) {
    namespace f = proto::graph;
    WriteAnnotations(graph.annotations(), f::kDocString, f::kMetadata, &out_);
    out_.OptionalBytes(f::kName, graph.name());
    WriteNodes(graph, f::kNode);
    for (const Value& constant : graph.constants()) {
      if (IsExportedAsNode(constant)) continue;
      const bool sparse = constant.tensor()->IsSpeltSparse();
      Message(sparse ? f::kSparseInitializer : f::kInitializer, [&] {
        WriteTensor(names_.Of(constant), constant.tensor(), plan_, &out_);
      });
    }
    for (const Value* input : graph.inputs()) {
      Message(f::kInput, [&] { WriteDeclaration(*input); });
    }
    for (size_t i = 0; i < graph.outputs().size(); ++i) {
      const OutputInfo& info = graph.output_infos()[i];
      Message(f::kOutput, [&] {
        WriteValueInfo(names_.OfOutput(graph, static_cast<int>(i)), info.type,
                       info.annotations, &out_);
      });
    }
    WriteValueInfos(graph, f::kValueInfo);
    for (std::string_view annotation : graph.quantization_annotations()) {
      out_.Bytes(f::kQuantization, annotation);
    }
  }

  void WriteValueInfos(const Graph& graph, int field) {
    for (const ValueInfoEntry& entry : graph.value_infos()) {
      if (entry.value == nullptr) {
        if (!entry.message.empty()) out_.Bytes(field, entry.message);
        continue;
      }
      // A value written under the name of an output is declared there.
      if (names_.Of(*entry.value) != entry.value->name()) continue;
      Message(field, [&] { WriteDeclaration(*entry.value); });
    }
  }

  void WriteDeclaration(const Value& value) {
    WriteValueInfo(names_.Of(value), value.TypeToDeclare(), value.annotations(),
                   &out_);
  }

  void WriteNodes(const Graph& graph, int field) {
    for (const ExportItem& item : ExportOrder(graph)) {
      Message(field, [&] {
        if (auto* node = std::get_if<const Node*>(&item)) {
          WriteNode(**node);
        } else {
          WriteConstantNode(*std::get<const Value*>(item));
        }
      });
    }
    for (const ExportNames::Forward& forward : names_.ForwardsOf(graph)) {
      Message(field, [&] {
        out_.Bytes(proto::node::kInput, names_.Of(*forward.value));
        out_.Bytes(proto::node::kOutput, forward.output);
        out_.Bytes(proto::node::kName, forward.node_name);
        out_.Bytes(proto::node::kOpType, "Identity");
      });
    }
  }

  void WriteNode(const Node& node) {
    namespace f = proto::node;
    WriteAnnotations(node.annotations(), f::kDocString, f::kMetadata, &out_);
    const auto name_of = [&](const Value* value) {
      return value == nullptr ? std::string_view() : names_.Of(*value);
    };
    for (const Value* v : node.inputs()) out_.Bytes(f::kInput, name_of(v));
    for (const Value* v : node.outputs()) out_.Bytes(f::kOutput, name_of(v));
    out_.OptionalBytes(f::kName, node.name());
    out_.Bytes(f::kOpType, node.op().name());
    out_.OptionalBytes(f::kDomain, node.op().domain());
    out_.OptionalBytes(f::kOverload, node.overload());
    for (const Attribute& attribute : node.attributes()) {
      Message(f::kAttribute, [&] { WriteOneAttribute(attribute); });
    }
  }

  void WriteConstantNode(const Value& constant) {
    namespace f = proto::node;
    static const ConstantNode kPlain;
    const ConstantNode& node =
        constant.constant_node() ? *constant.constant_node() : kPlain;
    WriteAnnotations(node.annotations, f::kDocString, f::kMetadata, &out_);
    out_.Bytes(f::kOutput, names_.Of(constant));
    out_.OptionalBytes(f::kName, node.name);
    out_.Bytes(f::kOpType, "Constant");
    const bool sparse = constant.tensor()->IsSpeltSparse();
    Attribute attribute;
    attribute.name = sparse ? "sparse_value" : "value";
    attribute.kind = sparse ? AttrKind::kSparseTensor : AttrKind::kTensor;
    attribute.value = constant.tensor();
    attribute.message = node.message;
    Message(f::kAttribute, [&] { WriteOneAttribute(attribute); });
  }

  void WriteOneAttribute(const Attribute& attribute) {
    WriteAttribute(
        attribute, model_, plan_,
        [this](const Graph& graph) { WriteGraph(graph); }, &out_);
  }

  Model& model_;
  ExportNames names_;
  ExternalPlan plan_;
  WireWriter out_;
};

}  // namespace

WireWriter EncodeModel(Model& model, ExternalPlan external) {
  return ModelEncoder(model, external).Encode();
}

}  // namespace onnxopt
