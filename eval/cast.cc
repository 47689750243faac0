// SPDX-License-Identifier: Apache-2.0
// Cast, CastLike and BitCast.
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "eval/dense.h"
#include "eval/elements.h"
#include "eval/families.h"
#include "eval/input_check.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

using Outputs = absl::StatusOr<std::vector<TensorRef>>;

// A double that rounds to float, and to narrower types, as the integer does:
// what is between two doubles becomes the one with an odd last bit.
double RoundToOddDouble(uint64_t magnitude, bool negative) {
  const int excess = std::bit_width(magnitude) - 53;
  if (excess > 0) {
    const bool inexact = (magnitude & ((uint64_t{1} << excess) - 1)) != 0;
    magnitude = ((magnitude >> excess) | (inexact ? 1 : 0)) << excess;
  }
  const auto value = static_cast<double>(magnitude);
  return negative ? -value : value;
}

double IntegerToDouble(int64_t value, bool is_uint64, ElementType to) {
  const bool negative = !is_uint64 && value < 0;
  const uint64_t bits = static_cast<uint64_t>(value);
  const uint64_t magnitude = negative ? 0 - bits : bits;
  if (to != ElementType::kDouble) return RoundToOddDouble(magnitude, negative);
  const auto nearest = static_cast<double>(magnitude);
  return negative ? -nearest : nearest;
}

template <typename T>
std::string FloatToString(T value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "INF" : "-INF";
  // The shortest that reads back as the same number, without an exponent.
  std::array<char, 512> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 std::chars_format::fixed);
  return std::string(text.data(), end.ptr);
}

Outputs ToStrings(const Tensor& x) {
  if (x.num_elements() > kMaxStrings) {
    return absl::ResourceExhaustedError("too many strings");
  }
  ASSIGN_OR_RETURN(const std::string_view bytes, x.bytes());
  std::vector<std::string> strings(x.num_elements());
  for (int64_t i = 0; i < x.num_elements(); ++i) {
    if (IsFloating(x.type())) {
      std::array<double, 1> value;
      LoadFloating(x.type(), bytes, i, value);
      strings[i] = x.type() == ElementType::kDouble
                       ? FloatToString(value[0])
                       : FloatToString(static_cast<float>(value[0]));
    } else {
      std::array<int64_t, 1> value;
      LoadIntegers(x.type(), bytes, i, value);
      strings[i] = x.type() == ElementType::kUint64
                       ? absl::StrCat(static_cast<uint64_t>(value[0]))
                       : absl::StrCat(value[0]);
    }
  }
  return OneOutput(Tensor::Strings(x.dims(), std::move(strings)));
}

// Rounds once to `to`, which is done here for float: its shortest texts may be
// halfway between doubles.
std::optional<double> ParseNumber(const std::string& text, ElementType to) {
  if (to == ElementType::kFloat) {
    float value;
    if (absl::SimpleAtof(text, &value)) return value;
  } else {
    double value;
    if (absl::SimpleAtod(text, &value)) return value;
  }
  return std::nullopt;
}

std::optional<int64_t> ParseInteger(const std::string& text) {
  int64_t value;
  if (absl::SimpleAtoi(text, &value)) return value;
  uint64_t large;
  if (absl::SimpleAtoi(text, &large)) return static_cast<int64_t>(large);
  return std::nullopt;
}

Outputs FromStrings(const Tensor& x, ElementType to, Float8Rounding rounding) {
  ASSIGN_OR_RETURN(TensorBuilder result, TensorBuilder::Create(to, x.dims()));
  // Numbers are stored as what they are read as: integers, or else floating
  // point. Elements that share a byte are stored together.
  const int64_t together = std::max(8 / BitWidth(to), 1);
  for (int64_t begin = 0; begin < x.num_elements(); begin += together) {
    const int64_t n = std::min(together, x.num_elements() - begin);
    std::array<double, 4> numbers{};
    std::array<int64_t, 4> integers{};
    bool all_integers = !IsFloating(to);
    for (int64_t i = 0; i < n; ++i) {
      const std::string& text = x.strings()[begin + i];
      const std::optional<double> number = ParseNumber(text, to);
      if (!number) {
        return absl::InvalidArgumentError(
            absl::StrCat("'", text, "' is not a number"));
      }
      numbers[i] = *number;
      const std::optional<int64_t> integer = ParseInteger(text);
      all_integers = all_integers && integer.has_value();
      integers[i] = integer.value_or(0);
    }
    if (all_integers) {
      StoreIntegers(to, std::span(integers).first(n), begin, result.bytes());
    } else {
      StoreNumbers(to, std::span(numbers).first(n), begin, result.bytes(),
                   rounding);
    }
  }
  return OneOutput(std::move(result).Finish());
}

Outputs ConvertNumbers(const Tensor& x, ElementType to,
                       Float8Rounding rounding) {
  ASSIGN_OR_RETURN(const std::string_view bytes, x.bytes());
  ASSIGN_OR_RETURN(TensorBuilder result, TensorBuilder::Create(to, x.dims()));
  std::array<double, kBlock> number_block;
  std::array<int64_t, kBlock> integer_block;
  const bool is_uint64 = x.type() == ElementType::kUint64;
  for (int64_t begin = 0; begin < x.num_elements(); begin += kBlock) {
    const int64_t n = std::min(kBlock, x.num_elements() - begin);
    const std::span<double> numbers = std::span(number_block).first(n);
    const std::span<int64_t> integers = std::span(integer_block).first(n);
    if (IsFloating(x.type())) {
      LoadFloating(x.type(), bytes, begin, numbers);
      StoreNumbers(to, numbers, begin, result.bytes(), rounding);
      continue;
    }
    LoadIntegers(x.type(), bytes, begin, integers);
    if (!IsFloating(to)) {
      StoreIntegers(to, integers, begin, result.bytes());
      continue;
    }
    for (int64_t i = 0; i < n; ++i) {
      numbers[i] = IntegerToDouble(integers[i], is_uint64, to);
    }
    StoreFloating(to, numbers, begin, result.bytes(), rounding);
  }
  return OneOutput(std::move(result).Finish());
}

absl::StatusOr<Float8Rounding> RoundingOf(const AttributeView& attributes) {
  Float8Rounding rounding;
  rounding.saturate = attributes.Int("saturate", 1) != 0;
  const std::string_view mode = attributes.String("round_mode", "up");
  if (mode == "down") {
    rounding.e8m0 = E8M0Rounding::kDown;
  } else if (mode == "nearest") {
    rounding.e8m0 = E8M0Rounding::kNearest;
  } else if (mode != "up") {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown round_mode '", std::string(mode), "'"));
  }
  return rounding;
}

Outputs Convert(const KernelArgs& args, ElementType to) {
  const Tensor& x = *args.input(0);
  ASSIGN_OR_RETURN(const Float8Rounding rounding,
                   RoundingOf(args.attributes()));
  if (x.type() == to) return OneOutput(args.inputs()[0]);
  if (to == ElementType::kString) return ToStrings(x);
  if (x.type() == ElementType::kString) return FromStrings(x, to, rounding);
  return ConvertNumbers(x, to, rounding);
}

// The attribute `to`, which must be a type of the output.
absl::StatusOr<ElementType> TargetType(const KernelArgs& args) {
  const std::optional<ElementType> to =
      ElementTypeFromNumber(args.attributes().Int("to", 0));
  if (!to || !AllowsType(args.op(), args.op().outputs()[0].type, *to)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot convert to type ", args.attributes().Int("to", 0)));
  }
  return *to;
}

Outputs Cast(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const ElementType to, TargetType(args));
  return Convert(args, to);
}

Outputs CastLike(const KernelArgs& args) {
  return Convert(args, args.input(1)->type());
}

Outputs BitCast(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const ElementType to, TargetType(args));
  const Tensor& x = *args.input(0);
  if (BitWidth(to) != BitWidth(x.type())) {
    return absl::InvalidArgumentError(
        absl::StrCat(x.TypeString(), " and ", std::string(ElementTypeName(to)),
                     " differ in width"));
  }
  ASSIGN_OR_RETURN(const std::string_view bytes, x.bytes());
  ASSIGN_OR_RETURN(TensorBuilder result, TensorBuilder::Create(to, x.dims()));
  std::copy(bytes.begin(), bytes.end(), result.bytes().begin());
  return OneOutput(std::move(result).Finish());
}

}  // namespace

KernelList CastKernels() {
  return {
      {"BitCast"_op, BitCast}, {"Cast"_op, Cast}, {"CastLike"_op, CastLike}};
}

}  // namespace onnxopt::eval
