// SPDX-License-Identifier: Apache-2.0
#include "frontend/tensor_reader.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "frontend/annotations_wire.h"
#include "frontend/proto_fields.h"
#include "frontend/sparse_source.h"
#include "frontend/wire_reader.h"
#include "support/status.h"
#include "support/text_escape.h"

namespace onnxopt {
namespace {

namespace field = proto::tensor;

// Where the elements of a type are when they are not in raw_data.
struct TypedField {
  int field = 0;
  int entry_bytes = 0;  // of raw data made from one entry
};

TypedField TypedFieldOf(ElementType type) {
  const int bytes = std::max(1, BitWidth(type) / 8);
  switch (type) {
    case ElementType::kFloat:
    case ElementType::kComplex64:
      return {field::kFloatData, 4};
    case ElementType::kDouble:
    case ElementType::kComplex128:
      return {field::kDoubleData, 8};
    case ElementType::kInt64:
      return {field::kInt64Data, 8};
    case ElementType::kUint32:
    case ElementType::kUint64:
      return {field::kUint64Data, bytes};
    default:
      return {field::kInt32Data, bytes};
  }
}

size_t FixedWidth(WireType type) {
  if (type == WireType::kFixed32) return 4;
  return type == WireType::kFixed64 ? 8 : 0;
}

std::string_view LastBytes(std::string_view text, size_t count) {
  return text.substr(text.size() - count);
}

// Decodes typed fields. Entries of sub-byte types hold a whole raw byte.
class TypedFieldSource : public TensorSource {
 public:
  TypedFieldSource(std::string_view message,
                   std::shared_ptr<const Buffer> buffer)
      : message_(message), buffer_(std::move(buffer)) {}

  absl::Status Produce(const Tensor& tensor, ByteSink sink) const override {
    const TypedField typed = TypedFieldOf(tensor.type());
    WireReader reader(message_);
    while (reader.Next()) {
      if (reader.field() != typed.field) continue;
      if (const size_t width = FixedWidth(reader.type()); width > 0) {
        RETURN_IF_ERROR(sink(LastBytes(reader.raw(), width)));
      } else if (typed.field == field::kFloatData ||
                 typed.field == field::kDoubleData) {
        RETURN_IF_ERROR(sink(reader.bytes()));
      } else {
        std::vector<int64_t> entries;
        RETURN_IF_ERROR(AppendInts(reader, &entries));
        RETURN_IF_ERROR(Send(entries, typed.entry_bytes, sink));
      }
    }
    return reader.status();
  }

 private:
  static absl::Status Send(const std::vector<int64_t>& entries, int entry_bytes,
                           ByteSink sink) {
    std::string chunk(entries.size() * entry_bytes, '\0');
    for (size_t i = 0; i < entries.size(); ++i) {
      std::memcpy(&chunk[i * entry_bytes], &entries[i], entry_bytes);
    }
    return sink(chunk);
  }

  std::string_view message_;
  std::shared_ptr<const Buffer> buffer_;
};

absl::StatusOr<uint64_t> ParseNumber(std::string_view key,
                                     std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return absl::InvalidArgumentError("external data has the " +
                                      std::string(key) + " " +
                                      QuoteForMessage(text));
  }
  return value;
}

}  // namespace

struct TensorReader::Fields {
  std::string_view name;
  TensorDims dims;
  int64_t data_type = 0;
  bool has_raw = false;
  std::string_view raw;
  int64_t typed_bytes = 0;        // raw bytes that the typed fields make
  int num_packed_chunks = 0;      // of float_data or double_data
  std::string_view packed_chunk;  // the last of them
  bool has_typed = false;
  std::vector<std::string> strings;
  bool external = false;
  bool segmented = false;
  ExternalLocation location;
  bool has_length = false;
  AnnotationsReader annotations{field::kDocString, field::kMetadata};
};

absl::Status TensorReader::Parse(std::string_view message, Fields* fields) {
  const auto parse_external = [&](std::string_view entry) -> absl::Status {
    std::string_view key, value;
    WireReader reader(entry);
    while (reader.Next()) {
      if (reader.Is(proto::entry::kKey, WireType::kBytes)) key = reader.bytes();
      if (reader.Is(proto::entry::kValue, WireType::kBytes)) {
        value = reader.bytes();
      }
    }
    RETURN_IF_ERROR(reader.status());
    if (key == "location") {
      fields->location.location = std::string(value);
    } else if (key == "offset") {
      ASSIGN_OR_RETURN(fields->location.offset, ParseNumber(key, value));
    } else if (key == "length") {
      fields->has_length = true;
      ASSIGN_OR_RETURN(fields->location.length, ParseNumber(key, value));
    }
    return absl::OkStatus();
  };
  int64_t ints = 0;  // entries of int32_data, int64_data and uint64_data
  int64_t fixed_bytes = 0;
  WireReader reader(message);
  while (reader.Next()) {
    const bool is_bytes = reader.type() == WireType::kBytes;
    const bool is_varint = reader.type() == WireType::kVarint;
    const int id = reader.field();
    if (id == field::kDims && (is_bytes || is_varint)) {
      RETURN_IF_ERROR(AppendInts(reader, &fields->dims));
    } else if (id == field::kDataType && is_varint) {
      fields->data_type = static_cast<int32_t>(reader.varint());
    } else if (id == field::kName && is_bytes) {
      fields->name = fields->annotations.String(reader);
    } else if (id == field::kRawData && is_bytes) {
      fields->has_raw = true;
      fields->raw = reader.bytes();
    } else if (id == field::kStringData && is_bytes) {
      fields->strings.emplace_back(reader.bytes());
    } else if ((id == field::kInt32Data || id == field::kInt64Data ||
                id == field::kUint64Data) &&
               (is_bytes || is_varint)) {
      fields->has_typed = true;
      ASSIGN_OR_RETURN(const int64_t count, CountInts(reader));
      ints += count;
    } else if ((id == field::kFloatData || id == field::kDoubleData) &&
               !is_varint) {
      fields->has_typed = true;
      const std::string_view data =
          is_bytes ? reader.bytes()
                   : LastBytes(reader.raw(), FixedWidth(reader.type()));
      fields->num_packed_chunks += 1;
      fields->packed_chunk = data;
      fixed_bytes += static_cast<int64_t>(data.size());
    } else if (id == field::kExternalData && is_bytes) {
      RETURN_IF_ERROR(parse_external(reader.bytes()));
    } else if (id == field::kDataLocation && is_varint) {
      fields->external = reader.varint() == 1;
    } else if (id == field::kSegment) {
      fields->segmented = true;
    } else {
      fields->annotations.Take(reader);
    }
  }
  RETURN_IF_ERROR(reader.status());
  if (const auto type = ElementTypeFromNumber(fields->data_type)) {
    fields->typed_bytes = ints * TypedFieldOf(*type).entry_bytes + fixed_bytes;
  }
  return absl::OkStatus();
}

absl::StatusOr<TensorRef> TensorReader::BuildExternal(const Fields& fields) {
  const ElementType type = *ElementTypeFromNumber(fields.data_type);
  if (type == ElementType::kString) {
    return absl::InvalidArgumentError("strings cannot be external data");
  }
  const std::optional<int64_t> count = NumElements(fields.dims);
  const std::optional<int64_t> size =
      count ? ByteSize(type, *count) : std::nullopt;
  ExternalLocation location = fields.location;
  if (!fields.has_length) location.length = size.value_or(0);
  bool is_new = false;
  ASSIGN_OR_RETURN(const auto file, files_.Open(location.location, &is_new));
  if (is_new) model_->KeepAlive(file);
  const uint64_t available = file->bytes().size();
  if (location.offset > available ||
      location.length > available - location.offset) {
    return absl::InvalidArgumentError(absl::StrCat(
        "its external data is ", location.length, " bytes at offset ",
        location.offset, " of ", QuoteForMessage(file->name()),
        ", which has only ", available, " bytes"));
  }
  ASSIGN_OR_RETURN(
      const TensorRef tensor,
      Tensor::Borrowed(type, fields.dims,
                       file->bytes().substr(location.offset, location.length),
                       file));
  return Tensor::WithExternal(tensor, std::move(location));
}

absl::StatusOr<TensorRef> TensorReader::Build(const Fields& fields,
                                              std::string_view message) {
  const std::optional<ElementType> type =
      ElementTypeFromNumber(fields.data_type);
  if (!type || *type == ElementType::kUndefined) {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown element type ", fields.data_type));
  }
  if (fields.segmented) {
    return absl::InvalidArgumentError("segmented tensors are not supported");
  }
  if (fields.external) return BuildExternal(fields);
  if (*type == ElementType::kString) {
    if (fields.has_raw) {
      return absl::InvalidArgumentError("strings cannot be in raw_data");
    }
    return Tensor::Strings(fields.dims, fields.strings);
  }
  if (fields.has_typed && fields.typed_bytes > 0 && !fields.raw.empty()) {
    return absl::InvalidArgumentError(
        "it has raw_data and typed data, which may not agree");
  }
  if (!fields.has_typed || !fields.raw.empty()) {
    if (!fields.has_raw && NumElements(fields.dims).value_or(0) > 0) {
      return absl::InvalidArgumentError("it has no data");
    }
    return Tensor::Borrowed(*type, fields.dims, fields.raw, buffer_);
  }
  if (fields.num_packed_chunks == 1 &&
      static_cast<int64_t>(fields.packed_chunk.size()) == fields.typed_bytes) {
    return Tensor::Borrowed(*type, fields.dims, fields.packed_chunk, buffer_);
  }
  ASSIGN_OR_RETURN(
      TensorRef tensor,
      Tensor::Computed(*type, fields.dims,
                       std::make_shared<TypedFieldSource>(message, buffer_)));
  if (tensor->byte_size() != fields.typed_bytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "tensor ", tensor->TypeString(), " needs ", tensor->byte_size(),
        " bytes, but its typed data makes ", fields.typed_bytes));
  }
  return tensor;
}

absl::StatusOr<NamedTensor> TensorReader::ReadTensor(std::string_view message) {
  Fields fields;
  const absl::Status parsed = Parse(message, &fields);
  absl::StatusOr<TensorRef> tensor =
      parsed.ok() ? Build(fields, message) : parsed;
  if (!tensor.ok()) {
    return Annotate(tensor.status(), "tensor " + QuoteForMessage(fields.name));
  }
  return NamedTensor{fields.name,
                     Tensor::WithSpelling(*tensor, {false, message, buffer_},
                                          fields.annotations.Finish(model_))};
}

absl::StatusOr<NamedTensor> TensorReader::ReadSparseTensor(
    std::string_view message) {
  NamedTensor values, indices;
  TensorDims dims;
  AnnotationsReader annotations(0, 0);
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.Is(proto::sparse_tensor::kValues, WireType::kBytes)) {
      ASSIGN_OR_RETURN(values, ReadTensor(reader.bytes()));
    } else if (reader.Is(proto::sparse_tensor::kIndices, WireType::kBytes)) {
      ASSIGN_OR_RETURN(indices, ReadTensor(reader.bytes()));
    } else if (reader.field() == proto::sparse_tensor::kDims &&
               (reader.type() == WireType::kVarint ||
                reader.type() == WireType::kBytes)) {
      RETURN_IF_ERROR(AppendInts(reader, &dims));
    } else {
      annotations.Keep(reader);
    }
  }
  RETURN_IF_ERROR(reader.status());
  absl::StatusOr<TensorRef> tensor =
      MakeSparseTensor(std::move(dims), values.tensor, indices.tensor);
  if (!tensor.ok()) {
    return Annotate(tensor.status(),
                    "sparse tensor " + QuoteForMessage(values.name));
  }
  return NamedTensor{values.name,
                     Tensor::WithSpelling(*tensor, {true, message, buffer_},
                                          annotations.Finish(model_))};
}

}  // namespace onnxopt
