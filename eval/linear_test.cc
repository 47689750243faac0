// SPDX-License-Identifier: Apache-2.0
// Matrix products and quantization against values computed by hand.
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "eval/eval_test_util.h"
#include "eval/gemm.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace onnxopt {
namespace {

using testing::_;
using testing::ElementsAre;
using testing::HasSubstr;

const ElementType kInt8 = ElementType::kInt8;
const ElementType kUint8 = ElementType::kUint8;

TEST(GemmCore, EveryElementIsTheSumInOrder) {
  // Sizes that leave edges in every blocked loop.
  const int64_t m = 101;
  const int64_t n = 523;
  const int64_t k = 261;
  std::vector<float> a(m * k);
  std::vector<float> b(k * n);
  std::vector<float> c(m * n);
  for (size_t i = 0; i < a.size(); ++i) {
    a[i] = static_cast<float>(i % 89) / 7 - 5;
  }
  for (size_t i = 0; i < b.size(); ++i) {
    b[i] = static_cast<float>(i % 97) / 3 - 11;
  }
  eval::MultiplyMatrices<float>(m, n, k, {a.data(), k, 1}, {b.data(), n, 1},
                                c.data(), n);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      float sum = 0;
      for (int64_t p = 0; p < k; ++p) sum += a[i * k + p] * b[p * n + j];
      ASSERT_EQ(c[i * n + j], sum) << i << ' ' << j;
    }
  }
}

TEST(GemmCore, OneRowEqualsTheSameRowOfMany) {
  const int64_t n = 37;
  const int64_t k = 300;
  std::vector<double> a(8 * k);
  std::vector<double> b(k * n);
  for (size_t i = 0; i < a.size(); ++i) a[i] = 1.0 / static_cast<double>(i + 1);
  for (size_t i = 0; i < b.size(); ++i) b[i] = 3.0 / static_cast<double>(i + 7);
  std::vector<double> many(8 * n);
  std::vector<double> one(n);
  eval::MultiplyMatrices<double>(8, n, k, {a.data(), k, 1}, {b.data(), n, 1},
                                 many.data(), n);
  eval::MultiplyMatrices<double>(1, n, k, {a.data(), k, 1}, {b.data(), n, 1},
                                 one.data(), n);
  EXPECT_EQ(one, std::vector<double>(many.begin(), many.begin() + n));
}

TEST(MatMul, EmptyInnerDimensionGivesZeros) {
  const auto y = Eval("MatMul", {Floats({2, 0}, {}), Floats({0, 3}, {})});
  ASSERT_THAT(y, IsOk());
  EXPECT_EQ((*y)[0]->dims(), (TensorDims{2, 3}));
  EXPECT_EQ(ElementsOf<float>(*(*y)[0]), std::vector<float>(6, 0));
}

TEST(MatMul, EmptyBatch) {
  const auto y = Eval("MatMul", {Floats({0, 2, 2}, {}), Floats({0, 2, 1}, {})});
  ASSERT_THAT(y, IsOk());
  EXPECT_EQ((*y)[0]->dims(), (TensorDims{0, 2, 1}));
}

TEST(MatMul, VectorsAndBroadcasting) {
  const TensorRef v = Floats({2}, {1, 2});
  const auto dot = Eval("MatMul", {v, Floats({2}, {3, 4})});
  ASSERT_THAT(dot, IsOk());
  EXPECT_EQ((*dot)[0]->dims(), TensorDims{});
  EXPECT_THAT(ElementsOf<float>(*(*dot)[0]), ElementsAre(11));
  // A vector times a stack of two matrices.
  const auto y =
      Eval("MatMul", {v, Floats({2, 2, 2}, {1, 0, 0, 1, 1, 1, 1, -1})});
  ASSERT_THAT(y, IsOk());
  EXPECT_EQ((*y)[0]->dims(), (TensorDims{2, 2}));
  EXPECT_THAT(ElementsOf<float>(*(*y)[0]), ElementsAre(1, 2, 3, -1));
}

TEST(MatMul, IntegersWrapAround) {
  const TensorRef a =
      MakeTensor<int32_t>(ElementType::kInt32, {1, 1}, {int32_t{1} << 30});
  const TensorRef b = MakeTensor<int32_t>(ElementType::kInt32, {1, 1}, {6});
  const auto y = Eval("MatMul", {a, b});
  ASSERT_THAT(y, IsOk());
  EXPECT_THAT(ElementsOf<int32_t>(*(*y)[0]),
              ElementsAre(std::numeric_limits<int32_t>::min()));
}

TEST(MatMul, WrongArguments) {
  const auto fails = [](const std::vector<TensorRef>& inputs,
                        const char* text) {
    EXPECT_THAT(Eval("MatMul", inputs),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)));
  };
  const TensorRef a = Floats({2, 2}, {1, 2, 3, 4});
  fails({a, Floats({3, 1}, {1, 2, 3})}, "[2,2] and [3,1]");
  fails({a, Floats({}, {1})}, "scalar");
  fails({a}, "number of inputs");
  fails({a, nullptr}, "missing");
  fails({a, MakeTensor<double>(ElementType::kDouble, {2}, {1, 2})}, "double");
  fails({MakeTensor<int8_t>(kInt8, {1}, {1}), a}, "int8");
}

TEST(Gemm, IntegersWithFractionalFactors) {
  const TensorRef a = MakeTensor<int32_t>(ElementType::kInt32, {1, 1}, {3});
  Attribute alpha;
  alpha.name = "alpha";
  alpha.kind = AttrKind::kFloat;
  alpha.value = 0.5F;
  EXPECT_THAT(Eval("Gemm", {a, a}, {alpha}),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("0.5")));
  alpha.value = 2.0F;
  const auto y = Eval("Gemm", {a, a, a}, {alpha});
  ASSERT_THAT(y, IsOk());
  EXPECT_THAT(ElementsOf<int32_t>(*(*y)[0]), ElementsAre(2 * 9 + 3));
}

TEST(Gemm, AttributeOfTheWrongKind) {
  const TensorRef a = Floats({1, 1}, {3});
  EXPECT_THAT(
      Eval("Gemm", {a, a}, {StringOf("transA", "yes")}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("wrong kind")));
  EXPECT_THAT(
      Eval("Gemm", {a, a}, {IntOf("transC", 1)}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("unknown")));
}

TEST(MatMulInteger, ZeroPointsPerRowAndColumn) {
  const auto y =
      Eval("MatMulInteger", {MakeTensor<uint8_t>(kUint8, {2, 1}, {10, 20}),
                             MakeTensor<int8_t>(kInt8, {1, 2}, {-3, 4}),
                             MakeTensor<uint8_t>(kUint8, {2}, {1, 2}),
                             MakeTensor<int8_t>(kInt8, {2}, {0, 1})});
  ASSERT_THAT(y, IsOk());
  EXPECT_THAT(ElementsOf<int32_t>(*(*y)[0]), ElementsAre(-27, 27, -54, 54));
}

TEST(Einsum, DiagonalsEllipsesAndImplicitOutput) {
  const TensorRef a = Floats({2, 2}, {1, 2, 3, 4});
  const auto einsum = [&](std::string_view equation,
                          const std::vector<TensorRef>& inputs) {
    const auto y = Eval("Einsum", inputs, {StringOf("equation", equation)});
    EXPECT_THAT(y, IsOk());
    return y.ok() ? ElementsOf<float>(*(*y)[0]) : std::vector<float>{};
  };
  EXPECT_THAT(einsum("ii->", {a}), ElementsAre(5));
  EXPECT_THAT(einsum("ii->i", {a}), ElementsAre(1, 4));
  EXPECT_THAT(einsum("ba", {a}), ElementsAre(1, 3, 2, 4));
  EXPECT_THAT(einsum("...j,j", {a, Floats({2}, {1, 10})}), ElementsAre(21, 43));
  // Three operands; an ellipsis that broadcasts.
  EXPECT_THAT(einsum("ij,jk,k->i", {a, a, Floats({2}, {1, 1})}),
              ElementsAre(17, 37));
  EXPECT_THAT(einsum("...,...->...", {Floats({1, 2}, {1, 2}), a}),
              ElementsAre(1, 4, 3, 8));
}

TEST(Einsum, WrongEquations) {
  const TensorRef a = Floats({2, 2}, {1, 2, 3, 4});
  for (const char* equation : {"ijk", "ij,jk", "ij->k", "ij->ii", "i.", "i1"}) {
    EXPECT_THAT(Eval("Einsum", {a}, {StringOf("equation", equation)}),
                StatusIs(absl::StatusCode::kInvalidArgument, _))
        << equation;
  }
  EXPECT_THAT(
      Eval("Einsum", {a, Floats({3}, {1, 2, 3})},
           {StringOf("equation", "ij,j")}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("2 and 3")));
}

TEST(Det, SingularAndPivots) {
  const auto y = Eval("Det", {Floats({3, 2, 2}, {1, 2, 2, 4,  //
                                                 0, 1, 1, 0,  //
                                                 3, 1, 4, 2})});
  ASSERT_THAT(y, IsOk());
  EXPECT_THAT(ElementsOf<float>(*(*y)[0]),
              ElementsAre(0, -1, testing::FloatEq(2)));
}

TEST(QuantizeLinear, RoundsHalfToEvenAndSaturates) {
  const float infinity = std::numeric_limits<float>::infinity();
  const auto y =
      Eval("QuantizeLinear",
           {Floats({9}, {1, 3, 5, -1, -3, 600, -600, infinity, -infinity}),
            Floats({}, {2}), MakeTensor<int8_t>(kInt8, {}, {1})});
  ASSERT_THAT(y, IsOk());
  EXPECT_THAT(ElementsOf<int8_t>(*(*y)[0]),
              ElementsAre(1, 3, 3, 1, -1, 127, -128, 127, -128));
}

TEST(QuantizeLinear, PacksFourBits) {
  const auto y =
      Eval("QuantizeLinear", {Floats({3}, {1, -9, 7}), Floats({}, {1})},
           {IntOf("output_dtype", 22)});  // int4
  ASSERT_THAT(y, IsOk());
  EXPECT_THAT(ElementsOf<uint8_t>(*(*y)[0]), ElementsAre(0x81, 0x07));
}

TEST(QuantizeLinear, Float8WithoutSaturation) {
  const std::vector<TensorRef> inputs = {Floats({2}, {1, 1000}),
                                         Floats({}, {1})};
  const auto saturated =
      Eval("QuantizeLinear", inputs, {IntOf("output_dtype", 17)});
  ASSERT_THAT(saturated, IsOk());
  EXPECT_THAT(ElementsOf<uint8_t>(*(*saturated)[0]), ElementsAre(0x38, 0x7E));
  const auto unsaturated =
      Eval("QuantizeLinear", inputs,
           {IntOf("output_dtype", 17), IntOf("saturate", 0)});
  ASSERT_THAT(unsaturated, IsOk());
  EXPECT_THAT(ElementsOf<uint8_t>(*(*unsaturated)[0]), ElementsAre(0x38, 0x7F));
}

TEST(DequantizeLinear, PerAxisAndBlocked) {
  const TensorRef x = MakeTensor<uint8_t>(kUint8, {2, 3}, {0, 1, 2, 3, 4, 5});
  const auto per_axis =
      Eval("DequantizeLinear",
           {x, Floats({2}, {1, 10}), MakeTensor<uint8_t>(kUint8, {2}, {0, 3})},
           {IntOf("axis", 0)});
  ASSERT_THAT(per_axis, IsOk());
  EXPECT_THAT(ElementsOf<float>(*(*per_axis)[0]),
              ElementsAre(0, 1, 2, 0, 10, 20));
  // Blocks of two along the last axis; the last one is short.
  const auto blocked =
      Eval("DequantizeLinear", {x, Floats({2, 2}, {1, 10, 100, 1000})},
           {IntOf("axis", -1), IntOf("block_size", 2)});
  ASSERT_THAT(blocked, IsOk());
  EXPECT_THAT(ElementsOf<float>(*(*blocked)[0]),
              ElementsAre(0, 1, 20, 300, 400, 5000));
}

// "The output shape is same as `x`": of blocks along axis 0 nothing is written.
TEST(DequantizeLinear, NoElementsInBlocks) {
  const TensorRef x = MakeTensor<uint8_t>(kUint8, {3, 0}, {});
  for (const int64_t block_size : {1, 2}) {
    const int64_t blocks = block_size == 1 ? 3 : 2;
    const auto y = Eval("DequantizeLinear", {x, Floats({blocks, 0}, {})},
                        {IntOf("axis", 0), IntOf("block_size", block_size)});
    ASSERT_THAT(y, IsOk());
    EXPECT_THAT((*y)[0]->dims(), ElementsAre(3, 0));
  }
}

TEST(DequantizeLinear, WrongParameters) {
  const TensorRef x = MakeTensor<uint8_t>(kUint8, {2, 3}, {0, 1, 2, 3, 4, 5});
  EXPECT_THAT(Eval("DequantizeLinear", {x, Floats({2}, {1, 10})}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("axis")));
  EXPECT_THAT(
      Eval("DequantizeLinear", {x, Floats({2}, {1, 10})}, {IntOf("axis", 5)}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("axis 5")));
  EXPECT_THAT(Eval("DequantizeLinear", {x, Floats({2, 2}, {1, 1, 1, 1})},
                   {IntOf("block_size", -1)}),
              StatusIs(absl::StatusCode::kInvalidArgument, _));
}

TEST(DynamicQuantizeLinear, AllZeros) {
  const auto y = Eval("DynamicQuantizeLinear", {Floats({2}, {0, 0})}, {}, 3);
  ASSERT_THAT(y, IsOk());
  EXPECT_THAT(ElementsOf<uint8_t>(*(*y)[0]), ElementsAre(0, 0));
}

}  // namespace
}  // namespace onnxopt
