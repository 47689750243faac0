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
  ExpectInts(Run("Gather", {data, Ints({}, {-1})}), {2}, {4, 5});
  ExpectInts(Run("Gather", {data, Ints({1, 2}, {0, -1})}, {Int("axis", -1)}),
             {3, 1, 2}, {0, 1, 2, 3, 4, 5});
  ExpectInts(Run("Gather", {data, Ints(std::vector<int64_t>{})}), {0, 2}, {});
  ExpectOutput<std::string>(
      Run("Gather", {Texts({2}, {"a", "b"}), Ints({1, 0})}), 0, {2},
      {"b", "a"});
  EXPECT_FALSE(Run("Gather", {data, Ints({3})}).ok());
  EXPECT_FALSE(Run("Gather", {data, Ints({-4})}).ok());
  EXPECT_FALSE(Run("Gather", {data, Ints({kMin})}).ok());
  EXPECT_FALSE(Run("Gather", {Ints({}, {1}), Ints({0})}).ok());
  EXPECT_FALSE(Run("Gather", {data, Ints({0})}, {Int("axis", 2)}).ok());
}

TEST(GatherTest, Elements) {
  const TensorRef data = Ints({2, 2}, {1, 2, 3, 4});
  ExpectInts(Run("GatherElements", {data, Ints({2, 2}, {0, 0, -1, 0})},
                 {Int("axis", 1)}),
             {2, 2}, {1, 1, 4, 3});
  ExpectInts(Run("GatherElements", {data, Ints({1, 2}, {1, 0})}), {1, 2},
             {3, 2});
  EXPECT_FALSE(Run("GatherElements", {data, Ints({1})}).ok());
  EXPECT_FALSE(Run("GatherElements", {data, Ints({1, 3}, {0, 0, 0})}).ok());
}

TEST(GatherTest, Slices) {
  const TensorRef data = Ints({2, 2}, {0, 1, 2, 3});
  ExpectInts(Run("GatherND", {data, Ints({2, 2}, {0, 0, -1, 1})}), {2}, {0, 3});
  ExpectInts(Run("GatherND", {data, Ints({1, 1}, {1})}), {1, 2}, {2, 3});
  ExpectInts(
      Run("GatherND", {data, Ints({2, 1}, {1, 0})}, {Int("batch_dims", 1)}),
      {2}, {1, 2});
  EXPECT_FALSE(Run("GatherND", {data, Ints({1, 3}, {0, 0, 0})}).ok());
  EXPECT_FALSE(Run("GatherND", {data, Ints({1, 1}, {2})}).ok());
}

TEST(ScatterTest, ElementsInOrder) {
  const TensorRef data = Ints({1, 3}, {1, 2, 3});
  const TensorRef twice = Ints({1, 2}, {1, -2});
  const TensorRef updates = Ints({1, 2}, {10, 20});
  ExpectInts(Run("ScatterElements", {data, twice, updates}, {Int("axis", 1)}),
             {1, 3}, {1, 20, 3});
  const auto reduced = [&](std::string_view reduction) {
    return Run("ScatterElements", {data, twice, updates},
               {Int("axis", 1), Text("reduction", reduction)});
  };
  ExpectInts(reduced("add"), {1, 3}, {1, 32, 3});
  ExpectInts(reduced("mul"), {1, 3}, {1, 400, 3});
  ExpectInts(reduced("max"), {1, 3}, {1, 20, 3});
  ExpectInts(reduced("min"), {1, 3}, {1, 2, 3});
  EXPECT_FALSE(reduced("mean").ok());
  EXPECT_FALSE(Run("ScatterElements", {data, twice, Ints({2, 1}, {1, 2})},
                   {Int("axis", 1)})
                   .ok());
}

TEST(ScatterTest, UnsignedMaximum) {
  const auto bytes = [](std::vector<uint64_t> values) {
    const auto size = static_cast<int64_t>(values.size());
    return Make(ElementType::kUint64, {size}, std::move(values));
  };
  ExpectOutput<uint64_t>(
      Run("ScatterND",
          {bytes({UINT64_MAX, 1}), Ints({2, 1}, {0, 1}), bytes({5, 6})},
          {Text("reduction", "max")}),
      0, {2}, {UINT64_MAX, 6});
}

TEST(ScatterTest, Slices) {
  const TensorRef data = Ints({2, 2}, {1, 2, 3, 4});
  ExpectInts(Run("ScatterND", {data, Ints({1, 1}, {-1}), Ints({1, 2}, {8, 9})}),
             {2, 2}, {1, 2, 8, 9});
  EXPECT_FALSE(
      Run("ScatterND", {data, Ints({1, 1}, {2}), Ints({1, 2}, {8, 9})}).ok());
  EXPECT_FALSE(
      Run("ScatterND", {data, Ints({1, 1}, {0}), Ints({2}, {8, 9})}).ok());
}

TEST(ScatterTest, Cache) {
  const TensorRef cache = Ints({1, 3, 1}, {1, 2, 3});
  const TensorRef update = Ints({1, 2, 1}, {8, 9});
  ExpectInts(Run("TensorScatter", {cache, update, Ints({1})}), {1, 3, 1},
             {1, 8, 9});
  ExpectInts(Run("TensorScatter", {cache, update, Ints({2})},
                 {Text("mode", "circular")}),
             {1, 3, 1}, {9, 2, 8});
  EXPECT_FALSE(Run("TensorScatter", {cache, update, Ints({2})}).ok());
  EXPECT_FALSE(Run("TensorScatter", {cache, update, Ints({-1})}).ok());
}

TEST(SelectTest, Compress) {
  const TensorRef data = Ints({2, 2}, {1, 2, 3, 4});
  const TensorRef second = Make<uint8_t>(ElementType::kBool, {2}, {0, 1});
  ExpectInts(Run("Compress", {data, second}), {1}, {2});
  ExpectInts(Run("Compress", {data, second}, {Int("axis", -1)}), {2, 1},
             {2, 4});
  EXPECT_FALSE(Run("Compress", {Ints({1}), second}).ok());
}

TEST(SelectTest, NonZero) {
  ExpectInts(Run("NonZero", {Floats({2, 2}, {-0.0f, 1, kNan, 0})}), {2, 2},
             {0, 1, 1, 0});
  ExpectInts(Run("NonZero", {Ints({}, {5})}), {0, 1}, {});
  ExpectInts(Run("NonZero", {Ints({0, 3}, {})}), {2, 0}, {});
}

TEST(SelectTest, OneHot) {
  const TensorRef values = Ints({0, 1});
  ExpectInts(Run("OneHot", {Ints({0, -1, 7}), Ints({}, {2}), values}), {3, 2},
             {1, 0, 0, 1, 0, 0});
  ExpectInts(Run("OneHot", {Floats({2}, {1, kNan}), Ints({2}), values},
                 {Int("axis", 0)}),
             {2, 2}, {0, 0, 1, 0});
  EXPECT_FALSE(Run("OneHot", {Ints({0}), Ints({-1}), values}).ok());
}

TEST(SortTest, TopKTies) {
  const TensorRef x = Floats({1, 4}, {2, 3, 3, 1});
  const auto top = Run("TopK", {x, Ints({3})}, {}, 2);
  ExpectOutput<float>(top, 0, {1, 3}, {3, 3, 2});
  ExpectOutput<int64_t>(top, 1, {1, 3}, {1, 2, 0});
  const auto least =
      Run("TopK", {x, Ints({2})}, {Int("largest", 0), Int("axis", -1)}, 2);
  ExpectOutput<int64_t>(least, 1, {1, 2}, {3, 0});
  const auto nan = Run("TopK", {Floats({3}, {1, kNan, 2}), Ints({2})}, {}, 2);
  ExpectOutput<int64_t>(nan, 1, {2}, {1, 2});
  ExpectOutput<int64_t>(Run("TopK", {x, Ints({0})}, {}, 2), 1, {1, 0}, {});
  EXPECT_FALSE(Run("TopK", {x, Ints({5})}, {}, 2).ok());
  EXPECT_FALSE(Run("TopK", {x, Ints({-1})}, {}, 2).ok());
}

TEST(SortTest, Unique) {
  const auto sorted = Run("Unique", {Ints({3, 1, 3, 2})}, {}, 4);
  ExpectOutput<int64_t>(sorted, 0, {3}, {1, 2, 3});
  ExpectOutput<int64_t>(sorted, 1, {3}, {1, 3, 0});
  ExpectOutput<int64_t>(sorted, 2, {4}, {2, 0, 2, 1});
  ExpectOutput<int64_t>(sorted, 3, {3}, {1, 1, 2});
  const auto kept =
      Run("Unique", {Texts({3}, {"b", "a", "b"})}, {Int("sorted", 0)}, 4);
  ExpectOutput<std::string>(kept, 0, {2}, {"b", "a"});
  ExpectOutput<int64_t>(kept, 2, {3}, {0, 1, 0});
  const auto columns =
      Run("Unique", {Ints({2, 3}, {1, 0, 1, 2, 5, 2})}, {Int("axis", -1)}, 4);
  ExpectOutput<int64_t>(columns, 0, {2, 2}, {0, 1, 5, 2});
  ExpectOutput<int64_t>(Run("Unique", {Ints({0}, {})}, {}, 4), 3, {0}, {});
}

TEST(ResizeTest, NearestMovesStrings) {
  ExpectOutput<std::string>(
      Run("Resize", {Texts({2}, {"a", "b"}), nullptr, Floats({1}, {2})}), 0,
      {4}, {"a", "a", "b", "b"});
}

TEST(ResizeTest, LinearCentres) {
  ExpectOutput<float>(
      Run("Resize", {Floats({2}, {0, 4}), nullptr, nullptr, Ints({4})},
          {Text("mode", "linear")}),
      0, {4}, {0, 1, 3, 4});
}

TEST(ResizeTest, WrongArguments) {
  const TensorRef x = Floats({2}, {0, 4});
  EXPECT_FALSE(Run("Resize", {x}).ok());
  EXPECT_FALSE(Run("Resize", {x, nullptr, Floats({1}, {-1})}).ok());
  EXPECT_FALSE(Run("Resize", {x, nullptr, Floats({1}, {kNan})}).ok());
  EXPECT_FALSE(Run("Resize", {x, nullptr, Floats({1}, {1e30f})}).ok());
  EXPECT_FALSE(Run("Resize", {x, nullptr, nullptr, Ints({-1})}).ok());
  EXPECT_FALSE(
      Run("Resize", {Floats({0}, {}), nullptr, nullptr, Ints({1})}).ok());
}

}  // namespace
}  // namespace onnxopt::eval
