// SPDX-License-Identifier: Apache-2.0
#include "eval/dense.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "eval/elements.h"

namespace onnxopt::eval {
namespace {

constexpr int64_t kMaxParameters = 1 << 24;

// `bytes` and what keeps them alive.
class HeapBuffer : public Buffer {
 public:
  HeapBuffer(std::unique_ptr<char[]> bytes, size_t size)
      : Buffer({bytes.get(), size}, -1, "<memory>"), owner_(std::move(bytes)) {}

 private:
  std::unique_ptr<char[]> owner_;
};

}  // namespace

absl::StatusOr<TensorBuilder> TensorBuilder::Create(ElementType type,
                                                    TensorDims dims) {
  const std::optional<int64_t> count = NumElements(dims);
  const std::optional<int64_t> size =
      count && BitWidth(type) > 0 ? ByteSize(type, *count) : std::nullopt;
  if (!size) {
    return absl::InvalidArgumentError(
        absl::StrCat("no tensor of ", std::string(ElementTypeName(type)),
                     " can have these dims"));
  }
  if (*size > Tensor::kMaxMaterializedBytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the result of ", *size, " bytes is too large to be computed"));
  }
  TensorBuilder builder;
  builder.type_ = type;
  builder.dims_ = std::move(dims);
  builder.num_elements_ = *count;
  if (*size <= Tensor::kMaxHeapBytes) {
    builder.heap_ = std::make_unique<char[]>(*size);
    builder.bytes_ = {builder.heap_.get(), static_cast<size_t>(*size)};
  } else {
    ASSIGN_OR_RETURN(builder.scratch_, ScratchWriter::Create(*size));
    builder.bytes_ = builder.scratch_->span();
  }
  return builder;
}

absl::StatusOr<TensorRef> TensorBuilder::Finish() && {
  std::shared_ptr<const Buffer> buffer;
  if (scratch_) {
    buffer = std::move(*scratch_).Finish();
  } else {
    buffer = std::make_shared<HeapBuffer>(std::move(heap_), bytes_.size());
  }
  return Tensor::Borrowed(type_, std::move(dims_), buffer->bytes(), buffer);
}

absl::StatusOr<std::vector<int64_t>> IntegersOf(const Tensor& tensor) {
  if ((!IsInteger(tensor.type()) && tensor.type() != ElementType::kBool) ||
      tensor.num_elements() > kMaxParameters) {
    return absl::InvalidArgumentError(
        absl::StrCat("integers are needed, not ", tensor.TypeString()));
  }
  ASSIGN_OR_RETURN(const std::string_view bytes, tensor.bytes());
  std::vector<int64_t> values(tensor.num_elements());
  LoadIntegers(tensor.type(), bytes, 0, values);
  return values;
}

absl::StatusOr<std::vector<double>> FloatsOf(const Tensor& tensor) {
  if (!IsFloating(tensor.type()) || tensor.num_elements() > kMaxParameters) {
    return absl::InvalidArgumentError(absl::StrCat(
        "floating-point numbers are needed, not ", tensor.TypeString()));
  }
  ASSIGN_OR_RETURN(const std::string_view bytes, tensor.bytes());
  std::vector<double> values(tensor.num_elements());
  LoadFloating(tensor.type(), bytes, 0, values);
  return values;
}

absl::StatusOr<std::vector<TensorRef>> OneOutput(
    absl::StatusOr<TensorRef> output) {
  if (!output.ok()) return output.status();
  return std::vector<TensorRef>{*std::move(output)};
}

absl::StatusOr<TensorRef> MakeInt64s(std::span<const int64_t> values) {
  return Tensor::Owned(
      ElementType::kInt64, {static_cast<int64_t>(values.size())},
      {reinterpret_cast<const char*>(values.data()), values.size_bytes()});
}

Strides RowMajorStrides(const TensorDims& dims) {
  Strides strides(dims.size());
  int64_t stride = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= dims[i];
  }
  return strides;
}

std::optional<TensorDims> BroadcastDims(const TensorDims& a,
                                        const TensorDims& b) {
  TensorDims result = a.size() >= b.size() ? a : b;
  const TensorDims& shorter = a.size() >= b.size() ? b : a;
  const size_t offset = result.size() - shorter.size();
  for (size_t i = 0; i < shorter.size(); ++i) {
    int64_t& dim = result[offset + i];
    if (shorter[i] == dim || shorter[i] == 1) continue;
    if (dim != 1) return std::nullopt;
    dim = shorter[i];
  }
  return result;
}

Strides BroadcastStrides(const TensorDims& from, const TensorDims& to) {
  ONNXOPT_CHECK(from.size() <= to.size());
  const Strides own = RowMajorStrides(from);
  Strides strides(to.size(), 0);
  const size_t offset = to.size() - from.size();
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i] != 1) strides[offset + i] = own[i];
  }
  return strides;
}

void JoinAxes(TensorDims* dims, std::span<Strides> strides) {
  // Axes [kept, rank) are the result so far; `kept` only falls.
  size_t kept = dims->size();
  for (size_t axis = dims->size(); axis-- > 0;) {
    const int64_t dim = (*dims)[axis];
    if (dim == 1) continue;
    const bool joins =
        kept < dims->size() &&
        std::all_of(strides.begin(), strides.end(), [&](const Strides& s) {
          return s[axis] == s[kept] * (*dims)[kept];
        });
    if (joins) {
      (*dims)[kept] *= dim;
      continue;
    }
    --kept;
    (*dims)[kept] = dim;
    for (Strides& s : strides) s[kept] = s[axis];
  }
  dims->erase(dims->begin(), dims->begin() + kept);
  for (Strides& s : strides) s.erase(s.begin(), s.begin() + kept);
}

absl::StatusOr<int64_t> NormalizeAxis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) {
    return absl::InvalidArgumentError(absl::StrCat(
        "axis ", axis, " is out of range for a tensor of rank ", rank));
  }
  return axis < 0 ? axis + rank : axis;
}

int64_t ProductOf(const TensorDims& dims, size_t begin, size_t end) {
  int64_t product = 1;
  for (size_t i = begin; i < end; ++i) product *= dims[i];
  return product;
}

}  // namespace onnxopt::eval
