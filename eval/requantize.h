// SPDX-License-Identifier: Apache-2.0
// From real numbers to quantized ones.
#ifndef ONNXOPT_EVAL_REQUANTIZE_H_
#define ONNXOPT_EVAL_REQUANTIZE_H_

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "eval/dense.h"
#include "ir/tensor.h"

namespace onnxopt::eval {

/// The least and the greatest value of an integer type of at most 32 bits.
struct IntegerRange {
  int64_t min = 0;
  int64_t max = 0;
};
IntegerRange RangeOf(ElementType type);

/// The nearest integer, ties to even, plus zero_point, within the range. NaN
/// gives the least value.
inline int64_t QuantizeInteger(double value, int64_t zero_point,
                               IntegerRange range) {
  constexpr double kLimit = 0x1p40;
  constexpr double kMagic = 0x1.8p52;  // the unit of doubles near it is 1
  value = value > -kLimit ? value : -kLimit;
  value = value < kLimit ? value : kLimit;
  const auto rounded = static_cast<int64_t>((value + kMagic) - kMagic);
  const int64_t quantized = rounded + zero_point;
  if (quantized < range.min) return range.min;
  return quantized < range.max ? quantized : range.max;
}

/// The code of a float8 type, or of float4e2m1, nearest to `value`.
uint8_t QuantizeFloat(ElementType type, float value, bool saturate);

/// `values`, row-major of `dims`, already divided by their scale, as elements
/// of the type of `zero_point`, which is read with the strides.
absl::StatusOr<TensorRef> Requantize(std::span<const float> values,
                                     const TensorDims& dims,
                                     const Tensor& zero_point,
                                     const Strides& zero_point_strides);

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_REQUANTIZE_H_
