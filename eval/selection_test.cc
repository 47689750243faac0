// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "eval/testing.h"

namespace onnxopt::eval {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
const float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(GatherTest, NegativeIndicesAndRanks) {
  const TensorRef data = Ints({3, 2}, {0, 1, 2, 3, 4, 5});
  ExpectInts(RunOp("Gather", {data, Ints({}, {-1})}), {2}, {4, 5});
  ExpectInts(RunOp("Gather", {data, Ints({1, 2}, {0, -1})}, {Int("axis", -1)}),
             {3, 1, 2}, {0, 1, 2, 3, 4, 5});
  ExpectInts(RunOp("Gather", {data, Ints(std::vector<int64_t>{})}), {0, 2}, {});
  ExpectOutput<std::string>(
      RunOp("Gather", {Texts({2}, {"a", "b"}), Ints({1, 0})}), 0, {2},
      {"b", "a"});
  EXPECT_FALSE(RunOp("Gather", {data, Ints({3})}).ok());
  EXPECT_FALSE(RunOp("Gather", {data, Ints({-4})}).ok());
  EXPECT_FALSE(RunOp("Gather", {data, Ints({kMin})}).ok());
  EXPECT_FALSE(RunOp("Gather", {Ints({}, {1}), Ints({0})}).ok());
  EXPECT_FALSE(RunOp("Gather", {data, Ints({0})}, {Int("axis", 2)}).ok());
}

TEST(GatherTest, Elements) {
  const TensorRef data = Ints({2, 2}, {1, 2, 3, 4});
  ExpectInts(RunOp("GatherElements", {data, Ints({2, 2}, {0, 0, -1, 0})},
                   {Int("axis", 1)}),
             {2, 2}, {1, 1, 4, 3});
  ExpectInts(RunOp("GatherElements", {data, Ints({1, 2}, {1, 0})}), {1, 2},
             {3, 2});
  EXPECT_FALSE(RunOp("GatherElements", {data, Ints({1})}).ok());
  EXPECT_FALSE(RunOp("GatherElements", {data, Ints({1, 3}, {0, 0, 0})}).ok());
}

TEST(GatherTest, Slices) {
  const TensorRef data = Ints({2, 2}, {0, 1, 2, 3});
  ExpectInts(RunOp("GatherND", {data, Ints({2, 2}, {0, 0, -1, 1})}), {2},
             {0, 3});
  ExpectInts(RunOp("GatherND", {data, Ints({1, 1}, {1})}), {1, 2}, {2, 3});
  ExpectInts(
      RunOp("GatherND", {data, Ints({2, 1}, {1, 0})}, {Int("batch_dims", 1)}),
      {2}, {1, 2});
  EXPECT_FALSE(RunOp("GatherND", {data, Ints({1, 3}, {0, 0, 0})}).ok());
  EXPECT_FALSE(RunOp("GatherND", {data, Ints({1, 1}, {2})}).ok());
}

TEST(ScatterTest, ElementsInOrder) {
  const TensorRef data = Ints({1, 3}, {1, 2, 3});
  const TensorRef twice = Ints({1, 2}, {1, -2});
  const TensorRef updates = Ints({1, 2}, {10, 20});
  ExpectInts(RunOp("ScatterElements", {data, twice, updates}, {Int("axis", 1)}),
             {1, 3}, {1, 20, 3});
  const auto reduced = [&](std::string_view reduction) {
    return RunOp("ScatterElements", {data, twice, updates},
                 {Int("axis", 1), Text("reduction", reduction)});
  };
  ExpectInts(reduced("add"), {1, 3}, {1, 32, 3});
  ExpectInts(reduced("mul"), {1, 3}, {1, 400, 3});
  ExpectInts(reduced("max"), {1, 3}, {1, 20, 3});
  ExpectInts(reduced("min"), {1, 3}, {1, 2, 3});
  EXPECT_FALSE(reduced("mean").ok());
  EXPECT_FALSE(RunOp("ScatterElements", {data, twice, Ints({2, 1}, {1, 2})},
                     {Int("axis", 1)})
                   .ok());
}

TEST(ScatterTest, UnsignedMaximum) {
  const auto bytes = [](std::vector<uint64_t> values) {
    const auto size = static_cast<int64_t>(values.size());
    return Make(ElementType::kUint64, {size}, std::move(values));
  };
  ExpectOutput<uint64_t>(
      RunOp("ScatterND",
            {bytes({UINT64_MAX, 1}), Ints({2, 1}, {0, 1}), bytes({5, 6})},
            {Text("reduction", "max")}),
      0, {2}, {UINT64_MAX, 6});
}

TEST(ScatterTest, Slices) {
  const TensorRef data = Ints({2, 2}, {1, 2, 3, 4});
  ExpectInts(
      RunOp("ScatterND", {data, Ints({1, 1}, {-1}), Ints({1, 2}, {8, 9})}),
      {2, 2}, {1, 2, 8, 9});
  EXPECT_FALSE(
      RunOp("ScatterND", {data, Ints({1, 1}, {2}), Ints({1, 2}, {8, 9})}).ok());
  EXPECT_FALSE(
      RunOp("ScatterND", {data, Ints({1, 1}, {0}), Ints({2}, {8, 9})}).ok());
}

TEST(ScatterTest, Cache) {
  const TensorRef cache = Ints({1, 3, 1}, {1, 2, 3});
  const TensorRef update = Ints({1, 2, 1}, {8, 9});
  ExpectInts(RunOp("TensorScatter", {cache, update, Ints({1})}), {1, 3, 1},
             {1, 8, 9});
  ExpectInts(RunOp("TensorScatter", {cache, update, Ints({2})},
                   {Text("mode", "circular")}),
             {1, 3, 1}, {9, 2, 8});
  EXPECT_FALSE(RunOp("TensorScatter", {cache, update, Ints({2})}).ok());
  EXPECT_FALSE(RunOp("TensorScatter", {cache, update, Ints({-1})}).ok());
}

TEST(SelectTest, Compress) {
  const TensorRef data = Ints({2, 2}, {1, 2, 3, 4});
  const TensorRef second = Make<uint8_t>(ElementType::kBool, {2}, {0, 1});
  ExpectInts(RunOp("Compress", {data, second}), {1}, {2});
  ExpectInts(RunOp("Compress", {data, second}, {Int("axis", -1)}), {2, 1},
             {2, 4});
  EXPECT_FALSE(RunOp("Compress", {Ints({1}), second}).ok());
}

TEST(SelectTest, NonZero) {
  ExpectInts(RunOp("NonZero", {Floats({2, 2}, {-0.0f, 1, kNan, 0})}), {2, 2},
             {0, 1, 1, 0});
  ExpectInts(RunOp("NonZero", {Ints({}, {5})}), {0, 1}, {});
  ExpectInts(RunOp("NonZero", {Ints({0, 3}, {})}), {2, 0}, {});
}

TEST(SelectTest, OneHot) {
  const TensorRef values = Ints({0, 1});
  ExpectInts(RunOp("OneHot", {Ints({0, -1, 7}), Ints({}, {2}), values}), {3, 2},
             {1, 0, 0, 1, 0, 0});
  ExpectInts(RunOp("OneHot", {Floats({2}, {1, kNan}), Ints({2}), values},
                   {Int("axis", 0)}),
             {2, 2}, {0, 0, 1, 0});
  EXPECT_FALSE(RunOp("OneHot", {Ints({0}), Ints({-1}), values}).ok());
}

TEST(SortTest, TopKTies) {
  const TensorRef x = Floats({1, 4}, {2, 3, 3, 1});
  const auto top = RunOp("TopK", {x, Ints({3})}, {}, 2);
  ExpectOutput<float>(top, 0, {1, 3}, {3, 3, 2});
  ExpectOutput<int64_t>(top, 1, {1, 3}, {1, 2, 0});
  const auto least =
      RunOp("TopK", {x, Ints({2})}, {Int("largest", 0), Int("axis", -1)}, 2);
  ExpectOutput<int64_t>(least, 1, {1, 2}, {3, 0});
  const auto nan = RunOp("TopK", {Floats({3}, {1, kNan, 2}), Ints({2})}, {}, 2);
  ExpectOutput<int64_t>(nan, 1, {2}, {1, 2});
  ExpectOutput<int64_t>(RunOp("TopK", {x, Ints({0})}, {}, 2), 1, {1, 0}, {});
  EXPECT_FALSE(RunOp("TopK", {x, Ints({5})}, {}, 2).ok());
  EXPECT_FALSE(RunOp("TopK", {x, Ints({-1})}, {}, 2).ok());
}

TEST(SortTest, Unique) {
  const auto sorted = RunOp("Unique", {Ints({3, 1, 3, 2})}, {}, 4);
  ExpectOutput<int64_t>(sorted, 0, {3}, {1, 2, 3});
  ExpectOutput<int64_t>(sorted, 1, {3}, {1, 3, 0});
  ExpectOutput<int64_t>(sorted, 2, {4}, {2, 0, 2, 1});
  ExpectOutput<int64_t>(sorted, 3, {3}, {1, 1, 2});
  const auto kept =
      RunOp("Unique", {Texts({3}, {"b", "a", "b"})}, {Int("sorted", 0)}, 4);
  ExpectOutput<std::string>(kept, 0, {2}, {"b", "a"});
  ExpectOutput<int64_t>(kept, 2, {3}, {0, 1, 0});
  const auto columns =
      RunOp("Unique", {Ints({2, 3}, {1, 0, 1, 2, 5, 2})}, {Int("axis", -1)}, 4);
  ExpectOutput<int64_t>(columns, 0, {2, 2}, {0, 1, 5, 2});
  ExpectOutput<int64_t>(RunOp("Unique", {Ints({0}, {})}, {}, 4), 3, {0}, {});
}

TEST(ResizeTest, NearestMovesStrings) {
  ExpectOutput<std::string>(
      RunOp("Resize", {Texts({2}, {"a", "b"}), nullptr, Floats({1}, {2})}), 0,
      {4}, {"a", "a", "b", "b"});
}

TEST(ResizeTest, LinearCentres) {
  ExpectOutput<float>(
      RunOp("Resize", {Floats({2}, {0, 4}), nullptr, nullptr, Ints({4})},
            {Text("mode", "linear")}),
      0, {4}, {0, 1, 3, 4});
}

TEST(ResizeTest, WrongArguments) {
  const TensorRef x = Floats({2}, {0, 4});
  EXPECT_FALSE(RunOp("Resize", {x}).ok());
  EXPECT_FALSE(RunOp("Resize", {x, nullptr, Floats({1}, {-1})}).ok());
  EXPECT_FALSE(RunOp("Resize", {x, nullptr, Floats({1}, {kNan})}).ok());
  EXPECT_FALSE(RunOp("Resize", {x, nullptr, Floats({1}, {1e30f})}).ok());
  EXPECT_FALSE(RunOp("Resize", {x, nullptr, nullptr, Ints({-1})}).ok());
  EXPECT_FALSE(
      RunOp("Resize", {Floats({0}, {}), nullptr, nullptr, Ints({1})}).ok());
}

}  // namespace
}  // namespace onnxopt::eval
