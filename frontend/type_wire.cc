// SPDX-License-Identifier: Apache-2.0
#include "frontend/type_wire.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "frontend/annotations_wire.h"
#include "frontend/proto_fields.h"
#include "frontend/reader.h"
#include "frontend/wire_reader.h"
#include "support/status.h"
#include "support/text_escape.h"

namespace onnxopt {
namespace {

absl::StatusOr<ElementType> ReadElementType(int64_t number) {
  const auto type = ElementTypeFromNumber(number);
  if (type) return *type;
  return absl::InvalidArgumentError(
      absl::StrCat("unknown element type ", number));
}

absl::StatusOr<Dim> ReadDim(std::string_view message) {
  Dim dim;
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.Is(proto::dim::kValue, WireType::kVarint)) {
      // Some exporters write -1 for "unknown".
      dim = reader.int64() < 0 ? Dim() : Dim(reader.int64());
    } else if (reader.Is(proto::dim::kParam, WireType::kBytes)) {
      dim = reader.bytes().empty() ? Dim() : Dim::Named(reader.bytes());
    }
  }
  RETURN_IF_ERROR(reader.status());
  return dim;
}

absl::StatusOr<Shape> ReadShape(std::string_view message) {
  Shape shape;
  WireReader reader(message);
  while (reader.Next()) {
    if (!reader.Is(proto::shape::kDim, WireType::kBytes)) continue;
    ASSIGN_OR_RETURN(Dim dim, ReadDim(reader.bytes()));
    shape.push_back(std::move(dim));
  }
  RETURN_IF_ERROR(reader.status());
  return shape;
}

absl::StatusOr<TypeRef> ReadTensorType(std::string_view message, bool sparse) {
  ElementType element = ElementType::kUndefined;
  std::optional<Shape> shape;
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.Is(proto::tensor_type::kElemType, WireType::kVarint)) {
      ASSIGN_OR_RETURN(element, ReadElementType(reader.int64()));
    } else if (reader.Is(proto::tensor_type::kShape, WireType::kBytes)) {
      ASSIGN_OR_RETURN(shape, ReadShape(reader.bytes()));
    }
  }
  RETURN_IF_ERROR(reader.status());
  return sparse ? Type::SparseTensor(element, std::move(shape))
                : Type::Tensor(element, std::move(shape));
}

absl::StatusOr<TypeRef> ReadTypeAt(std::string_view message, int depth);

// Of Sequence and Optional, whose only field is the inner type.
absl::StatusOr<TypeRef> ReadInner(std::string_view message, int depth) {
  TypeRef inner;
  WireReader reader(message);
  while (reader.Next()) {
    if (!reader.Is(1, WireType::kBytes)) continue;
    ASSIGN_OR_RETURN(inner, ReadTypeAt(reader.bytes(), depth + 1));
  }
  RETURN_IF_ERROR(reader.status());
  return inner;
}

absl::StatusOr<TypeRef> ReadMap(std::string_view message, int depth) {
  ElementType key = ElementType::kUndefined;
  TypeRef value;
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.Is(proto::map_type::kKeyType, WireType::kVarint)) {
      ASSIGN_OR_RETURN(key, ReadElementType(reader.int64()));
    } else if (reader.Is(proto::map_type::kValueType, WireType::kBytes)) {
      ASSIGN_OR_RETURN(value, ReadTypeAt(reader.bytes(), depth + 1));
    }
  }
  RETURN_IF_ERROR(reader.status());
  return Type::Map(key, std::move(value));
}

absl::StatusOr<TypeRef> ReadOpaque(std::string_view message) {
  std::string_view domain, name;
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.Is(proto::opaque_type::kDomain, WireType::kBytes)) {
      domain = reader.bytes();
    } else if (reader.Is(proto::opaque_type::kName, WireType::kBytes)) {
      name = reader.bytes();
    }
  }
  RETURN_IF_ERROR(reader.status());
  return Type::Opaque(domain, name);
}

absl::StatusOr<TypeRef> ReadTypeAt(std::string_view message, int depth) {
  if (depth > kMaxNesting) {
    return absl::InvalidArgumentError(
        absl::StrCat("a type is nested deeper than ", kMaxNesting, " levels"));
  }
  TypeRef type;
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.type() != WireType::kBytes) continue;
    switch (reader.field()) {
      case proto::type::kTensor:
      case proto::type::kSparseTensor: {
        const bool sparse = reader.field() == proto::type::kSparseTensor;
        ASSIGN_OR_RETURN(type, ReadTensorType(reader.bytes(), sparse));
        break;
      }
      case proto::type::kSequence: {
        ASSIGN_OR_RETURN(TypeRef inner, ReadInner(reader.bytes(), depth));
        type = Type::Sequence(std::move(inner));
        break;
      }
      case proto::type::kOptional: {
        ASSIGN_OR_RETURN(TypeRef inner, ReadInner(reader.bytes(), depth));
        type = Type::Optional(std::move(inner));
        break;
      }
      case proto::type::kMap: {
        ASSIGN_OR_RETURN(type, ReadMap(reader.bytes(), depth));
        break;
      }
      case proto::type::kOpaque: {
        ASSIGN_OR_RETURN(type, ReadOpaque(reader.bytes()));
        break;
      }
      default:
        break;
    }
  }
  RETURN_IF_ERROR(reader.status());
  return type;
}

void WriteTensorType(const Type& type, WireWriter* out) {
  out->Varint(proto::tensor_type::kElemType,
              static_cast<uint64_t>(type.element()));
  if (!type.shape()) return;
  const size_t shape = out->Begin(proto::tensor_type::kShape);
  for (const Dim& dim : *type.shape()) {
    const size_t begin = out->Begin(proto::shape::kDim);
    if (dim.IsInteger()) out->Int(proto::dim::kValue, dim.value());
    if (dim.IsSymbolic()) out->Bytes(proto::dim::kParam, dim.ToString());
    out->End(begin);
  }
  out->End(shape);
}

void WriteInner(const TypeRef& inner, int field, WireWriter* out) {
  if (inner == nullptr) return;
  const size_t begin = out->Begin(field);
  WriteType(*inner, out);
  out->End(begin);
}

int FieldOf(Type::Kind kind) {
  switch (kind) {
    case Type::Kind::kTensor:
      return proto::type::kTensor;
    case Type::Kind::kSparseTensor:
      return proto::type::kSparseTensor;
    case Type::Kind::kSequence:
      return proto::type::kSequence;
    case Type::Kind::kOptional:
      return proto::type::kOptional;
    case Type::Kind::kMap:
      return proto::type::kMap;
    case Type::Kind::kOpaque:
      return proto::type::kOpaque;
  }
  return 0;
}

}  // namespace

absl::StatusOr<TypeRef> ReadType(std::string_view message) {
  ASSIGN_OR_RETURN(const TypeRef type, ReadTypeAt(message, 0));
  return type == nullptr ? type : Type::WithMessage(type, message);
}

void WriteType(const Type& type, WireWriter* out) {
  if (!type.message().empty()) {
    out->Raw(type.message());
    return;
  }
  const size_t begin = out->Begin(FieldOf(type.kind()));
  switch (type.kind()) {
    case Type::Kind::kTensor:
    case Type::Kind::kSparseTensor:
      WriteTensorType(type, out);
      break;
    case Type::Kind::kSequence:
    case Type::Kind::kOptional:
      WriteInner(type.inner(), 1, out);
      break;
    case Type::Kind::kMap:
      out->Varint(proto::map_type::kKeyType,
                  static_cast<uint64_t>(type.element()));
      WriteInner(type.inner(), proto::map_type::kValueType, out);
      break;
    case Type::Kind::kOpaque:
      out->OptionalBytes(proto::opaque_type::kDomain, type.domain());
      out->OptionalBytes(proto::opaque_type::kName, type.name());
      break;
  }
  out->End(begin);
}

absl::StatusOr<ValueInfo> ReadValueInfo(std::string_view message,
                                        Model* model) {
  ValueInfo info;
  AnnotationsReader annotations(proto::value_info::kDocString,
                                proto::value_info::kMetadata);
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.Is(proto::value_info::kName, WireType::kBytes)) {
      info.name = annotations.String(reader);
    } else if (reader.Is(proto::value_info::kType, WireType::kBytes)) {
      absl::StatusOr<TypeRef> type = ReadType(reader.bytes());
      if (!type.ok()) {
        return Annotate(type.status(),
                        "type of value " + QuoteForMessage(info.name));
      }
      if (*type == nullptr) annotations.Keep(reader);
      info.type = *std::move(type);
    } else {
      annotations.Take(reader);
    }
  }
  RETURN_IF_ERROR(reader.status());
  info.annotations = annotations.Finish(model);
  return info;
}

void WriteValueInfo(std::string_view name, const TypeRef& type,
                    const Annotations& annotations, WireWriter* out) {
  WriteAnnotations(annotations, proto::value_info::kDocString,
                   proto::value_info::kMetadata, out);
  out->OptionalBytes(proto::value_info::kName, name);
  if (type != nullptr) {
    const size_t begin = out->Begin(proto::value_info::kType);
    WriteType(*type, out);
    out->End(begin);
  }
}

}  // namespace onnxopt
