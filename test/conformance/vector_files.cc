// SPDX-License-Identifier: Apache-2.0
#include "test/conformance/vector_files.h"

#include <utility>
#include <vector>

#include "frontend/tensor_reader.h"
#include "frontend/wire_reader.h"
#include "support/buffer.h"
#include "support/status.h"

namespace onnxopt {
namespace {

// The elem_type numbers of SequenceProto and OptionalProto (onnx-data.proto);
// both hold elements of kind K in field K + 2, but for an optional in an
// optional.
enum Kind : int { kTensorKind = 1, kSequenceKind = 3, kOptionalKind = 5 };
constexpr int kFieldOffset = 2;

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

}  // namespace onnxopt
