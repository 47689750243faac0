// SPDX-License-Identifier: Apache-2.0
// Types, tensors and attributes in text.
#include <algorithm>
#include <filesystem>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "fmt/core.h"
#include "frontend/attribute_reader.h"
#include "frontend/proto_fields.h"
#include "frontend/text_elements.h"
#include "frontend/text_fields.h"
#include "frontend/text_lexer.h"
#include "frontend/text_parser.h"
#include "frontend/text_printer_impl.h"
#include "frontend/wire_reader.h"
#include "frontend/wire_writer.h"
#include "support/status.h"

namespace onnxopt {
namespace {

// Elements that are printed at a time.
constexpr int64_t kElementsPerPiece = 4096;

// --- Types

void AppendShape(const Type& type, std::string* out) {
  *out += ElementTypeName(type.element());
  if (!type.shape()) {
    *out += "[]";
    return;
  }
  if (type.shape()->empty()) return;
  AppendTextList("[", *type.shape(), "]", out, [out](const Dim& dim) {
    if (dim.IsUnknown()) {
      *out += '?';
    } else if (dim.IsInteger()) {
      *out += std::to_string(dim.value());
    } else {
      AppendTextWord(dim.ToString(), out);
    }
  });
}

void AppendOpaque(const Type& type, std::string* out) {
  // A domain or name with dots needs no quotes.
  const auto append = [out](std::string_view name) {
    size_t from = 0;
    while (true) {
      const size_t dot = std::min(name.find('.', from), name.size());
      AppendTextWord(name.substr(from, dot - from), out);
      if (dot == name.size()) return;
      *out += '.';
      from = dot + 1;
    }
  };
  if (!type.domain().empty()) {
    append(type.domain());
    *out += ',';
  }
  if (!type.name().empty() || !type.domain().empty()) append(type.name());
}

void AppendType(const TypeRef& type, std::string* out) {
  if (type == nullptr) {
    *out += '?';
    return;
  }
  switch (type->kind()) {
    case Type::Kind::kTensor:
      AppendShape(*type, out);
      return;
    case Type::Kind::kSparseTensor:
      *out += "sparse_tensor(";
      AppendShape(*type, out);
      break;
    case Type::Kind::kSequence:
      *out += "seq(";
      AppendType(type->inner(), out);
      break;
    case Type::Kind::kOptional:
      *out += "optional(";
      AppendType(type->inner(), out);
      break;
    case Type::Kind::kMap:
      *out += "map(";
      *out += ElementTypeName(type->element());
      *out += ", ";
      AppendType(type->inner(), out);
      break;
    case Type::Kind::kOpaque:
      *out += "opaque(";
      AppendOpaque(*type, out);
      break;
  }
  *out += ')';
}

// --- Attributes

void AppendFloat(float value, std::string* out) {
  std::string text;
  AppendTextNumber(value, &text);
  // "1" would be an integer to readers that do not look at the type.
  if (text.find_first_of(".eni") == std::string::npos) text += ".0";
  *out += text;
}

void AppendScalar(float value, std::string* out) { AppendFloat(value, out); }
void AppendScalar(int64_t value, std::string* out) {
  *out += std::to_string(value);
}
void AppendScalar(std::string_view value, std::string* out) {
  AppendTextString(value, out);
}
void AppendScalar(const TypeRef& value, std::string* out) {
  if (value == nullptr) {
    *out += "undefined";
  } else {
    AppendType(value, out);
  }
}

template <typename T>
constexpr bool kIsPlain =
    std::is_same_v<T, float> || std::is_same_v<T, int64_t> ||
    std::is_same_v<T, std::string_view> || std::is_same_v<T, TypeRef>;

// Values that are neither tensors nor graphs.
void AppendPlainValue(const AttributeValue& value, std::string* out) {
  std::visit(
      [out](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (kIsPlain<T>) {
          AppendScalar(v, out);
        } else if constexpr (!std::is_same_v<T, std::monostate> &&
                             !std::is_same_v<T, TensorRef> &&
                             !std::is_pointer_v<T>) {
          if constexpr (kIsPlain<typename T::value_type>) {
            AppendTextList("[", v, "]", out, [out](const auto& element) {
              AppendScalar(element, out);
            });
          }
        }
      },
      value);
}

bool HoldsTensors(const Attribute& attribute) {
  return std::holds_alternative<TensorRef>(attribute.value) ||
         std::holds_alternative<std::vector<TensorRef>>(attribute.value);
}

bool HoldsGraphs(const Attribute& attribute) {
  return std::holds_alternative<Graph*>(attribute.value) ||
         std::holds_alternative<std::vector<Graph*>>(attribute.value);
}

std::string AttributePrefix(const Attribute& attribute) {
  std::string text;
  AppendTextWord(attribute.name, &text);
  text += ": ";
  text += AttrKindName(attribute.kind);
  text += " = ";
  return text;
}

// Notes for what `attribute` says beyond `printed`, the AttributeProto that
// its text gives. Nullopt if they disagree.
std::optional<std::string> NotesBeyond(const Attribute& attribute,
                                       std::string_view printed,
                                       std::initializer_list<int> skip) {
  std::string notes;
  if (attribute.message.empty()) {
    if (!attribute.doc_string.empty()) {
      AppendStringNote("doc_string", attribute.doc_string, &notes);
    }
    return notes;
  }
  const auto missing = MissingAttributeFields(attribute.message, printed, skip);
  if (!missing) return std::nullopt;
  std::string rest;
  WireReader reader(*missing);
  while (reader.Next()) {
    const bool is_doc =
        reader.Is(proto::attribute::kDocString, WireType::kBytes);
    if (is_doc && !reader.bytes().empty()) {
      AppendStringNote("doc_string", reader.bytes(), &notes);
    } else {
      rest += reader.raw();
    }
  }
  if (!rest.empty()) AppendHexNote("fields", rest, &notes);
  return notes;
}

// --- Tensors

std::string TensorTypeText(const Tensor& tensor) {
  std::string text(ElementTypeName(tensor.type()));
  if (tensor.dims().empty()) return text;
  AppendTextList("[", tensor.dims(), "]", &text,
                 [&](int64_t dim) { text += std::to_string(dim); });
  return text;
}

// A digest of a few samples: constant time, the same on every machine.
absl::StatusOr<uint64_t> Digest(const Tensor& tensor) {
  constexpr int64_t kSamples = 16;
  constexpr int64_t kSampleBytes = 64;
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  const int64_t length = std::min(kSampleBytes, tensor.byte_size());
  for (int64_t i = 0; i < kSamples; ++i) {
    const auto room = static_cast<__int128>(tensor.byte_size() - length);
    ASSIGN_OR_RETURN(
        const std::string sample,
        tensor.Slice(static_cast<int64_t>(room * i / (kSamples - 1)), length));
    for (unsigned char c : sample) hash = (hash ^ c) * 0x100000001b3;
  }
  return hash;
}

}  // namespace

std::string TextOf(const TypeRef& type) {
  std::string text;
  AppendType(type, &text);
  return text;
}

absl::StatusOr<Attribute> TextPrinter::AttributeOf(const Value& constant) {
  const ConstantNode* form = constant.constant_node();
  const TensorSpelling* spelling = constant.tensor()->spelling();
  const bool is_ours = form == nullptr || form->message.empty();
  if (!is_ours && spelling == nullptr) {
    TensorReader no_tensors(&model_, nullptr, "");
    ASSIGN_OR_RETURN(ParsedAttribute parsed,
                     ReadAttribute(form->message, &model_, &no_tensors));
    return std::move(parsed.attribute);
  }
  Attribute attribute;
  const bool sparse = !is_ours && spelling->sparse;
  attribute.name = is_ours ? "value" : form->attribute;
  attribute.kind = sparse ? AttrKind::kSparseTensor : AttrKind::kTensor;
  attribute.value = constant.tensor();
  if (!is_ours) attribute.message = form->message;
  return attribute;
}

absl::Status TextPrinter::AttributeText(const Attribute& attribute) {
  if (HoldsGraphs(attribute)) return GraphAttribute(attribute);
  if (HoldsTensors(attribute)) return TensorAttribute(attribute);
  return PlainAttribute(attribute);
}

absl::Status TextPrinter::PlainAttribute(const Attribute& attribute) {
  std::string text = AttributePrefix(attribute);
  if (attribute.IsReference()) {
    text += '@';
    AppendTextWord(attribute.reference, &text);
  } else {
    AppendPlainValue(attribute.value, &text);
  }
  ASSIGN_OR_RETURN(const std::string printed, ParseAttributeText(text));
  auto notes = NotesBeyond(attribute, printed, {});
  if (!notes) {
    notes.emplace();
    AppendHexNote("message", attribute.message, &*notes);
  }
  Notes(*notes);
  out_ += text;
  return absl::OkStatus();
}

absl::Status TextPrinter::TensorAttribute(const Attribute& attribute) {
  namespace field = proto::attribute;
  WireWriter head;
  head.Bytes(field::kName, attribute.name);
  head.Int(field::kType, static_cast<int64_t>(attribute.kind));
  const auto notes = NotesBeyond(attribute, head.small(),
                                 {field::kT, field::kTensors,
                                  field::kSparseTensor, field::kSparseTensors});
  if (notes) {
    Notes(*notes);
  } else {
    dropped_.insert("the spelling of attributes that hold tensors");
  }
  out_ += AttributePrefix(attribute);
  if (const auto* tensor = std::get_if<TensorRef>(&attribute.value)) {
    return TensorText(*tensor, {});
  }
  out_ += '[';
  bool first = true;
  for (const TensorRef& tensor :
       std::get<std::vector<TensorRef>>(attribute.value)) {
    if (!std::exchange(first, false)) out_ += ", ";
    RETURN_IF_ERROR(TensorText(tensor, {}));
  }
  out_ += ']';
  return absl::OkStatus();
}

absl::Status TextPrinter::GraphAttribute(const Attribute& attribute) {
  Notes(NotesOf({attribute.doc_string,
                 {},

                 attribute.unknown_fields}));
  out_ += AttributePrefix(attribute);
  if (auto* graph = std::get_if<Graph*>(&attribute.value)) {
    return GraphText(**graph);
  }
  out_ += '[';
  bool first = true;
  for (const Graph* graph : std::get<std::vector<Graph*>>(attribute.value)) {
    if (!std::exchange(first, false)) out_ += ", ";
    RETURN_IF_ERROR(GraphText(*graph));
  }
  out_ += ']';
  return absl::OkStatus();
}

bool TextPrinter::IsLarge(const Tensor& tensor) const {
  return options_.large != LargeTensors::kInline &&
         tensor.form() != Tensor::Form::kStrings &&
         tensor.num_elements() > options_.max_inline_elements;
}

absl::Status TextPrinter::TensorText(const TensorRef& tensor,
                                     std::string_view name) {
  const TensorSpelling* spelling = tensor->spelling();
  if (spelling != nullptr && spelling->sparse) return SparseText(tensor, name);
  const bool is_initializer = !name.empty();
  TensorStorage storage;
  if (spelling != nullptr) storage = TensorStorageOf(spelling->message);
  const bool external = tensor->external() != nullptr;
  const bool keep = external && options_.keep_external;
  std::string notes = NotesOf(tensor->annotations());
  if (!keep && !IsLarge(*tensor)) {
    if (external) dropped_.insert("the place of external data");
    if (storage.typed_data) {
      dropped_.insert("typed data of tensors, which is raw data now");
    }
    if (storage.explicit_default) {
      constexpr std::string_view kDefault("\x70\x00", 2);  // data_location: 0
      AppendHexNote("fields", kDefault, &notes);
    }
    if (tensor->form() != Tensor::Form::kStrings) {
      ASSIGN_OR_RETURN(const std::string_view bytes, tensor->bytes());
      if (!ElementsHaveText(tensor->type(), bytes)) {
        AppendHexNote("raw_data", bytes, &notes);
      }
    }
  }
  Notes(notes);
  out_ += TensorTypeText(*tensor);
  if (name.empty()) name = storage.name;
  if (!name.empty()) {
    out_ += ' ';
    AppendTextId(name, &out_);
  }
  // Before elements inside an attribute, '=' is left out by convention.
  out_ += is_initializer || keep || IsLarge(*tensor) ? " = " : " ";
  return TensorData(tensor, keep ? storage.external_data : std::string());
}

absl::Status TextPrinter::TensorData(const TensorRef& tensor,
                                     const std::string& external) {
  if (!external.empty()) {
    out_ += external;
    return absl::OkStatus();
  }
  return IsLarge(*tensor) ? OutOfLineData(tensor) : InlineData(*tensor);
}

absl::Status TextPrinter::InlineData(const Tensor& tensor) {
  if (tensor.form() == Tensor::Form::kStrings) {
    AppendTextList(
        "{", tensor.strings(), "}", &out_,
        [this](std::string_view text) { AppendTextString(text, &out_); });
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string_view bytes, tensor.bytes());
  out_ += '{';
  for (int64_t i = 0; i < tensor.num_elements(); i += kElementsPerPiece) {
    if (i > 0) out_ += ", ";
    AppendElements(tensor.type(), bytes, i,
                   std::min(i + kElementsPerPiece, tensor.num_elements()),
                   &out_);
    RETURN_IF_ERROR(FlushIfLarge());
  }
  out_ += '}';
  return absl::OkStatus();
}

absl::Status TextPrinter::OutOfLineData(const TensorRef& tensor) {
  constexpr uint64_t kAlignment = TextDataFile::kAlignment;
  const uint64_t offset =
      (data_file_size_ + kAlignment - 1) / kAlignment * kAlignment;
  data_file_.entries.push_back({tensor, offset});
  data_file_size_ = offset + static_cast<uint64_t>(tensor->byte_size());
  if (options_.large == LargeTensors::kDataFile) {
    out_ += "[\"location\": ";
    AppendTextString(options_.data_file, &out_);
  } else {
    ASSIGN_OR_RETURN(const uint64_t digest, Digest(*tensor));
    out_ += fmt::format("[\"elided\": \"{:016x}\"", digest);
  }
  out_ += fmt::format(", \"offset\": \"{}\", \"length\": \"{}\"]", offset,
                      tensor->byte_size());
  return absl::OkStatus();
}

TensorReader TextPrinter::ReaderFor(const Tensor& tensor) {
  const std::filesystem::path source(model_.source_name());
  return TensorReader(&model_, tensor.spelling()->buffer,
                      source.parent_path().string());
}

absl::Status TextPrinter::SparseText(const TensorRef& tensor,
                                     std::string_view name) {
  TensorReader reader = ReaderFor(*tensor);
  NamedTensor values, indices;
  WireReader fields(tensor->spelling()->message);
  while (fields.Next()) {
    if (fields.Is(proto::sparse_tensor::kValues, WireType::kBytes)) {
      ASSIGN_OR_RETURN(values, reader.ReadTensor(fields.bytes()));
    } else if (fields.Is(proto::sparse_tensor::kIndices, WireType::kBytes)) {
      ASSIGN_OR_RETURN(indices, reader.ReadTensor(fields.bytes()));
    }
  }
  Notes(NotesOf(tensor->annotations()));
  out_ += "sparse_tensor(" + TensorTypeText(*tensor) + ")";
  if (!name.empty()) {
    out_ += ' ';
    AppendTextId(name, &out_);
  }
  out_ += name.empty() ? " {" : " = {";
  // In an initializer the values have the name of the whole.
  RETURN_IF_ERROR(TensorText(values.tensor, name));
  out_ += ", ";
  RETURN_IF_ERROR(TensorText(indices.tensor, {}));
  out_ += '}';
  return absl::OkStatus();
}

}  // namespace onnxopt
