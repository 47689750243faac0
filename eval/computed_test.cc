// SPDX-License-Identifier: Apache-2.0
#include "eval/computed.h"

#include <numeric>

#include "eval/kernel.h"
#include "eval/testing.h"

namespace onnxopt::eval {
namespace {

TensorRef Computed(std::string_view op, std::vector<TensorRef> inputs,
                   TensorDims dims) {
  const OpDef* def = OpRegistry::Builtin()->Find("", op, kCanonicalOpset);
  absl::StatusOr<TensorRef> tensor = MakeComputed(
      *def, {}, std::move(inputs), ElementType::kInt64, std::move(dims));
  EXPECT_OK(tensor);
  return *tensor;
}

TEST(ComputedTest, EvaluatesWhenAsked) {
  const TensorRef sum = Computed("Add", {Ints({1, 2}), Ints({10, 20})}, {2});
  EXPECT_EQ(sum->pending_depth(), 1);
  EXPECT_EQ(ValuesOf<int64_t>(*sum), (std::vector<int64_t>{11, 22}));
  EXPECT_EQ(sum->pending_depth(), 0);
}

TEST(ComputedTest, OtherTypeOrDimsThanPromisedFail) {
  const TensorRef sum = Computed("Add", {Ints({1, 2}), Ints({10, 20})}, {3});
  EXPECT_THAT(sum->bytes().status().message(),
              testing::HasSubstr("where int64[3] was expected"));
}

TEST(ComputedTest, ChainsOfAnyLengthNeedALimitedStack) {
  TensorRef sum = Ints({0});
  int deepest = 0;
  constexpr int kLength = 200'000;
  for (int i = 0; i < kLength; ++i) {
    sum = Computed("Add", {sum, Ints({1})}, {1});
    deepest = std::max(deepest, sum->pending_depth());
  }
  EXPECT_LT(deepest, 100);
  EXPECT_EQ(ValuesOf<int64_t>(*sum), std::vector<int64_t>{kLength});
}

// Large results come in pieces of rows, which nobody may notice.
TEST(ComputedTest, LargeElementwiseResultsAreWhatTheKernelGivesAtOnce) {
  constexpr int64_t kRows = 300;
  constexpr int64_t kColumns = 1000;
  std::vector<int64_t> many(kRows * kColumns);
  std::iota(many.begin(), many.end(), 0);
  const TensorRef matrix = Ints(TensorDims{kRows, kColumns}, many);
  const std::vector<int64_t> row(many.begin(), many.begin() + kColumns);
  const std::vector<int64_t> column(many.begin(), many.begin() + kRows);
  const OpDef* mul = OpRegistry::Builtin()->Find("", "Mul", kCanonicalOpset);
  for (const TensorRef& other :
       {matrix, Ints(TensorDims{kColumns}, row),
        Ints(TensorDims{1, kColumns}, row), Ints(TensorDims{kRows, 1}, column),
        Ints(TensorDims{1, 1}, {7}), Ints(TensorDims{}, {7})}) {
    for (const auto& inputs : {std::vector<TensorRef>{matrix, other},
                               std::vector<TensorRef>{other, matrix}}) {
      const TensorRef lazy = Computed("Mul", inputs, {kRows, kColumns});
      const auto whole = Evaluate(*mul, {}, inputs, 1);
      ASSERT_OK(whole);
      EXPECT_EQ(ValuesOf<int64_t>(*lazy), ValuesOf<int64_t>(*whole->front()));
    }
  }
}

TEST(ComputedTest, LargeResultsOfOtherDimsThanPromisedFail) {
  const TensorRef two = Ints(TensorDims{2}, {1, 2});
  const TensorRef sum = Computed("Add", {two, two}, {100'000});
  EXPECT_THAT(sum->bytes().status().message(),
              testing::HasSubstr("where int64[100000] was expected"));
}

// Strings have no bytes to cut.
TEST(ComputedTest, LargeComparisonsOfStringsComeWhole) {
  constexpr int64_t kRows = 1000;
  constexpr int64_t kColumns = 1000;
  const absl::StatusOr<TensorRef> texts = Tensor::Strings(
      {kRows, kColumns}, std::vector<std::string>(kRows * kColumns, "a"));
  const absl::StatusOr<TensorRef> row =
      Tensor::Strings({kColumns}, std::vector<std::string>(kColumns, "a"));
  ASSERT_OK(texts);
  ASSERT_OK(row);
  const OpDef* def = OpRegistry::Builtin()->Find("", "Equal", kCanonicalOpset);
  const absl::StatusOr<TensorRef> equal = MakeComputed(
      *def, {}, {*texts, *row}, ElementType::kBool, {kRows, kColumns});
  ASSERT_OK(equal);
  const absl::StatusOr<std::string_view> bytes = (*equal)->bytes();
  ASSERT_OK(bytes);
  EXPECT_EQ(*bytes, std::string(kRows * kColumns, 1));
}

TEST(ComputedTest, InputsMayBeAbsent) {
  const OpDef* def = OpRegistry::Builtin()->Find("", "Clip", kCanonicalOpset);
  const absl::StatusOr<TensorRef> clipped =
      MakeComputed(*def, {}, {Ints({1, 5}), nullptr, Ints(TensorDims{}, {3})},
                   ElementType::kInt64, {2});
  ASSERT_OK(clipped);
  EXPECT_EQ(ValuesOf<int64_t>(**clipped), (std::vector<int64_t>{1, 3}));
}

}  // namespace
}  // namespace onnxopt::eval
