// SPDX-License-Identifier: Apache-2.0
// Operations on two numbers that several families of kernels share.
#ifndef ONNXOPT_EVAL_ARITHMETIC_H_
#define ONNXOPT_EVAL_ARITHMETIC_H_

#include <cmath>
#include <cstdint>
#include <type_traits>

namespace onnxopt::eval {

/// Integers wrap around; the low bits are right for any integer type.
template <typename T>
T Plus(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  } else {
    return a + b;
  }
}
template <typename T>
T Minus(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
  } else {
    return a - b;
  }
}
template <typename T>
T Times(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  } else {
    return a * b;
  }
}

template <typename T>
bool IsNotANumber(T a) {
  if constexpr (std::is_floating_point_v<T>) return std::isnan(a);
  return false;
}

/// A NaN wins over any number; of equal numbers (0 and -0) the first.
template <typename T>
T Larger(T a, T b) {
  return a >= b || IsNotANumber(a) ? a : b;
}
template <typename T>
T Smaller(T a, T b) {
  return a <= b || IsNotANumber(a) ? a : b;
}

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_ARITHMETIC_H_
