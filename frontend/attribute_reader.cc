// SPDX-License-Identifier: Apache-2.0
#include "frontend/attribute_reader.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "frontend/annotations_wire.h"
#include "frontend/proto_fields.h"
#include "frontend/type_wire.h"
#include "frontend/wire_reader.h"
#include "support/status.h"
#include "support/text_escape.h"

namespace onnxopt {
namespace {

namespace field = proto::attribute;

// Everything an AttributeProto may hold, by field.
struct Contents {
  std::string_view name, reference, doc_string;
  int64_t kind = 0;
  std::optional<float> f;
  std::optional<int64_t> i;
  std::optional<std::string_view> s;
  std::vector<TensorRef> tensor, tensors, sparse, sparses;
  std::vector<std::string_view> graph, graphs, strings;
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<TypeRef> type, types;
};

// The kind of value that is set; kUndefined if none, nullopt if several.
std::optional<AttrKind> KindOfContents(const Contents& c) {
  AttrKind kind = AttrKind::kUndefined;
  int count = 0;
  const auto found = [&](bool is_set, AttrKind k) {
    if (!is_set) return;
    kind = k;
    ++count;
  };
  found(c.f.has_value(), AttrKind::kFloat);
  found(c.i.has_value(), AttrKind::kInt);
  found(c.s.has_value(), AttrKind::kString);
  found(!c.tensor.empty(), AttrKind::kTensor);
  found(!c.graph.empty(), AttrKind::kGraph);
  found(!c.floats.empty(), AttrKind::kFloats);
  found(!c.ints.empty(), AttrKind::kInts);
  found(!c.strings.empty(), AttrKind::kStrings);
  found(!c.tensors.empty(), AttrKind::kTensors);
  found(!c.graphs.empty(), AttrKind::kGraphs);
  found(!c.sparse.empty(), AttrKind::kSparseTensor);
  found(!c.sparses.empty(), AttrKind::kSparseTensors);
  found(!c.type.empty(), AttrKind::kTypeProto);
  found(!c.types.empty(), AttrKind::kTypeProtos);
  if (count > 1) return std::nullopt;
  return kind;
}

// A scalar that is not set has its default: proto3 writers omit zeros.
absl::Status SetValue(Contents* c, ParsedAttribute* parsed) {
  AttributeValue& value = parsed->attribute.value;
  const auto one = [&value](auto* list) -> absl::Status {
    if (list->size() != 1) {
      return absl::InvalidArgumentError("it has no value, or several");
    }
    value = std::move(list->front());
    return absl::OkStatus();
  };
  switch (parsed->attribute.kind) {
    case AttrKind::kUndefined:
      return absl::InvalidArgumentError("it has neither kind nor value");
    case AttrKind::kFloat:
      value = c->f.value_or(0.0f);
      break;
    case AttrKind::kInt:
      value = c->i.value_or(0);
      break;
    case AttrKind::kString:
      value = c->s.value_or(std::string_view());
      break;
    case AttrKind::kFloats:
      value = std::move(c->floats);
      break;
    case AttrKind::kInts:
      value = std::move(c->ints);
      break;
    case AttrKind::kStrings:
      value = std::move(c->strings);
      break;
    case AttrKind::kTensor:
      return one(&c->tensor);
    case AttrKind::kSparseTensor:
      return one(&c->sparse);
    case AttrKind::kTypeProto:
      return one(&c->type);
    case AttrKind::kTensors:
      value = std::move(c->tensors);
      break;
    case AttrKind::kSparseTensors:
      value = std::move(c->sparses);
      break;
    case AttrKind::kTypeProtos:
      value = std::move(c->types);
      break;
    case AttrKind::kGraph:
      if (c->graph.size() != 1) {
        return absl::InvalidArgumentError("it has no graph, or several");
      }
      parsed->graphs = std::move(c->graph);
      break;
    case AttrKind::kGraphs:
      parsed->graphs = std::move(c->graphs);
      break;
  }
  return absl::OkStatus();
}

absl::Status ParseBytesField(const WireReader& reader, TensorReader* tensors,
                             Contents* c, AnnotationsReader* annotations) {
  const auto tensor = [&](std::vector<TensorRef>* out) -> absl::Status {
    ASSIGN_OR_RETURN(NamedTensor read, tensors->ReadTensor(reader.bytes()));
    out->push_back(std::move(read.tensor));
    return absl::OkStatus();
  };
  const auto sparse = [&](std::vector<TensorRef>* out) -> absl::Status {
    ASSIGN_OR_RETURN(NamedTensor read,
                     tensors->ReadSparseTensor(reader.bytes()));
    out->push_back(std::move(read.tensor));
    return absl::OkStatus();
  };
  const auto type = [&](std::vector<TypeRef>* out) -> absl::Status {
    ASSIGN_OR_RETURN(TypeRef read, ReadType(reader.bytes()));
    out->push_back(std::move(read));
    return absl::OkStatus();
  };
  switch (reader.field()) {
    case field::kName:
      c->name = annotations->String(reader);
      return absl::OkStatus();
    case field::kRefAttrName:
      c->reference = annotations->String(reader);
      return absl::OkStatus();
    case field::kDocString:
      c->doc_string = annotations->String(reader);
      return absl::OkStatus();
    case field::kS:
      c->s = reader.bytes();
      return absl::OkStatus();
    case field::kStrings:
      c->strings.push_back(reader.bytes());
      return absl::OkStatus();
    case field::kG:
      c->graph.push_back(reader.bytes());
      return absl::OkStatus();
    case field::kGraphs:
      c->graphs.push_back(reader.bytes());
      return absl::OkStatus();
    case field::kFloats:
      return AppendFloats(reader, &c->floats);
    case field::kInts:
      return AppendInts(reader, &c->ints);
    case field::kT:
      return tensor(&c->tensor);
    case field::kTensors:
      return tensor(&c->tensors);
    case field::kSparseTensor:
      return sparse(&c->sparse);
    case field::kSparseTensors:
      return sparse(&c->sparses);
    case field::kTp:
      return type(&c->type);
    case field::kTypeProtos:
      return type(&c->types);
    default:
      annotations->Keep(reader);
      return absl::OkStatus();
  }
}

absl::Status ParseContents(std::string_view message, TensorReader* tensors,
                           Contents* c, AnnotationsReader* annotations) {
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.type() == WireType::kBytes) {
      RETURN_IF_ERROR(ParseBytesField(reader, tensors, c, annotations));
    } else if (reader.Is(field::kF, WireType::kFixed32)) {
      c->f = reader.float32();
    } else if (reader.Is(field::kI, WireType::kVarint)) {
      c->i = reader.int64();
    } else if (reader.Is(field::kType, WireType::kVarint)) {
      c->kind = reader.int64();
    } else if (reader.Is(field::kFloats, WireType::kFixed32)) {
      RETURN_IF_ERROR(AppendFloats(reader, &c->floats));
    } else if (reader.Is(field::kInts, WireType::kVarint)) {
      RETURN_IF_ERROR(AppendInts(reader, &c->ints));
    } else {
      annotations->Keep(reader);
    }
  }
  return reader.status();
}

// The first IR version in which attributes must state their kind.
constexpr int64_t kFirstIrVersionWithKinds = 2;

absl::StatusOr<AttrKind> SettleKind(const Contents& c, int64_t ir_version) {
  constexpr int64_t kLast = static_cast<int64_t>(AttrKind::kTypeProtos);
  if (c.kind < 0 || c.kind > kLast) {
    return absl::InvalidArgumentError(
        absl::StrCat("its kind has the unknown number ", c.kind));
  }
  const AttrKind stated = static_cast<AttrKind>(c.kind);
  const std::optional<AttrKind> found = KindOfContents(c);
  if (stated == AttrKind::kUndefined && found) {
    if (ir_version < kFirstIrVersionWithKinds) return *found;
    return absl::InvalidArgumentError("it does not state its kind");
  }
  if (!found || (*found != AttrKind::kUndefined && *found != stated)) {
    return absl::InvalidArgumentError(
        "its value does not agree with its kind, " +
        std::string(AttrKindName(stated)));
  }
  return stated;
}

}  // namespace

absl::StatusOr<ParsedAttribute> ReadAttribute(std::string_view message,
                                              Model* model,
                                              TensorReader* tensors) {
  Contents contents;
  AnnotationsReader annotations(0, 0);
  const auto parse = [&]() -> absl::StatusOr<ParsedAttribute> {
    RETURN_IF_ERROR(ParseContents(message, tensors, &contents, &annotations));
    ParsedAttribute parsed;
    Attribute& attribute = parsed.attribute;
    attribute.name = contents.name;
    attribute.doc_string = contents.doc_string;
    attribute.reference = contents.reference;
    ASSIGN_OR_RETURN(attribute.kind, SettleKind(contents, model->ir_version()));
    if (contents.name.empty()) {
      return absl::InvalidArgumentError("it has no name");
    }
    if (!attribute.IsReference()) {
      RETURN_IF_ERROR(SetValue(&contents, &parsed));
    } else if (KindOfContents(contents) != AttrKind::kUndefined) {
      return absl::InvalidArgumentError("it has both a reference and a value");
    }
    if (parsed.graphs.empty() && attribute.kind != AttrKind::kGraphs) {
      attribute.message = message;
    } else {
      attribute.unknown_fields = annotations.Finish(model).unknown_fields;
    }
    return parsed;
  };
  absl::StatusOr<ParsedAttribute> parsed = parse();
  if (parsed.ok()) return parsed;
  return Annotate(parsed.status(),
                  "attribute " + QuoteForMessage(contents.name));
}

}  // namespace onnxopt
