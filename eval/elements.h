// SPDX-License-Identifier: Apache-2.0
// Elements of tensors as numbers. Kernels compute with double, int64 or their
// own type; these functions convert blocks of elements from and to any element
// type, so that few kernels need to be templates over all types.
#ifndef ONNXOPT_EVAL_ELEMENTS_H_
#define ONNXOPT_EVAL_ELEMENTS_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "ir/element_type.h"
#include "support/float_formats.h"

namespace onnxopt::eval {

/// float, double, half, bfloat16, float8 and float4 types.
bool IsFloating(ElementType type);
/// Integer types of 2 to 64 bits; not bool.
bool IsInteger(ElementType type);
bool IsUnsigned(ElementType type);

/// Elements [begin, begin + out.size()) of a tensor's `bytes`. Exact. Requires
/// IsFloating(type).
void LoadFloating(ElementType type, std::string_view bytes, int64_t begin,
                  std::span<double> out);
/// The same for integers and bool (0 and 1). uint64 above INT64_MAX keeps its
/// bits.
void LoadIntegers(ElementType type, std::string_view bytes, int64_t begin,
                  std::span<int64_t> out);

/// The same for any number or bool; integers above 2^53 are rounded to nearest.
void LoadNumbers(ElementType type, std::string_view bytes, int64_t begin,
                 std::span<double> out);

/// How numbers become float8: as the attributes of Cast say.
struct Float8Rounding {
  bool saturate = true;
  E8M0Rounding e8m0 = E8M0Rounding::kUp;
};
/// Rounds to nearest, ties to even, once; what is out of range becomes
/// infinity or, where there is none, saturates.
void StoreFloating(ElementType type, std::span<const double> values,
                   int64_t begin, std::span<char> bytes,
                   Float8Rounding rounding = {});
/// Keeps the low bits, as integer arithmetic wraps around; bool: 0 and not 0.
/// Types below 8 bits: `begin` is the first element of a byte, and the values
/// end a byte or the tensor.
void StoreIntegers(ElementType type, std::span<const int64_t> values,
                   int64_t begin, std::span<char> bytes);
/// Any type of numbers or bool: floating types as above, bool is "not 0", and
/// integers are truncated towards zero. What does not fit is as on x86, where
/// the conversion is to int64 for int64, uint64 and uint32, and to int32 for
/// all others, with the minimum of that type for NaN and what is out of its
/// range, and the low bits of it are kept.
void StoreNumbers(ElementType type, std::span<const double> values,
                  int64_t begin, std::span<char> bytes,
                  Float8Rounding rounding = {});

/// For code that computes in T: LoadNumbers and StoreNumbers for double,
/// LoadIntegers and StoreIntegers for int64_t.
template <typename T>
void Load(ElementType type, std::string_view bytes, int64_t begin,
          std::span<T> out) {
  if constexpr (std::is_same_v<T, double>) {
    LoadNumbers(type, bytes, begin, out);
  } else {
    LoadIntegers(type, bytes, begin, out);
  }
}
template <typename T>
void Store(ElementType type, std::span<const T> values, int64_t begin,
           std::span<char> bytes) {
  if constexpr (std::is_same_v<T, double>) {
    StoreNumbers(type, values, begin, bytes);
  } else {
    StoreIntegers(type, values, begin, bytes);
  }
}

/// Block size for loops over LoadX and StoreX: a multiple of the elements in a
/// byte of every type.
inline constexpr int64_t kBlock = 1024;

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_ELEMENTS_H_
