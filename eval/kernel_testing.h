// SPDX-License-Identifier: Apache-2.0
// Short notation for tests of kernels.
#ifndef ONNXOPT_EVAL_KERNEL_TESTING_H_
#define ONNXOPT_EVAL_KERNEL_TESTING_H_

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "ir/attribute.h"
#include "ir/tensor.h"

namespace onnxopt::eval_testing {

inline constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
inline constexpr float kInf = std::numeric_limits<float>::infinity();

/// A tensor of the given bytes.
TensorRef FromBytes(ElementType type, TensorDims dims, std::string_view bytes);

template <typename T>
TensorRef Make(ElementType type, TensorDims dims, std::vector<T> values) {
  return FromBytes(type, std::move(dims),
                   {reinterpret_cast<const char*>(values.data()),
                    values.size() * sizeof(T)});
}
TensorRef Floats(TensorDims dims, std::vector<float> values);
TensorRef Int64s(TensorDims dims, std::vector<int64_t> values);
TensorRef Bools(TensorDims dims, std::vector<uint8_t> values);
TensorRef Strings(TensorDims dims, std::vector<std::string> values);

Attribute Int(std::string_view name, int64_t value);
Attribute Float(std::string_view name, float value);
Attribute String(std::string_view name, std::string_view value);

/// Output 0 of a standard operator in canonical form, "float[2,2]{1, -0, nan,
/// inf}", or its error, "INVALID_ARGUMENT: Add: ...". Elements of types that
/// C++ does not have are shown as the bytes they are in, "int4[3]{0x21, 0x03}".
std::string Eval(std::string_view op, std::vector<TensorRef> inputs,
                 std::vector<Attribute> attributes = {});

}  // namespace onnxopt::eval_testing

#endif  // ONNXOPT_EVAL_KERNEL_TESTING_H_
