// SPDX-License-Identifier: Apache-2.0
// Types, tensors and attributes in text.
#include <algorithm>
#include <optional>
#include <utility>

#include "fmt/core.h"
#include "frontend/proto_fields.h"
#include "frontend/reader.h"
#include "frontend/text_elements.h"
#include "frontend/text_parser_impl.h"
#include "frontend/type_wire.h"
#include "ir/element_type.h"
#include "ir/tensor.h"
#include "support/status.h"
#include "support/text_escape.h"

namespace onnxopt {
namespace {

using Kind = TextToken::Kind;

std::optional<ElementType> ElementTypeOf(std::string_view name) {
  if (name == "undefined") return ElementType::kUndefined;
  return ElementTypeFromName(name);
}

// The dims of `type` if they are all known numbers.
std::optional<TensorDims> DimsOf(const Type& type) {
  if (!type.shape()) return std::nullopt;
  TensorDims dims;
  for (const Dim& dim : *type.shape()) {
    if (!dim.IsInteger()) return std::nullopt;
    dims.push_back(dim.value());
  }
  return dims;
}

// Kinds that hold one value, and those that hold a list of it.
constexpr std::pair<AttrKind, AttrKind> kListKinds[] = {
    {AttrKind::kFloat, AttrKind::kFloats},
    {AttrKind::kInt, AttrKind::kInts},
    {AttrKind::kString, AttrKind::kStrings},
    {AttrKind::kTensor, AttrKind::kTensors},
    {AttrKind::kGraph, AttrKind::kGraphs},
    {AttrKind::kSparseTensor, AttrKind::kSparseTensors},
    {AttrKind::kTypeProto, AttrKind::kTypeProtos}};

AttrKind ListKindOf(AttrKind one) {
  for (const auto& [single, list] : kListKinds) {
    if (single == one) return list;
  }
  return AttrKind::kUndefined;
}

AttrKind ElementKindOf(AttrKind list) {
  for (const auto& [single, plural] : kListKinds) {
    if (plural == list) return single;
  }
  return AttrKind::kUndefined;
}

// The field of AttributeProto that holds a value of `kind`.
int FieldOf(AttrKind kind) {
  namespace field = proto::attribute;
  constexpr int kFields[] = {0,
                             field::kF,
                             field::kI,
                             field::kS,
                             field::kT,
                             field::kG,
                             field::kFloats,
                             field::kInts,
                             field::kStrings,
                             field::kTensors,
                             field::kGraphs,
                             field::kSparseTensor,
                             field::kSparseTensors,
                             field::kTp,
                             field::kTypeProtos};
  return kFields[static_cast<int>(kind)];
}

AttrKind KindFromName(std::string_view name) {
  const auto it = std::find(kAttrKindNames.begin(), kAttrKindNames.end(), name);
  return it == kAttrKindNames.end()
             ? AttrKind::kUndefined
             : static_cast<AttrKind>(it - kAttrKindNames.begin());
}

}  // namespace

// --- Types

bool TextParser::NextIsType() const {
  if (!lex_.Is(Kind::kIdentifier)) return false;
  const std::string_view word = lex_.token().text;
  return word == "seq" || word == "map" || word == "optional" ||
         word == "sparse_tensor" || word == "opaque" || ElementTypeOf(word);
}

absl::StatusOr<TypeRef> TextParser::ParseType() {
  TypeRef type;
  RETURN_IF_ERROR(Nested([&]() -> absl::Status {
    if (!NextIsType()) return lex_.Expected("a type");
    const std::string_view word = lex_.token().text;
    if (ElementTypeOf(word)) {
      ASSIGN_OR_RETURN(type, ParseTensorType(false));
      return absl::OkStatus();
    }
    lex_.Advance();
    RETURN_IF_ERROR(Match("("));
    if (word == "opaque") {
      ASSIGN_OR_RETURN(type, ParseOpaqueType());
    } else if (word == "sparse_tensor") {
      ASSIGN_OR_RETURN(type, ParseTensorType(true));
    } else if (word == "map") {
      const auto key = ElementTypeOf(lex_.token().text);
      if (!lex_.Is(Kind::kIdentifier) || !key) {
        return lex_.Expected("the element type of the keys");
      }
      lex_.Advance();
      RETURN_IF_ERROR(Match(","));
      ASSIGN_OR_RETURN(TypeRef value, ParseInnerType());
      type = Type::Map(*key, std::move(value));
    } else {
      ASSIGN_OR_RETURN(TypeRef inner, ParseInnerType());
      type = word == "seq" ? Type::Sequence(std::move(inner))
                           : Type::Optional(std::move(inner));
    }
    return Match(")");
  }));
  return type;
}

absl::StatusOr<TypeRef> TextParser::ParseInnerType() {
  if (Matches("?")) return TypeRef();
  return ParseType();
}

// `float` is a scalar, `float[]` has unknown rank.
absl::StatusOr<TypeRef> TextParser::ParseTensorType(bool sparse) {
  const std::optional<ElementType> element = ElementTypeOf(lex_.token().text);
  if (!lex_.Is(Kind::kIdentifier) || !element) {
    return lex_.Expected("an element type");
  }
  lex_.Advance();
  std::optional<Shape> shape = Shape();
  if (Matches("[")) {
    if (Matches("]")) {
      shape.reset();
    } else {
      ASSIGN_OR_RETURN(shape, ParseShape());
    }
  }
  return sparse ? Type::SparseTensor(*element, std::move(shape))
                : Type::Tensor(*element, std::move(shape));
}

absl::StatusOr<Shape> TextParser::ParseShape() {
  Shape shape;
  RETURN_IF_ERROR(List("]", [&]() -> absl::Status {
    if (Matches("?")) {
      shape.emplace_back();
    } else if (NextIsId()) {
      ASSIGN_OR_RETURN(const std::string name, ParseId("a dim"));
      shape.push_back(Dim::Named(name));
    } else if (lex_.Is(Kind::kInt)) {
      ASSIGN_OR_RETURN(const int64_t value, ParseTextInt(lex_.token()));
      lex_.Advance();
      shape.emplace_back(value);
    } else {
      return lex_.Expected("a dim: a number, a name or '?'");
    }
    return absl::OkStatus();
  }));
  return shape;
}

absl::StatusOr<TypeRef> TextParser::ParseOpaqueType() {
  std::string domain, name;
  bool first = true;
  while (!lex_.Is(")")) {
    if (!first && domain.empty() && Matches(",")) {
      domain = std::exchange(name, "");
    } else if (!first) {
      RETURN_IF_ERROR(Match("."));
      name += '.';
    }
    ASSIGN_OR_RETURN(const std::string part, ParseId("the name of a type"));
    name += part;
    first = false;
  }
  return Type::Opaque(domain, name);
}

absl::Status TextParser::TypeFields(const TypeRef& type, const Notes& notes) {
  if (const TextNote* note = FindNote(notes, "type")) {
    ASSIGN_OR_RETURN(const std::string message, HexOf(*note));
    out_.Bytes(proto::value_info::kType, message);
    return absl::OkStatus();
  }
  if (type == nullptr) return absl::OkStatus();
  return Sub(proto::value_info::kType, [&] {
    WriteType(*type, &out_);
    return absl::OkStatus();
  });
}

// --- Tensors

absl::Status TextParser::Tensor(const TypeRef& type, std::string_view name,
                                const Notes& notes, TextPosition at) {
  namespace field = proto::tensor;
  const auto dims = type && type->IsTensor() ? DimsOf(*type) : std::nullopt;
  if (!dims) {
    return TextError(at, "a tensor needs an element type and known dims");
  }
  for (int64_t dim : *dims) out_.Int(field::kDims, dim);
  out_.Int(field::kDataType, static_cast<int64_t>(type->element()));
  RETURN_IF_ERROR(
      WriteNotes(notes, {field::kDocString, field::kMetadata, "raw_data"}));
  out_.OptionalBytes(field::kName, name);
  if (lex_.Is("[")) return ExternalData(name);
  RETURN_IF_ERROR(Match("{"));
  const std::optional<int64_t> count = NumElements(*dims);
  if (!count) return TextError(at, "these dims do not make a tensor");
  const TextNote* raw = FindNote(notes, "raw_data");
  ASSIGN_OR_RETURN(const std::string elements,
                   Capture([&] { return Elements(*type, *count); }));
  if (raw == nullptr) {
    out_.Raw(elements);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string bytes, HexOf(*raw));
  if (ByteSize(type->element(), *count) != static_cast<int64_t>(bytes.size())) {
    return TextError(raw->at, "the raw data has another size than the tensor");
  }
  out_.Bytes(field::kRawData, bytes);
  return absl::OkStatus();
}

absl::Status TextParser::Elements(const Type& type, int64_t count) {
  namespace field = proto::tensor;
  const ElementType element = type.element();
  if (element == ElementType::kUndefined) {
    return lex_.Expected("a tensor with an element type");
  }
  int64_t given = 0;
  if (element == ElementType::kString) {
    RETURN_IF_ERROR(List("}", [&]() -> absl::Status {
      ASSIGN_OR_RETURN(const std::string text,
                       ParseString("a string in double quotes"));
      out_.Bytes(field::kStringData, text);
      ++given;
      return absl::OkStatus();
    }));
  } else {
    ElementReader reader(element);
    RETURN_IF_ERROR(List("}", [&]() -> absl::Status {
      RETURN_IF_ERROR(reader.Add(lex_.token()));
      lex_.Advance();
      return absl::OkStatus();
    }));
    given = reader.num_numbers();
    out_.Bytes(field::kRawData, std::move(reader).Finish());
  }
  const int64_t numbers = NumbersPerElement(element);
  if (given % numbers == 0 && given / numbers == count) {
    return absl::OkStatus();
  }
  return TextError(lex_.token().at,
                   fmt::format("tensor {} needs {} values, but {} are given "
                               "before this",
                               type.ToString(), count, given));
}

absl::Status TextParser::ExternalData(std::string_view name) {
  namespace field = proto::tensor;
  const TextPosition at = lex_.token().at;
  ASSIGN_OR_RETURN(Entries entries, ParseEntries());
  for (auto& [key, value] : entries) {
    if (key != "elided") continue;
    if (options_.data_file.empty()) {
      return TextError(
          at, fmt::format("tensor {} was elided when the text was printed; "
                          "give its data with --data=FILE",
                          QuoteForMessage(name)));
    }
    key = "location";
    value = options_.data_file;
  }
  WriteEntries(entries, field::kExternalData);
  constexpr int kExternal = 1;
  out_.Int(field::kDataLocation, kExternal);
  return absl::OkStatus();
}

// TYPE [NAME] [=] DATA; `name` is that of the enclosing construct.
absl::Status TextParser::TensorConstant(std::string_view name) {
  const Notes notes = lex_.TakeNotes();
  const TextPosition at = lex_.token().at;
  ASSIGN_OR_RETURN(const TypeRef type, ParseType());
  std::string own_name;
  if (NextIsId()) {
    ASSIGN_OR_RETURN(own_name, ParseId("a name"));
    name = own_name;
  }
  Matches("=");
  return Tensor(type, name, notes, at);
}

absl::Status TextParser::SparseTensor(const TypeRef& type,
                                      std::string_view name, const Notes& notes,
                                      TextPosition at) {
  namespace field = proto::sparse_tensor;
  const std::optional<TensorDims> dims = DimsOf(*type);
  if (!dims) return TextError(at, "a sparse tensor needs known dims");
  RETURN_IF_ERROR(WriteNotes(notes, {}));
  RETURN_IF_ERROR(Match("{"));
  RETURN_IF_ERROR(Sub(field::kValues, [&] { return TensorConstant(name); }));
  RETURN_IF_ERROR(Match(","));
  RETURN_IF_ERROR(Sub(field::kIndices, [&] { return TensorConstant({}); }));
  for (int64_t dim : *dims) out_.Int(field::kDims, dim);
  return Match("}");
}

// --- Attributes

absl::StatusOr<std::string> TextParser::ParseAttribute() {
  RETURN_IF_ERROR(Attribute());
  if (!lex_.AtEnd()) return lex_.Expected("the end of the text");
  return out_.small();
}

absl::Status TextParser::Attribute() {
  const Notes notes = lex_.TakeNotes();
  ASSIGN_OR_RETURN(const std::string name, ParseId("the name of an attribute"));
  return AttributeFields(name, notes);
}

absl::Status TextParser::AttributeFields(std::string_view name,
                                         const Notes& notes) {
  if (const TextNote* note = FindNote(notes, "message")) {
    // The syntax is there for other readers; the note says it exactly.
    RETURN_IF_ERROR(
        Capture([&] { return AttributeAssignment(name); }).status());
    ASSIGN_OR_RETURN(const std::string message, HexOf(*note));
    out_.Raw(message);
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(WriteNotes(notes, {proto::attribute::kDocString, 0}));
  return AttributeAssignment(name);
}

absl::Status TextParser::AttributeAssignment(std::string_view name) {
  namespace field = proto::attribute;
  out_.Bytes(field::kName, name);
  AttrKind kind = AttrKind::kUndefined;
  if (Matches(":")) {
    kind = KindFromName(lex_.token().text);
    if (!lex_.Is(Kind::kIdentifier) || kind == AttrKind::kUndefined) {
      return lex_.Expected("the type of an attribute, such as ints");
    }
    lex_.Advance();
  }
  RETURN_IF_ERROR(Match("="));
  if (!Matches("@")) return AttributeValue(kind);
  ASSIGN_OR_RETURN(const std::string reference,
                   ParseId("the name of an attribute of the function"));
  if (kind != AttrKind::kUndefined) {
    out_.Int(field::kType, static_cast<int64_t>(kind));
  }
  out_.Bytes(field::kRefAttrName, reference);
  return absl::OkStatus();
}

absl::Status TextParser::AttributeValue(AttrKind stated) {
  if (lex_.Is("[")) return AttributeList(stated);
  if (ElementKindOf(stated) != AttrKind::kUndefined) {
    return lex_.Expected("a list in '[' and ']'");
  }
  ASSIGN_OR_RETURN(const Item item, ParseItem(stated));
  RETURN_IF_ERROR(WriteItem(item, FieldOf(item.kind)));
  out_.Int(proto::attribute::kType, static_cast<int64_t>(item.kind));
  return absl::OkStatus();
}

absl::Status TextParser::AttributeList(AttrKind stated) {
  const TextPosition at = lex_.token().at;
  RETURN_IF_ERROR(Match("["));
  AttrKind element = ElementKindOf(stated);
  if (stated != AttrKind::kUndefined && element == AttrKind::kUndefined) {
    return TextError(at, fmt::format("an attribute of type {} is no list",
                                     AttrKindName(stated)));
  }
  RETURN_IF_ERROR(List("]", [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const Item item, ParseItem(element));
    element = item.kind;
    return WriteItem(item, FieldOf(ListKindOf(item.kind)));
  }));
  if (element == AttrKind::kUndefined) {
    return TextError(at, "an empty list needs a type, as in `axes: ints = []`");
  }
  out_.Int(proto::attribute::kType, static_cast<int64_t>(ListKindOf(element)));
  return absl::OkStatus();
}

absl::Status TextParser::WriteItem(const Item& item, int field) {
  if (item.kind == AttrKind::kFloat) {
    out_.Float(field, item.f);
  } else if (item.kind == AttrKind::kInt) {
    out_.Int(field, item.i);
  } else {
    out_.Bytes(field, item.bytes);
  }
  return absl::OkStatus();
}

absl::StatusOr<TextParser::Item> TextParser::ParseItem(AttrKind expected) {
  Notes notes = lex_.TakeNotes();
  const TextPosition at = lex_.token().at;
  const TextToken token = lex_.token();
  Item item;
  const bool is_word = token.kind == Kind::kIdentifier;
  if (token.kind == Kind::kFloat || (is_word && IsFloatWord(token.text)) ||
      (token.kind == Kind::kInt && expected == AttrKind::kFloat)) {
    item.kind = AttrKind::kFloat;
    ASSIGN_OR_RETURN(item.f, ParseTextFloat(token));
    lex_.Advance();
  } else if (token.kind == Kind::kInt) {
    item.kind = AttrKind::kInt;
    ASSIGN_OR_RETURN(item.i, ParseTextInt(token));
    lex_.Advance();
  } else if (NextIsType()) {
    ASSIGN_OR_RETURN(item, ParseTypedItem(std::exchange(notes, {})));
  } else if (NextIsId()) {
    ASSIGN_OR_RETURN(item, ParseGraphItem(std::exchange(notes, {})));
  } else {
    return lex_.Expected("the value of an attribute");
  }
  RETURN_IF_ERROR(WriteNotes(notes, {}));
  if (expected != AttrKind::kUndefined && item.kind != expected) {
    return TextError(
        at, fmt::format("expected a value of type {}, not {}",
                        AttrKindName(expected), AttrKindName(item.kind)));
  }
  return item;
}

// A type, a tensor or a sparse tensor.
absl::StatusOr<TextParser::Item> TextParser::ParseTypedItem(Notes notes) {
  const TextPosition at = lex_.token().at;
  ASSIGN_OR_RETURN(const TypeRef type, ParseType());
  const bool has_data = NextIsId() || lex_.Is("=") || lex_.Is("{");
  Item item;
  if (!has_data) {
    item.kind = AttrKind::kTypeProto;
    ASSIGN_OR_RETURN(item.bytes, Capture([&]() -> absl::Status {
                       RETURN_IF_ERROR(WriteNotes(notes, {}));
                       WriteType(*type, &out_);
                       return absl::OkStatus();
                     }));
    return item;
  }
  std::string name;
  if (NextIsId()) {
    ASSIGN_OR_RETURN(name, ParseId("a name"));
  }
  Matches("=");
  const bool sparse = type->kind() == Type::Kind::kSparseTensor;
  item.kind = sparse ? AttrKind::kSparseTensor : AttrKind::kTensor;
  ASSIGN_OR_RETURN(item.bytes, Capture([&] {
                     return sparse ? SparseTensor(type, name, notes, at)
                                   : Tensor(type, name, notes, at);
                   }));
  return item;
}

// A graph, or a string.
absl::StatusOr<TextParser::Item> TextParser::ParseGraphItem(Notes notes) {
  const bool quoted = lex_.Is(Kind::kString);
  Item item;
  ASSIGN_OR_RETURN(std::string name, ParseId("a graph"));
  if (quoted && !lex_.Is("(")) {
    item.kind = AttrKind::kString;
    item.bytes = std::move(name);
    RETURN_IF_ERROR(WriteNotes(notes, {}));
    return item;
  }
  item.kind = AttrKind::kGraph;
  ASSIGN_OR_RETURN(
      item.bytes, Capture([&]() -> absl::Status {
        RETURN_IF_ERROR(WriteNotes(
            notes, {proto::graph::kDocString, proto::graph::kMetadata}));
        out_.OptionalBytes(proto::graph::kName, name);
        return GraphBody();
      }));
  return item;
}

}  // namespace onnxopt
