// SPDX-License-Identifier: Apache-2.0
#include "eval/requantize.h"

#include <array>
#include <utility>

#include "eval/elements.h"
#include "eval/numbers.h"
#include "support/float_formats.h"
#include "support/status.h"

namespace onnxopt::eval {

IntegerRange RangeOf(ElementType type) {
  ONNXOPT_CHECK(IsInteger(type) && BitWidth(type) <= 32);
  const int64_t codes = int64_t{1} << BitWidth(type);
  if (IsUnsigned(type)) return {0, codes - 1};
  return {-codes / 2, codes / 2 - 1};
}

uint8_t QuantizeFloat(ElementType type, float value, bool saturate) {
  switch (type) {
    case ElementType::kFloat8E4M3FN:
      return FloatToFloat8(Float8Format::kE4M3FN, value, saturate);
    case ElementType::kFloat8E4M3FNUZ:
      return FloatToFloat8(Float8Format::kE4M3FNUZ, value, saturate);
    case ElementType::kFloat8E5M2:
      return FloatToFloat8(Float8Format::kE5M2, value, saturate);
    case ElementType::kFloat8E5M2FNUZ:
      return FloatToFloat8(Float8Format::kE5M2FNUZ, value, saturate);
    default:
      ONNXOPT_CHECK(type == ElementType::kFloat4E2M1);
      return FloatToFloat4E2M1(value);
  }
}

absl::StatusOr<TensorRef> Requantize(std::span<const float> values,
                                     const TensorDims& dims,
                                     const Tensor& zero_point,
                                     const Strides& zero_point_strides) {
  const ElementType type = zero_point.type();
  ONNXOPT_CHECK(BitWidth(type) == 8);
  ASSIGN_OR_RETURN(TensorBuilder builder, TensorBuilder::Create(type, dims));
  const std::span<uint8_t> codes = builder.As<uint8_t>();
  if (!IsInteger(type)) {  // their zero points are zero
    for (size_t i = 0; i < codes.size(); ++i) {
      codes[i] = QuantizeFloat(type, values[i], /*saturate=*/true);
    }
    return std::move(builder).Finish();
  }
  const IntegerRange range = RangeOf(type);
  ASSIGN_OR_RETURN(const std::vector<int64_t> zeros, IntegersOf(zero_point));
  ForEachRun<2>(dims, {RowMajorStrides(dims), zero_point_strides},
                [&](int64_t n, const std::array<int64_t, 2>& at,
                    const std::array<int64_t, 2>& steps) {
                  for (int64_t i = 0; i < n; ++i) {
                    codes[at[0] + i] = static_cast<uint8_t>(QuantizeInteger(
                        values[at[0] + i], zeros[at[1] + i * steps[1]], range));
                  }
                });
  return std::move(builder).Finish();
}

}  // namespace onnxopt::eval
