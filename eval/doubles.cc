// SPDX-License-Identifier: Apache-2.0
#include "eval/doubles.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "eval/elements.h"

namespace onnxopt::eval {
namespace {

// The integer to store for `value`; uint64 in the bits of int64.
int64_t Truncated(double value, int bits, bool is_unsigned) {
  if (std::isnan(value)) return 0;
  const double below = std::ldexp(1.0, is_unsigned ? bits : bits - 1);
  if (value >= below) {
    // All ones, of an unsigned type all its bits.
    const uint64_t ones = UINT64_MAX >> (64 - bits);
    return static_cast<int64_t>(is_unsigned ? ones : ones >> 1);
  }
  value = std::max(value, is_unsigned ? 0.0 : -below);
  return is_unsigned ? static_cast<int64_t>(static_cast<uint64_t>(value))
                     : static_cast<int64_t>(value);
}

}  // namespace

absl::StatusOr<TensorBuilder> ToDoubles(const Tensor& tensor) {
  const ElementType type = tensor.type();
  if (!IsFloating(type) && !IsInteger(type) && type != ElementType::kBool) {
    return absl::UnimplementedError(
        absl::StrCat("arithmetic of ", std::string(ElementTypeName(type))));
  }
  ASSIGN_OR_RETURN(const std::string_view bytes, tensor.bytes());
  ASSIGN_OR_RETURN(TensorBuilder doubles,
                   TensorBuilder::Create(ElementType::kDouble, tensor.dims()));
  const std::span<double> out = doubles.As<double>();
  if (IsFloating(type)) {
    LoadFloating(type, bytes, 0, out);
    return doubles;
  }
  for (size_t i = 0; i < out.size(); ++i) {
    int64_t value;
    LoadIntegers(type, bytes, static_cast<int64_t>(i), {&value, 1});
    out[i] = type == ElementType::kUint64
                 ? static_cast<double>(static_cast<uint64_t>(value))
                 : static_cast<double>(value);
  }
  return doubles;
}

absl::StatusOr<TensorRef> FromDoubles(ElementType type, TensorBuilder doubles) {
  if (type == ElementType::kDouble) return std::move(doubles).Finish();
  ASSIGN_OR_RETURN(TensorBuilder out,
                   TensorBuilder::Create(type, doubles.dims()));
  const std::span<const double> in = doubles.As<double>();
  if (IsFloating(type)) {
    StoreFloating(type, in, 0, out.bytes());
    return std::move(out).Finish();
  }
  std::array<int64_t, kBlock> block;
  for (size_t begin = 0; begin < in.size(); begin += kBlock) {
    const size_t n = std::min<size_t>(kBlock, in.size() - begin);
    for (size_t i = 0; i < n; ++i) {
      block[i] =
          type == ElementType::kBool
              ? in[begin + i] != 0
              : Truncated(in[begin + i], BitWidth(type), IsUnsigned(type));
    }
    StoreIntegers(type, std::span(block).first(n), static_cast<int64_t>(begin),
                  out.bytes());
  }
  return std::move(out).Finish();
}

}  // namespace onnxopt::eval
