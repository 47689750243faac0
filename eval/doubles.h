// SPDX-License-Identifier: Apache-2.0
// Whole tensors of numbers as doubles, for kernels that interpolate.
#ifndef ONNXOPT_EVAL_DOUBLES_H_
#define ONNXOPT_EVAL_DOUBLES_H_

#include "absl/status/statusor.h"
#include "eval/dense.h"

namespace onnxopt::eval {

/// The elements of a tensor of a floating or integer type or bool (0 and 1);
/// an error for other types. 64-bit integers are rounded.
absl::StatusOr<TensorBuilder> ToDoubles(const Tensor& tensor);

/// `doubles` as a tensor of one of these types. Integers are truncated towards
/// 0, what is out of range becomes the nearest integer that is not; NaN is 0.
absl::StatusOr<TensorRef> FromDoubles(ElementType type, TensorBuilder doubles);

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_DOUBLES_H_
