// SPDX-License-Identifier: Apache-2.0
// Taking tensors of any element type apart along an axis, and joining them.
#ifndef ONNXOPT_EVAL_SLICES_H_
#define ONNXOPT_EVAL_SLICES_H_

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "ir/tensor.h"

namespace onnxopt::eval {

/// Indices [begin, end) along `axis` (counted from the front and in range), a
/// dimension that stays. An error if they are outside the tensor.
absl::StatusOr<TensorRef> SliceAlong(const TensorRef& tensor, int64_t axis,
                                     int64_t begin, int64_t end);

/// Index `index` along `axis`, which disappears.
absl::StatusOr<TensorRef> TakeAlong(const TensorRef& tensor, int64_t axis,
                                    int64_t index);

/// Joins at least one tensor of one type along `axis`; their other dims must
/// agree.
absl::StatusOr<TensorRef> ConcatAlong(std::span<const TensorRef> tensors,
                                      int64_t axis);

/// Joins at least one tensor of one type and dims along a new axis.
absl::StatusOr<TensorRef> StackAlong(std::span<const TensorRef> tensors,
                                     int64_t axis);

/// The same elements with other dims.
absl::StatusOr<TensorRef> WithDims(const TensorRef& tensor, TensorDims dims);

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_SLICES_H_
