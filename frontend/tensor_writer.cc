// SPDX-License-Identifier: Apache-2.0
#include "frontend/tensor_writer.h"

#include <string>
#include <utility>

#include "frontend/annotations_wire.h"
#include "frontend/proto_fields.h"
#include "frontend/wire_reader.h"

namespace onnxopt {
namespace {

namespace field = proto::tensor;

// The fields of the TensorProto `message`, under another name if `name` is not
// empty.
void CopyRenamed(std::string_view message,
                 const std::shared_ptr<const Buffer>& buffer,
                 std::string_view name, WireWriter* out) {
  bool has_name = false;
  WireReader reader(message);
  while (reader.Next()) {
    if (name.empty() || !reader.Is(field::kName, WireType::kBytes)) {
      out->Raw(reader.raw(), buffer);
    } else if (!std::exchange(has_name, true)) {
      out->Bytes(field::kName, name);
    }
  }
  if (!has_name) out->OptionalBytes(field::kName, name);
}

void CopySparseRenamed(const TensorSpelling& spelling, std::string_view name,
                       WireWriter* out) {
  WireReader reader(spelling.message);
  while (reader.Next()) {
    if (!reader.Is(proto::sparse_tensor::kValues, WireType::kBytes)) {
      out->Raw(reader.raw(), spelling.buffer);
      continue;
    }
    const size_t values = out->Begin(proto::sparse_tensor::kValues);
    CopyRenamed(reader.bytes(), spelling.buffer, name, out);
    out->End(values);
  }
}

void WriteEntry(int field, std::string_view key, std::string_view value,
                WireWriter* out) {
  const size_t entry = out->Begin(field);
  out->Bytes(proto::entry::kKey, key);
  out->Bytes(proto::entry::kValue, value);
  out->End(entry);
}

void WriteExternal(const ExternalLocation& location, WireWriter* out) {
  WriteEntry(field::kExternalData, "location", location.location, out);
  WriteEntry(field::kExternalData, "offset", std::to_string(location.offset),
             out);
  WriteEntry(field::kExternalData, "length", std::to_string(location.length),
             out);
  out->Varint(field::kDataLocation, 1);
}

// The name that the file gave a tensor.
std::string_view SpeltName(std::string_view message) {
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.Is(field::kName, WireType::kBytes)) return reader.bytes();
  }
  return {};
}

void WritePlain(std::string_view name, const TensorRef& tensor,
                const ExternalLocation* location, WireWriter* out) {
  WriteAnnotations(tensor->annotations(), field::kDocString, field::kMetadata,
                   out);
  // Unpacked, as the field is declared and other writers do.
  for (int64_t dim : tensor->dims()) out->Int(field::kDims, dim);
  out->Varint(field::kDataType, static_cast<uint64_t>(tensor->type()));
  out->OptionalBytes(field::kName, name);
  if (tensor->form() == Tensor::Form::kStrings) {
    for (const std::string& s : tensor->strings()) {
      out->Bytes(field::kStringData, s);
    }
  } else if (location != nullptr) {
    WriteExternal(*location, out);
  } else {
    out->TensorBytes(field::kRawData, tensor);
  }
}

}  // namespace

void WriteTensor(std::string_view name, const TensorRef& tensor,
                 ExternalPlan plan, WireWriter* out) {
  const TensorSpelling* spelling = tensor->spelling();
  const ExternalLocation* location = plan(*tensor);
  if (spelling != nullptr && spelling->sparse) {
    CopySparseRenamed(*spelling, name, out);
  } else if (spelling != nullptr && location == tensor->external()) {
    CopyRenamed(spelling->message, spelling->buffer, name, out);
  } else {
    // Tensors in attributes need no name, but may have one.
    const bool keep_name = name.empty() && spelling != nullptr;
    WritePlain(keep_name ? SpeltName(spelling->message) : name, tensor,
               location, out);
  }
}

}  // namespace onnxopt
