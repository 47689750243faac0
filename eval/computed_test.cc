// SPDX-License-Identifier: Apache-2.0
#include "eval/computed.h"

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
              testing::HasSubstr("where a int64[3] was expected"));
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
