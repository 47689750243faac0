// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <numeric>

#include "eval/testing.h"

namespace onnxopt::eval {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

std::vector<int64_t> Iota(int64_t n) {
  std::vector<int64_t> values(n);
  std::iota(values.begin(), values.end(), 0);
  return values;
}

TEST(ReshapeTest, ZeroAndMinusOne) {
  const TensorRef data = Ints({2, 3, 4}, Iota(24));
  ExpectInts(RunOp("Reshape", {data, Ints({0, -1})}), {2, 12}, Iota(24));
  ExpectInts(
      RunOp("Reshape", {Ints({0, 3}, {}), Ints({3, 0})}, {Int("allowzero", 1)}),
      {3, 0}, {});
  EXPECT_FALSE(RunOp("Reshape", {data, Ints({5, -1})}).ok());
  EXPECT_FALSE(RunOp("Reshape", {data, Ints({-1, -1})}).ok());
  EXPECT_FALSE(RunOp("Reshape", {data, Ints({24, 1, 1, 0})}).ok());
  EXPECT_FALSE(RunOp("Reshape", {data, Ints({-2, -12})}).ok());
  EXPECT_FALSE(RunOp("Reshape", {Ints({0, 3}, {}), Ints({0, -1})}).ok());
}

TEST(ReshapeTest, FlattenSqueezeUnsqueeze) {
  const TensorRef data = Texts({1, 2, 1}, {"a", "b"});
  ExpectOutput<std::string>(RunOp("Flatten", {data}, {Int("axis", -1)}), 0,
                            {2, 1}, {"a", "b"});
  ExpectOutput<std::string>(RunOp("Flatten", {data}, {Int("axis", 0)}), 0,
                            {1, 2}, {"a", "b"});
  ExpectOutput<std::string>(RunOp("Squeeze", {data}), 0, {2}, {"a", "b"});
  ExpectOutput<std::string>(RunOp("Squeeze", {data, Ints({-1})}), 0, {1, 2},
                            {"a", "b"});
  EXPECT_FALSE(RunOp("Squeeze", {data, Ints({1})}).ok());
  ExpectInts(RunOp("Unsqueeze", {Ints({}, {7}), Ints({-1, 0})}), {1, 1}, {7});
  EXPECT_FALSE(RunOp("Unsqueeze", {Ints({}, {7}), Ints({0, 0})}).ok());
  EXPECT_FALSE(RunOp("Unsqueeze", {Ints({}, {7}), Ints({1})}).ok());
}

TEST(ReshapeTest, ShapeAndSize) {
  const TensorRef data = Ints({2, 0, 3}, {});
  ExpectInts(RunOp("Shape", {data}), {3}, {2, 0, 3});
  ExpectInts(RunOp("Shape", {data}, {Int("start", -1)}), {1}, {3});
  ExpectInts(RunOp("Shape", {data}, {Int("start", 2), Int("end", 1)}), {0}, {});
  ExpectInts(RunOp("Shape", {data}, {Int("start", -9), Int("end", 9)}), {3},
             {2, 0, 3});
  ExpectInts(RunOp("Size", {data}), {}, {0});
  ExpectInts(RunOp("Size", {Ints({}, {4})}), {}, {1});
}

TEST(TransposeTest, AnyElement) {
  ExpectInts(RunOp("Transpose", {Ints({2, 3}, Iota(6))}), {3, 2},
             {0, 3, 1, 4, 2, 5});
  ExpectInts(RunOp("Transpose", {Ints({2, 1, 3}, Iota(6))},
                   {IntList("perm", {2, 0, 1})}),
             {3, 2, 1}, {0, 3, 1, 4, 2, 5});
  ExpectOutput<std::string>(
      RunOp("Transpose", {Texts({2, 2}, {"a", "b", "c", "d"})}), 0, {2, 2},
      {"a", "c", "b", "d"});
  // 4 bits: 1 2 3 / 4 5 6 become 1 4 / 2 5 / 3 6.
  ExpectOutput<uint8_t>(
      RunOp("Transpose",
            {Make<uint8_t>(ElementType::kInt4, {2, 3}, {0x21, 0x43, 0x65})}),
      0, {3, 2}, {0x41, 0x52, 0x63});
  EXPECT_FALSE(
      RunOp("Transpose", {Ints({2}, {1, 2})}, {IntList("perm", {1})}).ok());
  EXPECT_FALSE(
      RunOp("Transpose", {Ints({1, 1}, {1})}, {IntList("perm", {0, 0})}).ok());
}

TEST(TransposeTest, LargerThanOneBlock) {
  constexpr int64_t kRows = 70;
  constexpr int64_t kColumns = 45;
  std::vector<int64_t> expected;
  for (int64_t batch = 0; batch < 2; ++batch) {
    for (int64_t j = 0; j < kColumns; ++j) {
      for (int64_t i = 0; i < kRows; ++i) {
        expected.push_back((batch * kRows + i) * kColumns + j);
      }
    }
  }
  ExpectInts(RunOp("Transpose",
                   {Ints({2, kRows, kColumns}, Iota(2 * kRows * kColumns))},
                   {IntList("perm", {0, 2, 1})}),
             {2, kColumns, kRows}, expected);
}

TEST(SliceTest, StepsAndExtremes) {
  const TensorRef data = Ints(Iota(5));
  ExpectInts(
      RunOp("Slice", {data, Ints({kMax}), Ints({kMin}), nullptr, Ints({-2})}),
      {3}, {4, 2, 0});
  ExpectInts(RunOp("Slice",
                   {data, Ints({-4}), Ints({kMax}), Ints({-1}), Ints({kMax})}),
             {1}, {1});
  ExpectInts(
      RunOp("Slice", {data, Ints({3}), Ints({0}), nullptr, Ints({kMin})}), {1},
      {3});
  ExpectInts(RunOp("Slice", {data, Ints({3}), Ints({1})}), {0}, {});
  ExpectInts(
      RunOp("Slice", {Ints({2, 2}, Iota(4)), Ints({1}), Ints({2}), Ints({-1})}),
      {2, 1}, {1, 3});
  EXPECT_FALSE(
      RunOp("Slice", {data, Ints({0}), Ints({1}), nullptr, Ints({0})}).ok());
  EXPECT_FALSE(RunOp("Slice", {data, Ints({0}), Ints({1}), Ints({1})}).ok());
}

TEST(ConcatAndSplitTest, AxesAndParts) {
  ExpectInts(RunOp("Concat", {Ints({2, 1}, {1, 2}), Ints({2, 2}, {3, 4, 5, 6})},
                   {Int("axis", -1)}),
             {2, 3}, {1, 3, 4, 2, 5, 6});
  EXPECT_FALSE(RunOp("Concat", {Ints({2, 1}, {1, 2}), Ints({1, 2}, {3, 4})},
                     {Int("axis", 0)})
                   .ok());
  EXPECT_FALSE(RunOp("Concat", {Ints({}, {1})}, {Int("axis", 0)}).ok());
  const auto parts =
      RunOp("Split", {Ints(Iota(5))}, {Int("num_outputs", 2)}, 2);
  ExpectOutput<int64_t>(parts, 0, {3}, {0, 1, 2});
  ExpectOutput<int64_t>(parts, 1, {2}, {3, 4});
  EXPECT_FALSE(RunOp("Split", {Ints(Iota(5)), Ints({2, 2})}, {}, 2).ok());
  EXPECT_FALSE(RunOp("Split", {Ints(Iota(5)), Ints({6, -1})}, {}, 2).ok());
}

TEST(ExpandTest, SplatWithoutBytes) {
  const auto huge =
      RunOp("Expand", {Floats({}, {2}), Ints({1 << 20, 1 << 20})});
  ASSERT_OK(huge);
  EXPECT_EQ((*huge)[0]->form(), Tensor::Form::kSplat);
  EXPECT_EQ((*huge)[0]->dims(), (TensorDims{1 << 20, 1 << 20}));
  ExpectInts(RunOp("Expand", {Ints({2, 1}, {1, 2}), Ints({3})}), {2, 3},
             {1, 1, 1, 2, 2, 2});
  EXPECT_FALSE(RunOp("Expand", {Ints({2}, {1, 2}), Ints({3})}).ok());
  EXPECT_FALSE(RunOp("Expand", {Ints({2}, {1, 2}), Ints({kMax, 2})}).ok());
}

TEST(TileTest, Repeats) {
  ExpectInts(RunOp("Tile", {Ints({1, 2}, {1, 2}), Ints({2, 2})}), {2, 4},
             {1, 2, 1, 2, 1, 2, 1, 2});
  ExpectInts(RunOp("Tile", {Ints({1, 2}, {1, 2}), Ints({0, 2})}), {0, 4}, {});
  EXPECT_FALSE(RunOp("Tile", {Ints({2}, {1, 2}), Ints({-1})}).ok());
}

TEST(PadTest, Modes) {
  const TensorRef data = Ints(Iota(3));
  ExpectInts(RunOp("Pad", {data, Ints({2, 1}), Ints({}, {9})}), {6},
             {9, 9, 0, 1, 2, 9});
  ExpectInts(RunOp("Pad", {data, Ints({-1, 2})}), {4}, {1, 2, 0, 0});
  ExpectInts(RunOp("Pad", {data, Ints({2, 1})}, {Text("mode", "reflect")}), {6},
             {2, 1, 0, 1, 2, 1});
  ExpectInts(RunOp("Pad", {data, Ints({2, 1})}, {Text("mode", "edge")}), {6},
             {0, 0, 0, 1, 2, 2});
  ExpectInts(RunOp("Pad", {data, Ints({2, 1})}, {Text("mode", "wrap")}), {6},
             {1, 2, 0, 1, 2, 0});
  ExpectInts(
      RunOp("Pad", {Ints({1, 2}, {5, 6}), Ints({1, 0}), nullptr, Ints({-1})}),
      {1, 3}, {0, 5, 6});
  ExpectOutput<std::string>(
      RunOp("Pad", {Texts({1}, {"a"}), Ints({1, 0}), Texts({}, {"b"})}), 0, {2},
      {"b", "a"});
  EXPECT_FALSE(RunOp("Pad", {data, Ints({-4, 0})}).ok());
  EXPECT_FALSE(RunOp("Pad", {data, Ints({kMax, kMax})}).ok());
  EXPECT_FALSE(
      RunOp("Pad", {Ints({0}, {}), Ints({1, 0})}, {Text("mode", "edge")}).ok());
}

TEST(FillTest, ConstantOfShape) {
  const auto zeros = RunOp("ConstantOfShape", {Ints({2, 0})});
  ExpectOutput<float>(zeros, 0, {2, 0}, {});
  const auto fives =
      RunOp("ConstantOfShape", {Ints({3})},
            {MakeAttribute("value", AttrKind::kTensor,
                           Make<uint8_t>(ElementType::kUint4, {1}, {5}))});
  ExpectOutput<uint8_t>(fives, 0, {3}, {0x55, 0x05});
  EXPECT_FALSE(RunOp("ConstantOfShape", {Ints({-1})}).ok());
}

TEST(FillTest, Range) {
  ExpectInts(RunOp("Range", {Ints({}, {5}), Ints({}, {0}), Ints({}, {-2})}),
             {3}, {5, 3, 1});
  ExpectInts(RunOp("Range", {Ints({}, {5}), Ints({}, {0}), Ints({}, {2})}), {0},
             {});
  ExpectOutput<float>(
      RunOp("Range", {Floats({}, {0}), Floats({}, {1}), Floats({}, {0.25f})}),
      0, {4}, {0, 0.25f, 0.5f, 0.75f});
  EXPECT_FALSE(
      RunOp("Range", {Ints({}, {0}), Ints({}, {1}), Ints({}, {0})}).ok());
  EXPECT_FALSE(
      RunOp("Range", {Ints({}, {kMin}), Ints({}, {kMax}), Ints({}, {1})}).ok());
}

TEST(BlockTest, TriluAndEyeLike) {
  const TensorRef data = Ints({2, 3}, {1, 2, 3, 4, 5, 6});
  ExpectInts(RunOp("Trilu", {data}), {2, 3}, {1, 2, 3, 0, 5, 6});
  ExpectInts(RunOp("Trilu", {data, Ints({}, {-1})}, {Int("upper", 0)}), {2, 3},
             {0, 0, 0, 4, 0, 0});
  ExpectInts(RunOp("Trilu", {data, Ints({}, {kMin})}), {2, 3},
             {1, 2, 3, 4, 5, 6});
  ExpectInts(RunOp("EyeLike", {data}, {Int("k", 1)}), {2, 3},
             {0, 1, 0, 0, 0, 1});
  ExpectInts(RunOp("EyeLike", {data}, {Int("k", kMax)}), {2, 3},
             {0, 0, 0, 0, 0, 0});
}

TEST(BlockTest, DepthAndSpace) {
  const TensorRef depth = Ints({1, 8, 1, 1}, Iota(8));
  ExpectInts(RunOp("DepthToSpace", {depth}, {Int("blocksize", 2)}),
             {1, 2, 2, 2}, {0, 2, 4, 6, 1, 3, 5, 7});
  ExpectInts(RunOp("DepthToSpace", {depth},
                   {Int("blocksize", 2), Text("mode", "CRD")}),
             {1, 2, 2, 2}, Iota(8));
  ExpectInts(RunOp("SpaceToDepth", {Ints({1, 1, 2, 2}, Iota(4))},
                   {Int("blocksize", 2)}),
             {1, 4, 1, 1}, Iota(4));
  EXPECT_FALSE(RunOp("DepthToSpace", {depth}, {Int("blocksize", 3)}).ok());
}

TEST(ArgumentsTest, MustFitTheSchema) {
  EXPECT_FALSE(RunOp("Reshape", {Ints({1})}).ok());
  EXPECT_FALSE(RunOp("Reshape", {Ints({1}), Floats({1}, {1})}).ok());
  EXPECT_FALSE(
      RunOp("Concat", {Ints({1}), Floats({1}, {1})}, {Int("axis", 0)}).ok());
  EXPECT_FALSE(RunOp("Concat", {Ints({1})}).ok());
}

// Large results are computed when they are read: a chain of them must not nest.
TEST(LargeMovementTest, ChainsDoNotNest) {
  constexpr int64_t kSide = 4096;
  std::vector<uint32_t> values(kSide * kSide / 2);
  std::iota(values.begin(), values.end(), 0);
  const TensorRef half = Make(ElementType::kUint32, {kSide, kSide / 2}, values);
  const auto whole = RunOp("Concat", {half, half}, {Int("axis", 1)});
  ASSERT_OK(whole);
  TensorRef x = (*whole)[0];
  for (int i = 0; i < 4; ++i) {
    const auto turned = RunOp("Transpose", {x});
    ASSERT_OK(turned);
    x = (*turned)[0];
    EXPECT_EQ(x->pending_depth(), 1);
  }
  // Four times turned: as it was.
  const auto result = ValuesOf<uint32_t>(*x);
  EXPECT_EQ(result[kSide / 2 - 1], kSide / 2 - 1);
  EXPECT_EQ(result[kSide], kSide / 2);
}

}  // namespace
}  // namespace onnxopt::eval
