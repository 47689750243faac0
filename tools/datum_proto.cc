// SPDX-License-Identifier: Apache-2.0
#include "tools/datum_proto.h"

#include <utility>
#include <vector>

#include "frontend/external_writer.h"
#include "frontend/tensor_reader.h"
#include "frontend/tensor_writer.h"
#include "frontend/wire_reader.h"
#include "frontend/wire_writer.h"
#include "support/buffer.h"
#include "support/status.h"

namespace onnxopt {
namespace {

// The elem_type numbers of SequenceProto and OptionalProto (onnx-data.proto);
// both hold elements of kind K in field K + 2, but for an optional in an
// optional.
enum Kind : int { kTensorKind = 1, kSequenceKind = 3, kOptionalKind = 5 };
constexpr int kFieldOffset = 2;
constexpr int kNameField = 1;
constexpr int kElementTypeField = 2;

absl::StatusOr<Datum> ReadMessage(std::string_view message, int kind,
                                  TensorReader& tensors);

// The elements of a sequence or an optional.
absl::StatusOr<std::vector<Datum>> ReadElements(std::string_view message,
                                                TensorReader& tensors) {
  std::vector<Datum> elements;
  WireReader reader(message);
  while (reader.Next()) {
    const int kind = reader.field() - kFieldOffset;
    if (reader.type() != WireType::kBytes || kind < kTensorKind) continue;
    ASSIGN_OR_RETURN(elements.emplace_back(),
                     ReadMessage(reader.bytes(), kind, tensors));
  }
  RETURN_IF_ERROR(reader.status());
  return elements;
}

absl::StatusOr<Datum> ReadMessage(std::string_view message, int kind,
                                  TensorReader& tensors) {
  switch (kind) {
    case kTensorKind: {
      ASSIGN_OR_RETURN(NamedTensor tensor, tensors.ReadTensor(message));
      return Datum(std::move(tensor.tensor));
    }
    case kSequenceKind: {
      ASSIGN_OR_RETURN(std::vector<Datum> elements,
                       ReadElements(message, tensors));
      return Datum::Sequence(std::move(elements));
    }
    case kOptionalKind: {
      ASSIGN_OR_RETURN(std::vector<Datum> elements,
                       ReadElements(message, tensors));
      return elements.empty() ? Datum::EmptyOptional()
                              : Datum::Optional(std::move(elements.front()));
    }
    default:
      return absl::UnimplementedError("sparse tensors and maps are not read");
  }
}

int KindOf(const Datum& datum) {
  if (datum.IsTensor()) return kTensorKind;
  return datum.IsSequence() ? kSequenceKind : kOptionalKind;
}

absl::Status WriteMessage(std::string_view name, const Datum& datum,
                          WireWriter* out) {
  if (datum.IsTensor()) {
    // Not as the model spells it, which may be sparse.
    const TensorRef& tensor = datum.tensor();
    ASSIGN_OR_RETURN(const TensorRef plain,
                     Tensor::WithDims(tensor, tensor->dims()));
    WriteTensor(
        name, plain,
        [](const Tensor&) -> const ExternalLocation* { return nullptr; }, out);
    return absl::OkStatus();
  }
  out->OptionalBytes(kNameField, name);
  for (const Datum& element : datum.elements()) {
    if (&element == &datum.elements().front()) {
      out->Int(kElementTypeField, KindOf(element));
    }
    const size_t begin = out->Begin(KindOf(element) + kFieldOffset);
    RETURN_IF_ERROR(WriteMessage("", element, out));
    out->End(begin);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Datum> ReadDatum(const std::string& path, const TypeRef& type,
                                Model& model) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const Buffer> file, MapFile(path));
  model.KeepAlive(file);
  TensorReader tensors(&model, file, "");
  int kind = kTensorKind;
  if (type != nullptr && type->kind() == Type::Kind::kSequence) {
    kind = kSequenceKind;
  } else if (type != nullptr && type->kind() == Type::Kind::kOptional) {
    kind = kOptionalKind;
  } else if (type != nullptr && !type->IsTensor()) {
    kind = 0;
  }
  ASSIGN_OR_RETURN(Datum datum, ReadMessage(file->bytes(), kind, tensors));
  // Older vectors store bfloat16 as the integers NumPy had for it.
  if (kind == kTensorKind && type != nullptr &&
      type->element() == ElementType::kBfloat16 &&
      datum.tensor()->type() == ElementType::kUint16) {
    const Tensor& tensor = *datum.tensor();
    ASSIGN_OR_RETURN(const std::string_view bytes, tensor.bytes());
    ASSIGN_OR_RETURN(TensorRef same, Tensor::Owned(ElementType::kBfloat16,
                                                   tensor.dims(), bytes));
    return Datum(std::move(same));
  }
  return datum;
}

absl::Status AppendDatum(std::string_view name, const Datum& datum,
                         OutputFile* file) {
  WireWriter message;
  RETURN_IF_ERROR(WriteMessage(name, datum, &message));
  const std::string_view small = message.small();
  size_t done = 0;
  for (const WireWriter::Splice& splice : message.splices()) {
    RETURN_IF_ERROR(file->Append(small.substr(done, splice.at - done)));
    done = splice.at;
    RETURN_IF_ERROR(splice.tensor != nullptr
                        ? AppendTensor(*splice.tensor, file)
                        : file->Append(splice.bytes));
  }
  return file->Append(small.substr(done));
}

}  // namespace onnxopt
