// SPDX-License-Identifier: Apache-2.0
#include "frontend/attribute_writer.h"

#include <functional>
#include <memory>
#include <vector>

#include "frontend/proto_fields.h"
#include "frontend/tensor_writer.h"
#include "frontend/type_wire.h"

namespace onnxopt {
namespace {

namespace field = proto::attribute;

// Whether data of the tensors of `attribute` has to move.
bool MovesData(const Attribute& attribute, ExternalPlan plan) {
  const auto moves = [&](const TensorRef& tensor) {
    return plan(*tensor) != tensor->external();
  };
  if (auto* tensor = std::get_if<TensorRef>(&attribute.value)) {
    return moves(*tensor);
  }
  if (auto* all = std::get_if<std::vector<TensorRef>>(&attribute.value)) {
    for (const TensorRef& tensor : *all) {
      if (moves(tensor)) return true;
    }
  }
  return false;
}

// The buffer that holds `bytes`, so that they need not be copied.
std::shared_ptr<const Buffer> BufferOf(std::string_view bytes,
                                       const Model& model) {
  for (const auto& buffer : model.buffers()) {
    const std::string_view all = buffer->bytes();
    if (std::less_equal<>()(all.data(), bytes.data()) &&
        std::less_equal<>()(bytes.data() + bytes.size(),
                            all.data() + all.size())) {
      return buffer;
    }
  }
  return nullptr;
}

class ValueWriter {
 public:
  ValueWriter(ExternalPlan plan,
              absl::FunctionRef<void(const Graph&)> write_graph, AttrKind kind,
              WireWriter* out)
      : plan_(plan), write_graph_(write_graph), kind_(kind), out_(out) {}

  void operator()(std::monostate) {}
  void operator()(float value) { out_->Float(field::kF, value); }
  void operator()(int64_t value) { out_->Int(field::kI, value); }
  void operator()(std::string_view value) { out_->Bytes(field::kS, value); }
  void operator()(const TensorRef& tensor) {
    Message(kind_ == AttrKind::kSparseTensor ? field::kSparseTensor : field::kT,
            [&] { WriteTensor("", tensor, plan_, out_); });
  }
  void operator()(Graph* graph) {
    Message(field::kG, [&] { write_graph_(*graph); });
  }
  void operator()(const std::vector<float>& values) {
    for (float value : values) out_->Float(field::kFloats, value);
  }
  void operator()(const std::vector<int64_t>& values) {
    for (int64_t value : values) out_->Int(field::kInts, value);
  }
  void operator()(const std::vector<std::string_view>& values) {
    for (std::string_view value : values) {
      out_->Bytes(field::kStrings, value);
    }
  }
  void operator()(const std::vector<TensorRef>& tensors) {
    for (const TensorRef& tensor : tensors) {
      Message(kind_ == AttrKind::kSparseTensors ? field::kSparseTensors
                                                : field::kTensors,
              [&] { WriteTensor("", tensor, plan_, out_); });
    }
  }
  void operator()(const std::vector<Graph*>& graphs) {
    for (const Graph* graph : graphs) {
      Message(field::kGraphs, [&] { write_graph_(*graph); });
    }
  }
  void operator()(const TypeRef& type) {
    Message(field::kTp, [&] {
      if (type != nullptr) WriteType(*type, out_);
    });
  }
  void operator()(const std::vector<TypeRef>& types) {
    for (const TypeRef& type : types) {
      Message(field::kTypeProtos, [&] {
        if (type != nullptr) WriteType(*type, out_);
      });
    }
  }

 private:
  template <typename Write>
  void Message(int field, Write write) {
    const size_t begin = out_->Begin(field);
    write();
    out_->End(begin);
  }

  ExternalPlan plan_;
  absl::FunctionRef<void(const Graph&)> write_graph_;
  AttrKind kind_;
  WireWriter* out_;
};

}  // namespace

void WriteAttribute(const Attribute& attribute, const Model& model,
                    ExternalPlan plan,
                    absl::FunctionRef<void(const Graph&)> write_graph,
                    WireWriter* out) {
  if (!attribute.message.empty() && !MovesData(attribute, plan)) {
    out->Raw(attribute.message, BufferOf(attribute.message, model));
    return;
  }
  out->Raw(attribute.unknown_fields);
  out->Bytes(field::kName, attribute.name);
  out->OptionalBytes(field::kDocString, attribute.doc_string);
  out->OptionalBytes(field::kRefAttrName, attribute.reference);
  out->Varint(field::kType, static_cast<uint64_t>(attribute.kind));
  std::visit(ValueWriter(plan, write_graph, attribute.kind, out),
             attribute.value);
}

}  // namespace onnxopt
