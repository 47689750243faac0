// SPDX-License-Identifier: Apache-2.0
#include "eval/indices.h"

#include "absl/strings/str_cat.h"
#include "eval/arguments.h"
#include "eval/dense.h"
#include "eval/elements.h"

namespace onnxopt::eval {
namespace {

// An error unless `index` is in -dim..dim-1; a negative one is made positive.
absl::Status Normalize(int64_t dim, int64_t& index) {
  if (index < -dim || index >= dim) {
    return absl::InvalidArgumentError(absl::StrCat(
        "index ", index, " is out of range for ", dim, " elements"));
  }
  if (index < 0) index += dim;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<int64_t>> RawIndicesOf(const Tensor& tensor) {
  ASSIGN_OR_RETURN(const std::string_view bytes, tensor.bytes());
  std::vector<int64_t> indices(tensor.num_elements());
  LoadIntegers(tensor.type(), bytes, 0, indices);
  return indices;
}

absl::StatusOr<std::vector<int64_t>> IndicesOf(const Tensor& tensor,
                                               int64_t dim) {
  ASSIGN_OR_RETURN(std::vector<int64_t> indices, RawIndicesOf(tensor));
  for (int64_t& index : indices) {
    RETURN_IF_ERROR(Normalize(dim, index));
  }
  return indices;
}

absl::StatusOr<std::vector<int64_t>> ElementOffsets(const Tensor& data,
                                                    const Tensor& index,
                                                    int64_t axis) {
  bool fits = data.dims().size() == index.dims().size();
  for (size_t i = 0; i < index.dims().size() && fits; ++i) {
    fits = static_cast<int64_t>(i) == axis || index.dims()[i] <= data.dims()[i];
  }
  if (!fits) {
    return Invalid(absl::StrCat("indices ", index.TypeString(), " do not fit ",
                                data.TypeString()));
  }
  ASSIGN_OR_RETURN(std::vector<int64_t> offsets,
                   IndicesOf(index, data.dims()[axis]));
  Strides strides = RowMajorStrides(data.dims());
  const int64_t axis_stride = strides[axis];
  strides[axis] = 0;
  size_t next = 0;
  ForEachRun<1>(index.dims(), {strides},
                [&](int64_t n, const auto& at, const auto& steps) {
                  for (int64_t k = 0; k < n; ++k, ++next) {
                    offsets[next] =
                        offsets[next] * axis_stride + at[0] + k * steps[0];
                  }
                });
  return offsets;
}

absl::StatusOr<Slices> SlicesOf(const Tensor& data, const Tensor& index,
                                size_t batch_dims) {
  const TensorDims& dims = data.dims();
  if (index.dims().empty() || index.dims().back() < 1 ||
      index.dims().back() > static_cast<int64_t>(dims.size() - batch_dims)) {
    return Invalid(absl::StrCat("indices ", index.TypeString(), " do not fit ",
                                data.TypeString()));
  }
  const size_t depth = index.dims().back();
  const size_t first = batch_dims + depth;
  ASSIGN_OR_RETURN(std::vector<int64_t> indices, RawIndicesOf(index));
  const Strides strides = RowMajorStrides(dims);
  Slices slices;
  slices.dims.assign(dims.begin() + first, dims.end());
  slices.run = ProductOf(dims, first, dims.size());
  // Slices in the same batch; one batch has as many elements as `batch_size`.
  const int64_t per_batch =
      ProductOf(index.dims(), batch_dims, index.dims().size() - 1);
  const int64_t batch_size = ProductOf(dims, batch_dims, dims.size());
  const int64_t count = static_cast<int64_t>(indices.size() / depth);
  for (int64_t i = 0; i < count; ++i) {
    int64_t offset = i / per_batch * batch_size;
    for (size_t axis = 0; axis < depth; ++axis) {
      int64_t& at = indices[i * depth + axis];
      RETURN_IF_ERROR(Normalize(dims[batch_dims + axis], at));
      offset += at * strides[batch_dims + axis];
    }
    slices.offsets.push_back(offset);
  }
  return slices;
}

}  // namespace onnxopt::eval
