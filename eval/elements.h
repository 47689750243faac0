// SPDX-License-Identifier: Apache-2.0
// Elements of tensors as numbers. Kernels compute with double, int64 or their
// own type; these functions convert blocks of elements from and to any element
// type, so that few kernels need to be templates over all types.
#ifndef ONNXOPT_EVAL_ELEMENTS_H_
#define ONNXOPT_EVAL_ELEMENTS_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "ir/element_type.h"

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

/// Rounds to nearest, ties to even, once; what is out of range becomes
/// infinity or, where there is none, saturates. For float8 and float4 as Cast
/// with saturate = 1.
void StoreFloating(ElementType type, std::span<const double> values,
                   int64_t begin, std::span<char> bytes);
/// Keeps the low bits, as integer arithmetic wraps around; bool: 0 and not 0.
/// Types below 8 bits: `begin` is the first element of a byte, and the values
/// end a byte or the tensor.
void StoreIntegers(ElementType type, std::span<const int64_t> values,
                   int64_t begin, std::span<char> bytes);

/// Block size for loops over LoadX and StoreX: a multiple of the elements in a
/// byte of every type.
inline constexpr int64_t kBlock = 1024;

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_ELEMENTS_H_
