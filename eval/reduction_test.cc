// SPDX-License-Identifier: Apache-2.0
// Reductions and operators along an axis, with results worked out by hand.
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
using ::testing::HasSubstr;
using ::testing::StartsWith;

TensorRef Int32s(TensorDims dims, std::vector<int32_t> values) {
  return Make(ElementType::kInt32, std::move(dims), std::move(values));
}
TensorRef Uint64s(TensorDims dims, std::vector<uint64_t> values) {
  return Make(ElementType::kUint64, std::move(dims), std::move(values));
}

const TensorRef& Cube() {
  static const TensorRef cube = Floats({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  return cube;
}

TEST(Reduce, AnyAxes) {
  EXPECT_EQ(Eval("ReduceSum", {Cube()}), "float[1,1,1]{36}");
  EXPECT_EQ(Eval("ReduceSum", {Cube()}, {Int("keepdims", 0)}), "float[]{36}");
  EXPECT_EQ(Eval("ReduceSum", {Cube(), Int64s({1}, {1})}),
            "float[2,1,2]{4, 6, 12, 14}");
  EXPECT_EQ(
      Eval("ReduceSum", {Cube(), Int64s({2}, {0, -1})}, {Int("keepdims", 0)}),
      "float[2]{14, 22}");
  EXPECT_EQ(Eval("ReduceSum", {Floats({}, {3})}), "float[]{3}");
}

TEST(Reduce, BadAxes) {
  EXPECT_THAT(Eval("ReduceSum", {Cube(), Int64s({1}, {3})}),
              HasSubstr("out of range"));
  EXPECT_THAT(Eval("ReduceSum", {Cube(), Int64s({2}, {0, -3})}),
              HasSubstr("twice"));
  EXPECT_THAT(Eval("ReduceSum", {Cube(), Int64s({}, {0})}),
              HasSubstr("rank 1"));
  EXPECT_THAT(Eval("ReduceSum", {Bools({1}, {1})}),
              HasSubstr("cannot be tensor(bool)"));
}

TEST(Reduce, NoAxes) {
  const TensorRef x = Floats({2}, {-2, 3});
  EXPECT_EQ(Eval("ReduceSum", {x, Int64s({0}, {})}), "float[1]{1}");
  EXPECT_EQ(Eval("ReduceSum", {x}, {Int("noop_with_empty_axes", 1)}),
            "float[2]{-2, 3}");
  // Each element is the reduction of itself.
  EXPECT_EQ(Eval("ReduceSumSquare", {x}, {Int("noop_with_empty_axes", 1)}),
            "float[2]{4, 9}");
}

TEST(Reduce, EmptySets) {
  const TensorRef x = Floats({2, 0}, {});
  const TensorRef axes = Int64s({1}, {1});
  EXPECT_EQ(Eval("ReduceSum", {x, axes}), "float[2,1]{0, 0}");
  EXPECT_EQ(Eval("ReduceProd", {x, axes}), "float[2,1]{1, 1}");
  EXPECT_EQ(Eval("ReduceMax", {x, axes}), "float[2,1]{-inf, -inf}");
  EXPECT_EQ(Eval("ReduceMin", {x, axes}), "float[2,1]{inf, inf}");
  EXPECT_EQ(Eval("ReduceLogSum", {x, axes}), "float[2,1]{-inf, -inf}");
  EXPECT_EQ(Eval("ReduceLogSumExp", {x, axes}), "float[2,1]{-inf, -inf}");
  EXPECT_EQ(Eval("ReduceL2", {x, axes}), "float[2,1]{0, 0}");
  EXPECT_EQ(Eval("ReduceSum", {x, Int64s({1}, {0})}), "float[1,0]{}");
  const TensorRef ints = Int32s({0}, {});
  EXPECT_EQ(Eval("ReduceMax", {ints}), "int32[1]{-2147483648}");
  EXPECT_EQ(Eval("ReduceMin", {ints}), "int32[1]{2147483647}");
  EXPECT_EQ(Eval("ReduceMin", {Uint64s({0}, {})}),
            "uint64[1]{18446744073709551615}");
  EXPECT_EQ(Eval("ReduceMax", {Bools({0}, {})}), "bool[1]{0}");
  EXPECT_THAT(Eval("ReduceMean", {ints}), HasSubstr("empty set"));
  EXPECT_THAT(Eval("ReduceLogSum", {ints}), HasSubstr("empty set"));
}

TEST(Reduce, Integers) {
  EXPECT_EQ(Eval("ReduceSum", {Int32s({2}, {2147483647, 1})}),
            "int32[1]{-2147483648}");
  EXPECT_EQ(Eval("ReduceMean", {Int32s({2}, {-4, 1})}), "int32[1]{-1}");
  EXPECT_EQ(Eval("ReduceL1", {Int32s({2}, {-4, 1})}), "int32[1]{5}");
  EXPECT_EQ(Eval("ReduceL2", {Int32s({2}, {-3, 4})}), "int32[1]{5}");
  EXPECT_EQ(Eval("ReduceMax", {Uint64s({2}, {1, UINT64_MAX})}),
            "uint64[1]{18446744073709551615}");
  EXPECT_EQ(Eval("ReduceMin", {Uint64s({2}, {UINT64_MAX, 1})}), "uint64[1]{1}");
  EXPECT_EQ(Eval("ReduceMax", {Int64s({3}, {-5, -2, -9})}), "int64[1]{-2}");
  EXPECT_EQ(Eval("ReduceL1", {Uint64s({1}, {UINT64_MAX})}),
            "uint64[1]{18446744073709551615}");
  EXPECT_EQ(Eval("ReduceMin", {Bools({2}, {1, 0})}), "bool[1]{0}");
}

TEST(Reduce, FloatsAreSummedInDouble) {
  // In float, 2^24 + 1 + 1 would stay 2^24.
  EXPECT_EQ(Eval("ReduceSum", {Floats({3}, {0x1p24F, 1, 1})}),
            Eval("Identity", {Floats({1}, {0x1p24F + 2})}));
  EXPECT_EQ(Eval("ReduceMax", {Floats({3}, {1, kNaN, 2})}), "float[1]{nan}");
  EXPECT_EQ(Eval("ReduceLogSumExp", {Floats({2}, {1000, -kInf})}),
            "float[1]{1000}");
  EXPECT_EQ(Eval("ReduceLogSumExp", {Floats({2}, {kInf, 1})}), "float[1]{inf}");
}

TEST(Arg, TiesAndNaN) {
  const TensorRef x = Floats({2, 3}, {3, 1, 3, 2, kNaN, 5});
  EXPECT_EQ(Eval("ArgMax", {x}, {Int("axis", 1)}), "int64[2,1]{0, 1}");
  EXPECT_EQ(Eval("ArgMax", {x}, {Int("axis", 1), Int("select_last_index", 1)}),
            "int64[2,1]{2, 1}");
  EXPECT_EQ(Eval("ArgMin", {x}, {Int("axis", -1), Int("keepdims", 0)}),
            "int64[2]{1, 1}");
  EXPECT_EQ(Eval("ArgMax", {x}), "int64[1,3]{0, 1, 1}");
  EXPECT_EQ(Eval("ArgMax", {Uint64s({2}, {1, UINT64_MAX})}), "int64[1]{1}");
  EXPECT_EQ(Eval("ArgMin", {Int64s({2}, {1, -1})}), "int64[1]{1}");
}

TEST(Arg, BadAxes) {
  EXPECT_THAT(Eval("ArgMax", {Floats({1}, {1})}, {Int("axis", 1)}),
              HasSubstr("out of range"));
  EXPECT_THAT(Eval("ArgMax", {Floats({}, {1})}), HasSubstr("out of range"));
  EXPECT_THAT(Eval("ArgMax", {Floats({0, 2}, {})}),
              StartsWith("INVALID_ARGUMENT"));
  EXPECT_EQ(Eval("ArgMax", {Floats({0, 2}, {})}, {Int("axis", 1)}),
            "int64[0,1]{}");
}

TEST(Cumulative, AllDirections) {
  const TensorRef x = Int64s({2, 3}, {1, 2, 3, 4, 5, 6});
  const TensorRef axis = Int64s({}, {1});
  EXPECT_EQ(Eval("CumSum", {x, axis}), "int64[2,3]{1, 3, 6, 4, 9, 15}");
  EXPECT_EQ(Eval("CumSum", {x, axis}, {Int("exclusive", 1)}),
            "int64[2,3]{0, 1, 3, 0, 4, 9}");
  EXPECT_EQ(Eval("CumSum", {x, axis}, {Int("reverse", 1)}),
            "int64[2,3]{6, 5, 3, 15, 11, 6}");
  EXPECT_EQ(Eval("CumSum", {x, axis}, {Int("reverse", 1), Int("exclusive", 1)}),
            "int64[2,3]{5, 3, 0, 11, 6, 0}");
  EXPECT_EQ(Eval("CumSum", {x, Int64s({}, {-2})}),
            "int64[2,3]{1, 2, 3, 5, 7, 9}");
  EXPECT_EQ(Eval("CumProd", {x, axis}, {Int("exclusive", 1)}),
            "int64[2,3]{1, 1, 2, 1, 4, 20}");
  EXPECT_THAT(Eval("CumSum", {x, Int64s({}, {2})}), HasSubstr("out of range"));
  EXPECT_THAT(Eval("CumSum", {x, Int64s({2}, {0, 1})}), HasSubstr("scalar"));
}

TEST(Softmax, LargeAndInfiniteElements) {
  EXPECT_EQ(Eval("Softmax", {Floats({2, 2}, {1000, 1000, -kInf, 0})}),
            "float[2,2]{0.5, 0.5, 0, 1}");
  EXPECT_EQ(Eval("Softmax", {Floats({2, 2}, {1000, 0, 1000, -kInf})},
                 {Int("axis", 0)}),
            "float[2,2]{0.5, 1, 0.5, 0}");
  EXPECT_EQ(Eval("LogSoftmax", {Floats({1, 2}, {0, -1000})}),
            "float[1,2]{0, -1000}");
  EXPECT_EQ(Eval("Hardmax", {Floats({2, 3}, {1, 3, 3, 2, 0, 1})}),
            "float[2,3]{0, 1, 0, 1, 0, 0}");
  EXPECT_THAT(Eval("Softmax", {Floats({2}, {1, 2})}, {Int("axis", 1)}),
              HasSubstr("out of range"));
  EXPECT_EQ(Eval("Softmax", {Floats({0, 2}, {})}), "float[0,2]{}");
}

TEST(LpNormalization, BothNorms) {
  const TensorRef x = Floats({2, 2}, {3, -4, 0, 0});
  EXPECT_EQ(Eval("LpNormalization", {x}), "float[2,2]{0.6, -0.8, 0, 0}");
  EXPECT_EQ(Eval("LpNormalization", {Floats({2}, {1, -3})}, {Int("p", 1)}),
            "float[2]{0.25, -0.75}");
  EXPECT_THAT(Eval("LpNormalization", {x}, {Int("p", 3)}), HasSubstr("p must"));
}

}  // namespace
}  // namespace onnxopt
