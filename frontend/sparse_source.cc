// SPDX-License-Identifier: Apache-2.0
#include "frontend/sparse_source.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "support/status.h"

namespace onnxopt {
namespace {

constexpr int64_t kChunkElements = 1 << 14;

// Linear positions in row-major order, one per value.
absl::StatusOr<std::vector<int64_t>> LinearIndices(const TensorDims& dims,
                                                   int64_t num_values,
                                                   const Tensor& indices) {
  const int64_t rank = static_cast<int64_t>(dims.size());
  const bool linear = indices.dims() == TensorDims{num_values};
  if (!linear && indices.dims() != TensorDims{num_values, rank}) {
    return absl::InvalidArgumentError("indices have the wrong shape");
  }
  ASSIGN_OR_RETURN(const std::string_view bytes, indices.bytes());
  std::vector<int64_t> numbers(bytes.size() / sizeof(int64_t));
  if (!bytes.empty()) std::memcpy(numbers.data(), bytes.data(), bytes.size());
  const int64_t size = NumElements(dims).value_or(0);
  std::vector<int64_t> positions(num_values);
  for (int64_t i = 0; i < num_values; ++i) {
    int64_t position = linear ? numbers[i] : 0;
    bool in_range = position >= 0 && position < size;
    for (int64_t axis = 0; !linear && axis < rank; ++axis) {
      const int64_t index = numbers[i * rank + axis];
      in_range = in_range && index >= 0 && index < dims[axis];
      if (in_range) position = position * dims[axis] + index;
    }
    if (!in_range) {
      return absl::InvalidArgumentError(
          absl::StrCat("index ", i, " is out of range"));
    }
    positions[i] = position;
  }
  return positions;
}

class SparseSource : public TensorSource {
 public:
  // Pairs of a position in the dense tensor and one in `values`, ascending.
  using Entries = std::vector<std::pair<int64_t, int64_t>>;

  SparseSource(TensorRef values, Entries entries)
      : values_(std::move(values)), entries_(std::move(entries)) {}

  absl::Status Produce(const Tensor& tensor, ByteSink sink) const override {
    const int64_t width = BitWidth(tensor.type()) / 8;
    ASSIGN_OR_RETURN(const std::string_view values, values_->bytes());
    auto entry = entries_.begin();
    for (int64_t begin = 0; begin < tensor.num_elements();
         begin += kChunkElements) {
      const int64_t end =
          std::min(begin + kChunkElements, tensor.num_elements());
      std::string chunk((end - begin) * width, '\0');
      for (; entry != entries_.end() && entry->first < end; ++entry) {
        std::memcpy(&chunk[(entry->first - begin) * width],
                    &values[entry->second * width], width);
      }
      RETURN_IF_ERROR(sink(chunk));
    }
    return absl::OkStatus();
  }

 private:
  TensorRef values_;
  Entries entries_;
};

}  // namespace

absl::StatusOr<TensorRef> MakeSparseTensor(TensorDims dims,
                                           const TensorRef& values,
                                           const TensorRef& indices) {
  if (values == nullptr || indices == nullptr) {
    return absl::InvalidArgumentError("values or indices are missing");
  }
  if (values->dims().size() != 1 || indices->type() != ElementType::kInt64) {
    return absl::InvalidArgumentError(
        "values must be of rank 1, indices of type int64");
  }
  if (BitWidth(values->type()) == 0 || BitWidth(values->type()) % 8 != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "sparse tensors of ", values->TypeString(), " are not supported"));
  }
  ASSIGN_OR_RETURN(const std::vector<int64_t> positions,
                   LinearIndices(dims, values->num_elements(), *indices));
  SparseSource::Entries entries;
  entries.reserve(positions.size());
  for (size_t i = 0; i < positions.size(); ++i) {
    entries.emplace_back(positions[i], static_cast<int64_t>(i));
  }
  std::sort(entries.begin(), entries.end());
  return Tensor::Computed(
      values->type(), std::move(dims),
      std::make_shared<SparseSource>(values, std::move(entries)));
}

}  // namespace onnxopt
