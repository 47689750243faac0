// SPDX-License-Identifier: Apache-2.0
// Index tensors, as Gather and Scatter operators read them.
#ifndef ONNXOPT_EVAL_INDICES_H_
#define ONNXOPT_EVAL_INDICES_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "ir/tensor.h"

namespace onnxopt::eval {

/// All elements of an integer or bool tensor.
absl::StatusOr<std::vector<int64_t>> RawIndicesOf(const Tensor& tensor);

/// Indices into an axis of `dim` elements, those below 0 counted from the end;
/// an error for one that is out of range.
absl::StatusOr<std::vector<int64_t>> IndicesOf(const Tensor& tensor,
                                               int64_t dim);

/// GatherElements and ScatterElements: for each element of `index` the offset
/// in `data` of the element at the same place, except along `axis`, where it is
/// at the index.
absl::StatusOr<std::vector<int64_t>> ElementOffsets(const Tensor& data,
                                                    const Tensor& index,
                                                    int64_t axis);

/// GatherND and ScatterND: slices of a tensor.
struct Slices {
  std::vector<int64_t> offsets;  // of the first element of each
  TensorDims dims;               // of each
  int64_t run = 0;               // elements of each
};
/// The last axis of `index` holds the first coordinates of slices of `data`,
/// after `batch_dims` coordinates that both tensors share.
absl::StatusOr<Slices> SlicesOf(const Tensor& data, const Tensor& index,
                                size_t batch_dims);

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_INDICES_H_
