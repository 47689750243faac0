// SPDX-License-Identifier: Apache-2.0
// Tensors as arrays of the C++ type a kernel computes with: float for float
// and all narrower floating types, double for double, uint32_t and uint64_t,
// which wrap around as ONNX's integers do, for integers.
#ifndef ONNXOPT_EVAL_NUMBERS_H_
#define ONNXOPT_EVAL_NUMBERS_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "eval/dense.h"
#include "eval/elements.h"
#include "ir/tensor.h"
#include "support/status.h"

namespace onnxopt::eval {

/// The element type that has the layout of T.
template <typename T>
constexpr ElementType NativeType() {
  if constexpr (std::is_same_v<T, float>) return ElementType::kFloat;
  if constexpr (std::is_same_v<T, double>) return ElementType::kDouble;
  if constexpr (std::is_same_v<T, int8_t>) return ElementType::kInt8;
  if constexpr (std::is_same_v<T, uint8_t>) return ElementType::kUint8;
  if constexpr (std::is_same_v<T, uint32_t>) return ElementType::kUint32;
  if constexpr (std::is_same_v<T, uint64_t>) return ElementType::kUint64;
}

/// Whether elements of `type` can be read as T where they lie.
template <typename T>
bool IsNative(ElementType type) {
  if (std::is_floating_point_v<T>) return type == NativeType<T>();
  return IsInteger(type) && BitWidth(type) == 8 * sizeof(T);
}

/// Converts elements from `begin` on, of a type that fits T's family.
template <typename T>
void LoadNumbers(ElementType type, std::string_view bytes, int64_t begin,
                 std::span<T> out) {
  using Wide = std::conditional_t<std::is_floating_point_v<T>, double, int64_t>;
  std::array<Wide, kBlock> block;
  for (size_t done = 0; done < out.size(); done += kBlock) {
    const std::span<Wide> part =
        std::span(block).first(std::min<size_t>(kBlock, out.size() - done));
    if constexpr (std::is_floating_point_v<T>) {
      LoadFloating(type, bytes, begin + static_cast<int64_t>(done), part);
    } else {
      LoadIntegers(type, bytes, begin + static_cast<int64_t>(done), part);
    }
    for (size_t i = 0; i < part.size(); ++i) {
      out[done + i] = static_cast<T>(part[i]);
    }
  }
}

/// All elements of a tensor of T's family (floating or integer; bool counts as
/// an integer) as T. Valid as long as both it and the tensor live.
template <typename T>
class Numbers {
 public:
  static absl::StatusOr<Numbers> Of(const Tensor& tensor) {
    Numbers numbers;
    if (IsNative<T>(tensor.type())) {
      ASSIGN_OR_RETURN(numbers.native_, Elements<T>::Of(tensor));
      return numbers;
    }
    ASSIGN_OR_RETURN(const std::string_view bytes, tensor.bytes());
    ASSIGN_OR_RETURN(numbers.converted_,
                     TensorBuilder::Create(NativeType<T>(), tensor.dims()));
    LoadNumbers(tensor.type(), bytes, 0, numbers.converted_->template As<T>());
    return numbers;
  }

  std::span<const T> span() const {
    if (converted_) return converted_->As<T>();
    return native_->span();
  }
  const T* data() const { return span().data(); }
  size_t size() const { return span().size(); }

 private:
  std::optional<Elements<T>> native_;  // either
  std::optional<TensorBuilder> converted_;
};

/// A tensor that is written as T, zero at first, and rounded once, or wrapped,
/// to its element type at the end.
template <typename T>
class Result {
 public:
  static absl::StatusOr<Result> Create(ElementType type, TensorDims dims) {
    const ElementType stored = IsNative<T>(type) ? type : NativeType<T>();
    ASSIGN_OR_RETURN(TensorBuilder builder,
                     TensorBuilder::Create(stored, std::move(dims)));
    return Result(type, std::move(builder));
  }

  std::span<T> span() const { return builder_.template As<T>(); }
  T* data() const { return span().data(); }
  const TensorDims& dims() const { return builder_.dims(); }

  absl::StatusOr<TensorRef> Finish() && {
    if (builder_.type() == type_) return std::move(builder_).Finish();
    ASSIGN_OR_RETURN(TensorBuilder rounded,
                     TensorBuilder::Create(type_, builder_.dims()));
    using Wide =
        std::conditional_t<std::is_floating_point_v<T>, double, int64_t>;
    std::array<Wide, kBlock> block;
    const std::span<const T> values = span();
    for (size_t done = 0; done < values.size(); done += kBlock) {
      const size_t n = std::min<size_t>(kBlock, values.size() - done);
      for (size_t i = 0; i < n; ++i) {
        block[i] = static_cast<Wide>(values[done + i]);
      }
      const auto part = std::span<const Wide>(block).first(n);
      const auto begin = static_cast<int64_t>(done);
      if constexpr (std::is_floating_point_v<T>) {
        StoreFloating(type_, part, begin, rounded.bytes());
      } else {
        StoreIntegers(type_, part, begin, rounded.bytes());
      }
    }
    return std::move(rounded).Finish();
  }

 private:
  Result(ElementType type, TensorBuilder builder)
      : type_(type), builder_(std::move(builder)) {}

  ElementType type_;
  TensorBuilder builder_;
};

/// The outputs of a kernel that has one.
template <typename T>
absl::StatusOr<std::vector<TensorRef>> Single(Result<T> result) {
  ASSIGN_OR_RETURN(TensorRef tensor, std::move(result).Finish());
  return std::vector{std::move(tensor)};
}

/// f(T{}) with the T that elements of a floating type are computed with.
template <typename F>
auto WithFloatType(ElementType type, F f) -> decltype(f(float{})) {
  if (type == ElementType::kDouble) return f(double{});
  return f(float{});
}

/// The same for a floating or integer type.
template <typename F>
auto WithNumberType(ElementType type, F f) -> decltype(f(float{})) {
  if (!IsInteger(type)) return WithFloatType(type, f);
  if (BitWidth(type) == 64) return f(uint64_t{});
  return f(uint32_t{});
}

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_NUMBERS_H_
