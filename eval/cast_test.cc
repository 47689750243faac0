// SPDX-License-Identifier: Apache-2.0
// Cast, CastLike and BitCast, with results worked out by hand.
#include "eval/kernel_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace onnxopt {
namespace {

using eval_testing::Bools;
using eval_testing::Eval;
using eval_testing::Floats;
using eval_testing::Int;
using eval_testing::Int64s;
using eval_testing::kInf;
using eval_testing::kNaN;
using eval_testing::Make;
using eval_testing::String;
using eval_testing::Strings;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Cast(TensorRef x, ElementType to,
                 std::vector<Attribute> attributes = {}) {
  attributes.push_back(Int("to", static_cast<int64_t>(to)));
  return Eval("Cast", {std::move(x)}, std::move(attributes));
}

TEST(Cast, FloatToIntegerTruncates) {
  EXPECT_EQ(Cast(Floats({4}, {1.9F, -1.9F, 0.5F, -0.5F}), ElementType::kInt32),
            "int32[4]{1, -1, 0, 0}");
  EXPECT_EQ(Cast(Floats({2}, {255.9F, 3}), ElementType::kUint8),
            "uint8[2]{255, 3}");
}

TEST(Cast, FloatOutOfRangeIsAsOnX86) {
  EXPECT_EQ(Cast(Floats({4}, {kNaN, kInf, -kInf, 3e9F}), ElementType::kInt32),
            "int32[4]{-2147483648, -2147483648, -2147483648, -2147483648}");
  EXPECT_EQ(Cast(Floats({2}, {256 + 44, -1}), ElementType::kUint8),
            "uint8[2]{44, 255}");
  EXPECT_EQ(Cast(Floats({2}, {3e9F, -1}), ElementType::kUint32),
            "uint32[2]{3000000000, 4294967295}");
  EXPECT_EQ(Cast(Floats({1}, {0x1p63F}), ElementType::kInt64),
            "int64[1]{-9223372036854775808}");
  EXPECT_EQ(Cast(Floats({1}, {0x1p63F}), ElementType::kUint64),
            "uint64[1]{9223372036854775808}");
}

TEST(Cast, ToBool) {
  EXPECT_EQ(Cast(Floats({4}, {0, -0.0F, 0.1F, kNaN}), ElementType::kBool),
            "bool[4]{0, 0, 1, 1}");
  // Not by truncation of bits.
  EXPECT_EQ(Cast(Int64s({2}, {256, 0}), ElementType::kBool), "bool[2]{1, 0}");
  EXPECT_EQ(Cast(Bools({2}, {1, 0}), ElementType::kFloat), "float[2]{1, 0}");
}

TEST(Cast, IntegersKeepTheirLowBits) {
  EXPECT_EQ(Cast(Int64s({3}, {-1, 256, 128}), ElementType::kInt8),
            "int8[3]{-1, 0, -128}");
  EXPECT_EQ(Cast(Int64s({1}, {-1}), ElementType::kUint64),
            "uint64[1]{18446744073709551615}");
}

TEST(Cast, IntegersAreRoundedOnce) {
  // 2^60 + 2^36 is halfway between floats; 1 more must round up, though
  // rounding to double first would lose the 1.
  EXPECT_EQ(
      Cast(Int64s({3}, {(int64_t{1} << 60) + (int64_t{1} << 36) + 1,
                        (int64_t{1} << 60) + (int64_t{1} << 36), INT64_MIN}),
           ElementType::kFloat),
      Eval("Identity", {Floats({3}, {0x1p60F + 0x1p37F, 0x1p60F, -0x1p63F})}));
  EXPECT_EQ(Cast(Make<uint64_t>(ElementType::kUint64, {1}, {UINT64_MAX}),
                 ElementType::kDouble),
            "double[1]{1.8446744073709552e+19}");
}

TEST(Cast, FloatsAreRoundedOnceToHalf) {
  // 1 + 2^-11 is halfway and becomes even; 65520 overflows.
  EXPECT_EQ(
      Cast(Floats({3}, {1 + 0x1p-11F, 65519, 65520}), ElementType::kFloat16),
      "float16[3]{0x00, 0x3c, 0xff, 0x7b, 0x00, 0x7c}");
  EXPECT_EQ(
      Cast(Make<double>(ElementType::kDouble, {1}, {1 + 0x1p-11 + 0x1p-40}),
           ElementType::kFloat16),
      "float16[1]{0x01, 0x3c}");
  EXPECT_EQ(Cast(Make<double>(ElementType::kDouble, {2},
                              {1 + 0x1p-8, 1 + 0x1p-8 + 0x1p-40}),
                 ElementType::kBfloat16),
            "bfloat16[2]{0x80, 0x3f, 0x81, 0x3f}");
}

TEST(Cast, Float8SaturatesOrNot) {
  const TensorRef x = Floats({4}, {1000, -kInf, kNaN, 1});
  EXPECT_EQ(Cast(x, ElementType::kFloat8E4M3FN),
            "float8e4m3fn[4]{0x7e, 0xfe, 0x7f, 0x38}");
  EXPECT_EQ(Cast(x, ElementType::kFloat8E4M3FN, {Int("saturate", 0)}),
            "float8e4m3fn[4]{0x7f, 0xff, 0x7f, 0x38}");
  EXPECT_EQ(Cast(Floats({2}, {1e6F, -kInf}), ElementType::kFloat8E5M2,
                 {Int("saturate", 0)}),
            "float8e5m2[2]{0x7c, 0xfc}");
  EXPECT_EQ(Cast(Floats({2}, {1e6F, -kInf}), ElementType::kFloat8E5M2),
            "float8e5m2[2]{0x7b, 0xfb}");
}

TEST(Cast, E8M0RoundsAsAsked) {
  // Code 127 is 1, 128 is 2.
  const TensorRef x = Floats({3}, {1.25F, 1.5F, 2});
  EXPECT_EQ(Cast(x, ElementType::kFloat8E8M0),
            "float8e8m0[3]{0x80, 0x80, 0x80}");
  EXPECT_EQ(Cast(x, ElementType::kFloat8E8M0, {String("round_mode", "down")}),
            "float8e8m0[3]{0x7f, 0x7f, 0x80}");
  EXPECT_EQ(
      Cast(x, ElementType::kFloat8E8M0, {String("round_mode", "nearest")}),
      "float8e8m0[3]{0x7f, 0x80, 0x80}");
  EXPECT_THAT(Cast(x, ElementType::kFloat8E8M0, {String("round_mode", "odd")}),
              HasSubstr("round_mode"));
}

TEST(Cast, PacksTypesBelowAByte) {
  EXPECT_EQ(Cast(Int64s({3}, {1, -2, 7}), ElementType::kInt4),
            "int4[3]{0xe1, 0x07}");
  EXPECT_EQ(Cast(Int64s({5}, {0, 1, 2, 3, 1}), ElementType::kUint2),
            "uint2[5]{0xe4, 0x01}");
  EXPECT_EQ(Cast(Make<uint8_t>(ElementType::kInt4, {3}, {0xE1, 0x08}),
                 ElementType::kFloat),
            "float[3]{1, -2, -8}");
  EXPECT_EQ(Cast(Make<uint8_t>(ElementType::kInt2, {3}, {0b00'10'11'01}),
                 ElementType::kInt8),
            "int8[3]{1, -1, -2}");
  EXPECT_EQ(Cast(Floats({3}, {6, -0.5F, 100}), ElementType::kFloat4E2M1),
            "float4e2m1[3]{0x97, 0x07}");
}

TEST(Cast, StringsToNumbers) {
  EXPECT_EQ(Cast(Strings({6}, {"3.14", "1e-5", "1E8", "+INF", "-inf", "nan"}),
                 ElementType::kFloat),
            "float[6]{3.14, 1e-05, 100000000, inf, -inf, nan}");
  EXPECT_EQ(Cast(Strings({3}, {"1000", "100.5", "-7"}), ElementType::kInt64),
            "int64[3]{1000, 100, -7}");
  EXPECT_EQ(Cast(Strings({1}, {"9223372036854775807"}), ElementType::kInt64),
            "int64[1]{9223372036854775807}");
  EXPECT_EQ(Cast(Strings({1}, {"18446744073709551615"}), ElementType::kUint64),
            "uint64[1]{18446744073709551615}");
  EXPECT_EQ(Cast(Strings({3}, {"1", "2", "-3"}), ElementType::kInt4),
            "int4[3]{0x21, 0x0d}");
  EXPECT_THAT(Cast(Strings({1}, {"Hello World!"}), ElementType::kFloat),
              StartsWith("INVALID_ARGUMENT: Cast: 'Hello World!'"));
}

TEST(Cast, NumbersToStrings) {
  EXPECT_EQ(Cast(Floats({6}, {314.15926F, 1e10F, -0.0F, kNaN, kInf, -kInf}),
                 ElementType::kString),
            "string[6]{314.15927, 10000000000, -0, NaN, INF, -INF}");
  EXPECT_EQ(Cast(Int64s({2}, {-5, INT64_MAX}), ElementType::kString),
            "string[2]{-5, 9223372036854775807}");
  EXPECT_EQ(Cast(Make<uint64_t>(ElementType::kUint64, {1}, {UINT64_MAX}),
                 ElementType::kString),
            "string[1]{18446744073709551615}");
}

TEST(Cast, Edges) {
  EXPECT_EQ(Cast(Floats({0, 2}, {}), ElementType::kInt4), "int4[0,2]{}");
  EXPECT_THAT(Cast(Floats({1}, {1}), ElementType::kComplex64),
              StartsWith("INVALID_ARGUMENT"));
  EXPECT_THAT(Eval("Cast", {Floats({1}, {1})}), StartsWith("INVALID_ARGUMENT"));
  EXPECT_THAT(Eval("Cast", {Floats({1}, {1})}, {Int("to", 99)}),
              StartsWith("INVALID_ARGUMENT"));
}

TEST(CastLike, TakesTheTypeOfItsTarget) {
  EXPECT_EQ(Eval("CastLike", {Floats({2}, {1.5F, 2}), Int64s({0}, {})}),
            "int64[2]{1, 2}");
}

TEST(BitCast, KeepsBits) {
  EXPECT_EQ(Eval("BitCast", {Floats({2}, {1, -0.0F})},
                 {Int("to", static_cast<int64_t>(ElementType::kUint32))}),
            "uint32[2]{1065353216, 2147483648}");
  EXPECT_THAT(Eval("BitCast", {Floats({1}, {1})},
                   {Int("to", static_cast<int64_t>(ElementType::kInt64))}),
              HasSubstr("differ in width"));
}

}  // namespace
}  // namespace onnxopt
