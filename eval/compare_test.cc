// SPDX-License-Identifier: Apache-2.0
#include "eval/compare.h"

#include <cmath>
#include <limits>

#include "eval/run_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

using namespace eval_testing;  // NOLINT: the vocabulary of these tests
using ::testing::HasSubstr;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

Comparison CompareOrDie(const Datum& a, const Datum& b,
                        const CompareOptions& options = {}) {
  const absl::StatusOr<Comparison> result = Compare(a, b, options);
  EXPECT_OK(result);
  return result.value_or(Comparison());
}

TEST(CompareTest, SpecialNumbersEqualThemselves) {
  EXPECT_TRUE(CompareOrDie(Floats({4}, {kNan, kInf, -kInf, 0.0F}),
                           Floats({4}, {-kNan, kInf, -kInf, -0.0F}))
                  .equal);
  EXPECT_FALSE(CompareOrDie(Floats({1}, {kInf}), Floats({1}, {-kInf})).equal);
  EXPECT_FALSE(CompareOrDie(Floats({1}, {kNan}), Floats({1}, {1})).equal);
  // However large the tolerance.
  EXPECT_FALSE(
      CompareOrDie(Floats({1}, {kInf}), Floats({1}, {3e38F}), {1, 1}).equal);
}

TEST(CompareTest, TolerancesAndErrors) {
  const Datum expected = Floats({2, 2}, {100, 1, 2, 0});
  const Datum actual = Floats({2, 2}, {100.5, 1, 2.5, 0});
  Comparison result = CompareOrDie(expected, actual, {0.01, 0});
  EXPECT_FALSE(result.equal);
  EXPECT_EQ(result.first_index, 2);
  EXPECT_EQ(result.num_different, 1);
  EXPECT_EQ(result.difference,
            "element [1,0] of float[2,2] is 2.5 instead of 2");
  EXPECT_DOUBLE_EQ(result.max_abs_error, 0.5);
  EXPECT_DOUBLE_EQ(result.max_rel_error, 0.25);
  // 0.5 of 2^-22 each.
  EXPECT_DOUBLE_EQ(result.max_ulp_error, 0.5 / 0x1p-22);
  EXPECT_TRUE(CompareOrDie(expected, actual, {0, 0.5}).equal);
  EXPECT_TRUE(CompareOrDie(expected, actual, {0.005, 0, true}).equal);
  EXPECT_FALSE(CompareOrDie(expected, actual, {0.004, 0, true}).equal);
}

TEST(CompareTest, UlpsCountAcrossZero) {
  const float tiny = std::numeric_limits<float>::denorm_min();
  EXPECT_EQ(
      CompareOrDie(Floats({1}, {tiny}), Floats({1}, {-tiny})).max_ulp_error, 2);
}

TEST(CompareTest, OtherElementsHaveToBeEqual) {
  const Comparison ints =
      CompareOrDie(Int64s({2}, {1, 2}), Int64s({2}, {1, 3}), {1, 10});
  EXPECT_FALSE(ints.equal);
  EXPECT_EQ(ints.difference, "element [1] of int64[2] is 3 instead of 2");
  EXPECT_FALSE(
      CompareOrDie(Strings({1}, {"a"}), Strings({1}, {"b"}), {1, 10}).equal);
  EXPECT_TRUE(CompareOrDie(Strings({1}, {"a"}), Strings({1}, {"a"})).equal);
}

TEST(CompareTest, TypesAndDimsHaveToAgree) {
  EXPECT_EQ(CompareOrDie(Floats({1}, {1}), Floats({}, {1})).difference,
            "it is float[] instead of float[1]");
  EXPECT_FALSE(CompareOrDie(Floats({1}, {1}), Int64s({1}, {1})).equal);
  EXPECT_FALSE(CompareOrDie(Floats({1}, {1}), Datum()).equal);
}

TEST(CompareTest, SequencesAndOptionals) {
  const auto sequence = [](float second) {
    return Datum::Sequence({Floats({}, {1}), Floats({}, {second})});
  };
  EXPECT_TRUE(CompareOrDie(sequence(2), sequence(2)).equal);
  EXPECT_THAT(CompareOrDie(sequence(2), sequence(3)).difference,
              HasSubstr("position 1: element []"));
  EXPECT_FALSE(CompareOrDie(sequence(2), Datum::Sequence({})).equal);
  EXPECT_FALSE(
      CompareOrDie(Datum::EmptyOptional(), Datum::Optional(Floats({}, {1})))
          .equal);
}

}  // namespace
}  // namespace onnxopt
