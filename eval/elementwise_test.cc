// SPDX-License-Identifier: Apache-2.0
// Elementwise kernels: edge cases with results worked out by hand.
#include "eval/kernel_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace onnxopt {
namespace {

using eval_testing::Bools;
using eval_testing::Eval;
using eval_testing::Float;
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

TensorRef Int8s(TensorDims dims, std::vector<int8_t> values) {
  return Make(ElementType::kInt8, std::move(dims), std::move(values));
}
TensorRef Uint8s(TensorDims dims, std::vector<uint8_t> values) {
  return Make(ElementType::kUint8, std::move(dims), std::move(values));
}
TensorRef Uint64s(TensorDims dims, std::vector<uint64_t> values) {
  return Make(ElementType::kUint64, std::move(dims), std::move(values));
}
TensorRef Halves(TensorDims dims, std::vector<uint16_t> codes) {
  return Make(ElementType::kFloat16, std::move(dims), std::move(codes));
}

constexpr uint64_t kHuge = 0xFFFFFFFFFFFFFFFF;

TEST(Unary, SignsOfZero) {
  EXPECT_EQ(Eval("Neg", {Floats({2}, {0, -0.0F})}), "float[2]{-0, 0}");
  EXPECT_EQ(Eval("Abs", {Floats({1}, {-0.0F})}), "float[1]{0}");
  EXPECT_EQ(Eval("Sqrt", {Floats({2}, {-0.0F, -1})}), "float[2]{-0, nan}");
  EXPECT_EQ(Eval("Ceil", {Floats({2}, {-0.5F, 1.5F})}), "float[2]{-0, 2}");
  EXPECT_EQ(Eval("Reciprocal", {Floats({2}, {-0.0F, 4})}),
            "float[2]{-inf, 0.25}");
}

TEST(Unary, RoundsHalfToEven) {
  EXPECT_EQ(
      Eval("Round", {Floats({6}, {0.5F, 1.5F, 2.5F, -0.5F, -1.5F, 0.6F})}),
      "float[6]{0, 2, 2, -0, -2, 1}");
}

TEST(Unary, SignOfEveryKindOfNumber) {
  EXPECT_EQ(Eval("Sign", {Floats({4}, {-2, 0, kInf, kNaN})}),
            "float[4]{-1, 0, 1, nan}");
  EXPECT_EQ(Eval("Sign", {Int8s({3}, {-128, 0, 5})}), "int8[3]{-1, 0, 1}");
  EXPECT_EQ(Eval("Sign", {Uint64s({2}, {kHuge, 0})}), "uint64[2]{1, 0}");
}

TEST(Unary, IntegersWrapAround) {
  EXPECT_EQ(Eval("Neg", {Int8s({2}, {-128, 5})}), "int8[2]{-128, -5}");
  EXPECT_EQ(Eval("Abs", {Int8s({2}, {-128, -5})}), "int8[2]{-128, 5}");
  EXPECT_EQ(Eval("Abs", {Uint64s({1}, {kHuge})}),
            "uint64[1]{18446744073709551615}");
  EXPECT_EQ(Eval("Neg", {Int64s({1}, {INT64_MIN})}),
            "int64[1]{-9223372036854775808}");
  EXPECT_EQ(Eval("BitwiseNot", {Uint8s({2}, {0, 0xF0})}), "uint8[2]{255, 15}");
}

TEST(Unary, ActivationsAtTheirEdges) {
  EXPECT_EQ(Eval("Relu", {Floats({3}, {kNaN, -kInf, 2})}),
            "float[3]{nan, 0, 2}");
  EXPECT_EQ(Eval("Softplus", {Floats({2}, {1000, -1000})}),
            "float[2]{1000, 0}");
  EXPECT_EQ(Eval("Sigmoid", {Floats({3}, {-kInf, 0, kInf})}),
            "float[3]{0, 0.5, 1}");
  EXPECT_EQ(Eval("HardSigmoid", {Floats({4}, {-10, 0, 10, kNaN})}),
            "float[4]{0, 0.5, 1, nan}");
  EXPECT_EQ(Eval("ThresholdedRelu", {Floats({3}, {1, 1.5F, -1})},
                 {Float("alpha", 1)}),
            "float[3]{0, 1.5, 0}");
  EXPECT_EQ(Eval("LeakyRelu", {Floats({2}, {-4, 4})}, {Float("alpha", 0.5F)}),
            "float[2]{-2, 4}");
  EXPECT_EQ(Eval("Gelu", {Floats({2}, {0, 100})}), "float[2]{0, 100}");
  EXPECT_THAT(
      Eval("Gelu", {Floats({1}, {0})}, {String("approximate", "cubic")}),
      StartsWith("INVALID_ARGUMENT: Gelu: "));
}

TEST(Unary, ShrinksIntegersExactly) {
  EXPECT_EQ(Eval("Shrink", {Int8s({4}, {-3, -1, 1, 3})},
                 {Float("lambd", 1.5F), Float("bias", 1)}),
            "int8[4]{-2, 0, 0, 2}");
  EXPECT_EQ(Eval("Shrink", {Uint64s({2}, {kHuge, 1})}, {Float("lambd", 1.5F)}),
            "uint64[2]{18446744073709551615, 0}");
}

TEST(Unary, Classification) {
  EXPECT_EQ(Eval("IsNaN", {Floats({3}, {kNaN, kInf, 0})}), "bool[3]{1, 0, 0}");
  const TensorRef x = Floats({4}, {kInf, -kInf, kNaN, 1});
  EXPECT_EQ(Eval("IsInf", {x}), "bool[4]{1, 1, 0, 0}");
  EXPECT_EQ(Eval("IsInf", {x}, {Int("detect_negative", 0)}),
            "bool[4]{1, 0, 0, 0}");
  EXPECT_EQ(Eval("IsInf", {x}, {Int("detect_positive", 0)}),
            "bool[4]{0, 1, 0, 0}");
  // 0x7F is the NaN of float8e4m3fn, 0x7C the infinity of float8e5m2.
  EXPECT_EQ(Eval("IsNaN", {Make<uint8_t>(ElementType::kFloat8E4M3FN, {2},
                                         {0x7F, 0x7E})}),
            "bool[2]{1, 0}");
  EXPECT_EQ(Eval("IsInf",
                 {Make<uint8_t>(ElementType::kFloat8E5M2, {2}, {0x7C, 0x7D})}),
            "bool[2]{1, 0}");
  EXPECT_EQ(Eval("Not", {Bools({2}, {0, 1})}), "bool[2]{1, 0}");
}

TEST(Unary, IdentityOfAnyType) {
  EXPECT_EQ(Eval("Identity", {Strings({2}, {"a", "b"})}), "string[2]{a, b}");
  EXPECT_EQ(
      Eval("Identity", {Make<uint8_t>(ElementType::kInt4, {3}, {0x21, 0x03})}),
      "int4[3]{0x21, 0x03}");
}

TEST(Unary, HalvesAreRoundedOnce) {
  // 0x3C00 is 1; e = 2.71828 is 0x4170 (2.71875).
  EXPECT_EQ(Eval("Exp", {Halves({1}, {0x3C00})}), "float16[1]{0x70, 0x41}");
}

TEST(Unary, EmptyTensors) {
  EXPECT_EQ(Eval("Exp", {Floats({0, 3}, {})}), "float[0,3]{}");
}

TEST(Binary, Broadcasts) {
  EXPECT_EQ(Eval("Add", {Floats({2, 1}, {10, 20}), Floats({3}, {1, 2, 3})}),
            "float[2,3]{11, 12, 13, 21, 22, 23}");
  EXPECT_EQ(Eval("Sub", {Floats({}, {1}), Floats({2}, {1, 2})}),
            "float[2]{0, -1}");
  EXPECT_EQ(
      Eval("Mul", {Floats({1, 2, 2}, {1, 2, 3, 4}), Floats({2, 1}, {10, 100})}),
      "float[1,2,2]{10, 20, 300, 400}");
  EXPECT_EQ(
      Eval("Add", {Int64s({2, 1, 2}, {1, 2, 3, 4}), Int64s({2, 1}, {10, 20})}),
      "int64[2,2,2]{11, 12, 21, 22, 13, 14, 23, 24}");
  EXPECT_EQ(Eval("Add", {Floats({0, 2}, {}), Floats({1, 2}, {1, 2})}),
            "float[0,2]{}");
  EXPECT_EQ(Eval("Add", {Floats({}, {1}), Floats({}, {2})}), "float[]{3}");
  EXPECT_THAT(Eval("Add", {Floats({2}, {1, 2}), Floats({3}, {1, 2, 3})}),
              HasSubstr("do not broadcast"));
}

TEST(Binary, IntegerArithmeticWrapsAround) {
  EXPECT_EQ(Eval("Add", {Int8s({2}, {127, -128}), Int8s({2}, {1, -1})}),
            "int8[2]{-128, 127}");
  EXPECT_EQ(Eval("Sub", {Uint8s({1}, {1}), Uint8s({1}, {2})}), "uint8[1]{255}");
  EXPECT_EQ(Eval("Mul", {Int64s({1}, {INT64_MAX}), Int64s({1}, {2})}),
            "int64[1]{-2}");
}

TEST(Binary, DivisionTruncates) {
  EXPECT_EQ(
      Eval("Div", {Int64s({4}, {7, -7, 7, -7}), Int64s({4}, {2, 2, -2, -2})}),
      "int64[4]{3, -3, -3, 3}");
  EXPECT_EQ(Eval("Div", {Int64s({1}, {INT64_MIN}), Int64s({1}, {-1})}),
            "int64[1]{-9223372036854775808}");
  EXPECT_EQ(Eval("Div", {Int8s({1}, {-128}), Int8s({1}, {-1})}),
            "int8[1]{-128}");
  EXPECT_EQ(Eval("Div", {Uint64s({1}, {kHuge}), Uint64s({1}, {2})}),
            "uint64[1]{9223372036854775807}");
  EXPECT_EQ(Eval("Div", {Floats({3}, {1, -1, 0}), Floats({3}, {0, 0, 0})}),
            "float[3]{inf, -inf, nan}");
  EXPECT_EQ(Eval("Div", {Int64s({1}, {1}), Int64s({2}, {1, 0})}),
            "INVALID_ARGUMENT: Div: integer division by zero");
  EXPECT_EQ(Eval("Div", {Int64s({0}, {}), Int64s({1}, {0})}), "int64[0]{}");
}

TEST(Binary, RemaindersOfBothKinds) {
  const TensorRef a = Int64s({4}, {7, -7, 7, -7});
  const TensorRef b = Int64s({4}, {3, 3, -3, -3});
  EXPECT_EQ(Eval("Mod", {a, b}), "int64[4]{1, 2, -2, -1}");
  EXPECT_EQ(Eval("Mod", {a, b}, {Int("fmod", 1)}), "int64[4]{1, -1, 1, -1}");
  EXPECT_EQ(Eval("Mod", {Floats({2}, {-5.5F, 5.5F}), Floats({1}, {2})},
                 {Int("fmod", 1)}),
            "float[2]{-1.5, 1.5}");
  EXPECT_THAT(Eval("Mod", {Floats({1}, {1}), Floats({1}, {2})}),
              HasSubstr("fmod = 1"));
  EXPECT_EQ(Eval("Mod", {Int64s({1}, {INT64_MIN}), Int64s({1}, {-1})}),
            "int64[1]{0}");
  EXPECT_EQ(Eval("Mod", {Uint64s({1}, {kHuge}), Uint64s({1}, {10})}),
            "uint64[1]{5}");
  EXPECT_THAT(Eval("Mod", {Int8s({1}, {1}), Int8s({1}, {0})}),
              HasSubstr("division by zero"));
}

TEST(Binary, PowersOfDifferentTypes) {
  EXPECT_EQ(Eval("Pow", {Floats({3}, {2, -2, 0}), Int64s({3}, {-1, 3, 0})}),
            "float[3]{0.5, -8, 1}");
  EXPECT_EQ(Eval("Pow", {Int64s({2}, {3, -1}), Int64s({2}, {39, -3})}),
            "int64[2]{4052555153018976267, -1}");
  EXPECT_EQ(Eval("Pow", {Int64s({2}, {4, 2}), Floats({2}, {0.5F, -1})}),
            "int64[2]{2, 0}");
  EXPECT_EQ(Eval("Pow", {Int64s({1}, {2}), Int64s({1}, {64})}), "int64[1]{0}");
  EXPECT_THAT(Eval("Pow", {Int64s({1}, {0}), Int64s({1}, {-1})}),
              HasSubstr("division by zero"));
}

TEST(Binary, ExtremesPropagateNaN) {
  EXPECT_EQ(Eval("Max", {Floats({3}, {1, kNaN, 2}), Floats({3}, {kNaN, 1, 3})}),
            "float[3]{nan, nan, 3}");
  EXPECT_EQ(Eval("Min", {Floats({3}, {1, kNaN, 2}), Floats({3}, {kNaN, 1, 3})}),
            "float[3]{nan, nan, 2}");
  EXPECT_EQ(Eval("Max", {Uint64s({1}, {kHuge}), Uint64s({1}, {1})}),
            "uint64[1]{18446744073709551615}");
  EXPECT_EQ(Eval("Min", {Int8s({2}, {1, -1}), Int8s({}, {0}), Int8s({}, {-2})}),
            "int8[2]{-2, -2}");
}

TEST(Binary, Variadic) {
  EXPECT_EQ(Eval("Sum", {Floats({2, 1}, {1, 2}), Floats({2}, {10, 20}),
                         Floats({}, {100})}),
            "float[2,2]{111, 121, 112, 122}");
  EXPECT_EQ(Eval("Mean", {Floats({2}, {1, 2}), Floats({2}, {2, 4})}),
            "float[2]{1.5, 3}");
  EXPECT_EQ(Eval("Sum", {Floats({1}, {-0.0F})}), "float[1]{-0}");
}

TEST(Binary, SlopesOfPRelu) {
  EXPECT_EQ(
      Eval("PRelu", {Floats({2, 2}, {-1, 2, -3, 4}), Floats({2}, {2, 3})}),
      "float[2,2]{-2, 2, -6, 4}");
  EXPECT_EQ(Eval("PRelu", {Uint64s({1}, {kHuge}), Uint64s({1}, {3})}),
            "uint64[1]{18446744073709551615}");
  EXPECT_THAT(Eval("PRelu", {Floats({}, {-1}), Floats({2}, {2, 3})}),
              HasSubstr("slope"));
}

TEST(Binary, Comparisons) {
  EXPECT_EQ(
      Eval("Less", {Floats({3}, {1, kNaN, -0.0F}), Floats({3}, {2, 1, 0})}),
      "bool[3]{1, 0, 0}");
  EXPECT_EQ(Eval("GreaterOrEqual",
                 {Floats({3}, {1, kNaN, -0.0F}), Floats({3}, {2, kNaN, 0})}),
            "bool[3]{0, 0, 1}");
  EXPECT_EQ(Eval("Greater", {Uint64s({1}, {kHuge}), Uint64s({1}, {1})}),
            "bool[1]{1}");
  EXPECT_EQ(Eval("LessOrEqual", {Int64s({1}, {-1}), Int64s({1}, {1})}),
            "bool[1]{1}");
  EXPECT_EQ(Eval("Equal", {Floats({2}, {0, kNaN}), Floats({2}, {-0.0F, kNaN})}),
            "bool[2]{1, 0}");
  EXPECT_EQ(Eval("Equal", {Bools({2}, {0, 1}), Bools({}, {1})}),
            "bool[2]{0, 1}");
  EXPECT_EQ(Eval("Equal", {Strings({2, 1}, {"a", "b"}), Strings({1}, {"b"})}),
            "bool[2,1]{0, 1}");
  // 2^53 and 2^53 + 1 are the same double.
  EXPECT_EQ(Eval("Equal", {Int64s({1}, {9007199254740992}),
                           Int64s({1}, {9007199254740993})}),
            "bool[1]{0}");
}

TEST(Binary, BitsAndLogic) {
  EXPECT_EQ(Eval("Xor", {Bools({2}, {0, 1}), Bools({}, {1})}), "bool[2]{1, 0}");
  EXPECT_EQ(Eval("And", {Bools({2}, {0, 1}), Bools({}, {1})}), "bool[2]{0, 1}");
  EXPECT_EQ(Eval("BitwiseXor", {Int8s({1}, {-1}), Int8s({1}, {1})}),
            "int8[1]{-2}");
  const TensorRef x = Uint8s({3}, {0x81, 0x81, 0x81});
  const TensorRef y = Uint8s({3}, {0, 1, 200});
  EXPECT_EQ(Eval("BitShift", {x, y}, {String("direction", "LEFT")}),
            "uint8[3]{129, 2, 0}");
  EXPECT_EQ(Eval("BitShift", {x, y}, {String("direction", "RIGHT")}),
            "uint8[3]{129, 64, 0}");
  EXPECT_EQ(Eval("BitShift", {Uint64s({1}, {kHuge}), Uint64s({1}, {63})},
                 {String("direction", "RIGHT")}),
            "uint64[1]{1}");
  EXPECT_THAT(Eval("BitShift", {x, y}), StartsWith("INVALID_ARGUMENT"));
}

TEST(Choice, WhereMovesAnyType) {
  const TensorRef condition = Bools({2, 1}, {1, 0});
  EXPECT_EQ(
      Eval("Where", {condition, Floats({2}, {1, kNaN}), Floats({}, {-0.0F})}),
      "float[2,2]{1, nan, -0, -0}");
  EXPECT_EQ(Eval("Where", {condition, Strings({}, {"x"}), Strings({1}, {"y"})}),
            "string[2,1]{x, y}");
  EXPECT_EQ(Eval("Where", {condition, Uint8s({}, {1}), Uint8s({}, {2})}),
            "uint8[2,1]{1, 2}");
}

TEST(Choice, ClipsWithinBounds) {
  const TensorRef x = Floats({4}, {-5, kNaN, kInf, 0.5F});
  EXPECT_EQ(Eval("Clip", {x, Floats({}, {-1}), Floats({}, {1})}),
            "float[4]{-1, nan, 1, 0.5}");
  EXPECT_EQ(Eval("Clip", {x, nullptr, Floats({}, {0})}),
            "float[4]{-5, nan, 0, 0}");
  EXPECT_EQ(Eval("Clip", {x}), "float[4]{-5, nan, inf, 0.5}");
  // The maximum wins.
  EXPECT_EQ(Eval("Clip", {Floats({1}, {5}), Floats({}, {2}), Floats({}, {1})}),
            "float[1]{1}");
  EXPECT_EQ(Eval("Clip", {Uint64s({2}, {kHuge, 0}), Uint64s({}, {1})}),
            "uint64[2]{18446744073709551615, 1}");
  EXPECT_THAT(Eval("Clip", {x, Floats({2}, {0, 1})}), HasSubstr("scalar"));
}

TEST(Inputs, AreCheckedAgainstTheSchema) {
  EXPECT_THAT(Eval("Add", {Floats({1}, {1})}),
              HasSubstr("number of inputs: 1"));
  EXPECT_THAT(Eval("Add", {Floats({1}, {1}), nullptr}), HasSubstr("missing"));
  EXPECT_THAT(Eval("Add", {Floats({1}, {1}), Int64s({1}, {1})}),
              HasSubstr("T is tensor(float) here"));
  EXPECT_THAT(Eval("Add", {Bools({1}, {1}), Bools({1}, {1})}),
              HasSubstr("cannot be tensor(bool)"));
  EXPECT_THAT(Eval("And", {Int64s({1}, {1}), Int64s({1}, {1})}),
              HasSubstr("cannot be tensor(int64)"));
}

}  // namespace
}  // namespace onnxopt
