// SPDX-License-Identifier: Apache-2.0
#include "passes/check.h"

#include "eval/run_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "passes/opset/upgrade.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

using eval_testing::ModelOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Outcome = CheckReport::Outcome;

CheckReport Check(std::string_view original, std::string_view optimized,
                  const CheckOptions& options = {}) {
  const auto first = ModelOf(original);
  const auto second = ModelOf(optimized);
  EXPECT_OK(first);
  EXPECT_OK(second);
  if (!first.ok() || !second.ok()) return {};
  Diagnostics diagnostics;
  EXPECT_OK(Upgrade(**first, /*target=*/nullptr, &diagnostics));
  EXPECT_OK(Upgrade(**second, /*target=*/nullptr, &diagnostics));
  const auto report = CheckEquivalent(**first, **second, options);
  EXPECT_OK(report);
  return report.value_or(CheckReport());
}

TEST(CheckTest, EqualModels) {
  const CheckReport report = Check(
      R"(g (float[N] x, float[N] y) => (s) {
           a = SequenceConstruct (y)
           i = Constant <value = int64 {0}> ()
           s = SequenceInsert (a, x, i)
         })",
      "g (float[N] x, float[N] y) => (s) { s = SequenceConstruct (x, y) }");
  EXPECT_EQ(report.outcome, Outcome::kEqual) << report.message;
  EXPECT_EQ(report.compared, 3);
  EXPECT_EQ(report.redrawn, 0);
}

TEST(CheckTest, DifferentModels) {
  const CheckReport report = Check(
      R"(g (float[N] x, float[N] y) => (n, s) {
           s = SequenceConstruct (x, y)
           n = SequenceLength (s)
         })",
      R"(g (float[N] x, float[N] y) => (n, s) {
           s = SequenceConstruct (y, x)
           n = SequenceLength (s)
         })");
  EXPECT_EQ(report.outcome, Outcome::kDifferent);
  EXPECT_THAT(report.message, HasSubstr("output 's': position 0: element [0]"));
  EXPECT_THAT(report.message, HasSubstr("(with N = "));
  EXPECT_THAT(report.message,
              HasSubstr("the first value that differs is 's' of node"));
}

TEST(CheckTest, AFailureOfTheResultIsADifference) {
  const CheckReport report =
      Check("g (float[N] x) => (s) { s = SequenceConstruct (x) }",
            R"(g (float[N] x) => (s) {
                 e = SequenceEmpty ()
                 s = SequenceErase (e)
               })");
  EXPECT_EQ(report.outcome, Outcome::kDifferent);
  EXPECT_THAT(report.message, HasSubstr("the result fails: node"));
}

TEST(CheckTest, AFailureOfTheOriginalIsDrawnAgain) {
  // Runs only if the sequence is long enough.
  constexpr char kGraph[] = R"(g (seq(float[N]) s) => (y) {
      i = Constant <value = int64 {2}> ()
      y = SequenceAt (s, i)
    })";
  const CheckReport report = Check(kGraph, kGraph);
  EXPECT_EQ(report.outcome, Outcome::kEqual);
  EXPECT_EQ(report.compared, 3);
  EXPECT_GT(report.redrawn, 0);
}

TEST(CheckTest, NothingComparedIsNotEqual) {
  constexpr char kFails[] = R"(g (float[N] x) => (s) {
      e = SequenceEmpty ()
      s = SequenceErase (e)
    })";
  const CheckReport failed = Check(kFails, kFails);
  EXPECT_EQ(failed.outcome, Outcome::kUnchecked);
  EXPECT_EQ(failed.compared, 0);
  EXPECT_THAT(failed.message, HasSubstr("the original does not run"));

  constexpr char kForeign[] = "g (float[N] x) => (y) { y = other.Op (x) }";
  const CheckReport foreign = Check(kForeign, kForeign);
  EXPECT_EQ(foreign.outcome, Outcome::kUnchecked);
  EXPECT_THAT(foreign.unsupported, ElementsAre("other.Op (1)"));
}

TEST(CheckTest, SizesDifferAndOneIsTried) {
  // Both agree unless N is 1.
  const CheckReport report = Check(
      R"(g (float[N,3] x) => (s) {
           s = SequenceConstruct (x)
         })",
      R"(g (float[N,3] x) => (s) {
           n = Shape (x)
           z = Constant <value = int64[2] {1, 3}> ()
           e = Equal (n, z)
           c = Constant <value = int64 {0}> ()
           first = Gather (e, c)
           f = Cast <to = 1> (first)
           y = Add (x, f)
           s = SequenceConstruct (y)
         })");
  EXPECT_EQ(report.outcome, Outcome::kDifferent);
  EXPECT_THAT(report.message, HasSubstr("(with N = 1)"));
}

TEST(CheckTest, TheFirstValueInTheOrderOfTheOriginalIsNamed) {
  const CheckReport report = Check(R"(g (float[9] x) => (d) {
                 a = Neg (x)
                 b = Abs (a)
                 c = Sqrt (b)
                 d = Add (c, b)
               })",
                                   R"(g (float[9] x) => (d) {
                 a = Neg (x)
                 two = Constant <value = float {2}> ()
                 b0 = Abs (a)
                 b = Mul (b0, two)
                 c = Sqrt (b)
                 d = Add (c, b)
               })");
  EXPECT_THAT(report.message,
              HasSubstr("the first value that differs is 'b' of node producing "
                        "'b' (Abs)"));
}

TEST(CheckTest, InterfacesMatchByName) {
  EXPECT_EQ(Check(R"(g (float[2] x, float[2] y) => (a, b) {
                       a = Neg (x)
                       b = Abs (y)
                     })",
                  R"(g (float[2] y, float[2] x) => (b, a) {
                       a = Neg (x)
                       b = Abs (y)
                     })")
                .outcome,
            Outcome::kEqual);
  const auto first = ModelOf("g (float[2] x) => (a) { a = Neg (x) }");
  const auto second = ModelOf("g (float[3] x, int64 y) => (b) { b = Neg (x) }");
  ASSERT_OK(first);
  ASSERT_OK(second);
  EXPECT_EQ(CheckEquivalent(**first, **second, {}).status().message(),
            "the interfaces differ: input 'x' is float[2] in the original and "
            "float[3] in the result; the original has no input 'y'; the result "
            "has no output 'a'; the original has no output 'b'");
}

TEST(CheckTest, GivenInputsAreRunOnce) {
  constexpr char kGraph[] = "g (float[N] x) => (y) { y = Neg (x) }";
  CheckOptions options;
  options.inputs.given["x"] = eval_testing::Floats({2}, {1, 2});
  const CheckReport report = Check(kGraph, kGraph, options);
  EXPECT_EQ(report.outcome, Outcome::kEqual);
  EXPECT_EQ(report.compared, 1);
  EXPECT_EQ(report.dims.at("N"), std::set<int64_t>{2});
}

TEST(CheckTest, EdgeValues) {
  // x - x + x is x unless x is infinite.
  constexpr char kFirst[] = "g (float[99] x) => (y) { y = Identity (x) }";
  constexpr char kSecond[] = R"(g (float[99] x) => (y) {
      d = Sub (x, x)
      y = Add (d, x)
    })";
  EXPECT_EQ(Check(kFirst, kSecond).outcome, Outcome::kEqual);
  CheckOptions options;
  options.inputs.edge_values = true;
  EXPECT_EQ(Check(kFirst, kSecond, options).outcome, Outcome::kDifferent);
}

TEST(CheckTest, TolerancesFollowTheType) {
  const auto scaled = [](const std::string& type, const char* factor) {
    return Check("g (" + type + "[9] x) => (y) { y = Identity (x) }",
                 "g (" + type + "[9] x) => (y) { c = Constant <value = " +
                     type + " {" + factor + "}> () y = Mul (x, c) }")
        .outcome;
  };
  EXPECT_EQ(scaled("float", "1.0005"), Outcome::kEqual);
  EXPECT_EQ(scaled("float", "1.005"), Outcome::kDifferent);
  EXPECT_EQ(scaled("float16", "1.005"), Outcome::kEqual);
  EXPECT_EQ(scaled("float16", "1.05"), Outcome::kDifferent);
}

TEST(CheckTest, QuantizedModelsMayDifferByASmallStep) {
  const auto model = [](const char* factor) {
    return std::string(R"(g (float[99] x) => (float[99] y) <uint8[99] q> {
             c = Constant <value = float {)") +
           factor + R"(}> ()
             s = Constant <value = float {0.02}> ()
             z = Constant <value = uint8 {128}> ()
             m = Mul (x, c)
             q = QuantizeLinear (m, s, z)
             y = DequantizeLinear (q, s, z)
           })";
  };
  EXPECT_EQ(Check(model("1"), model("2")).outcome, Outcome::kDifferent);
  EXPECT_EQ(Check(model("1"), model("1.002")).outcome, Outcome::kEqual);
}

TEST(CheckTest, DefaultsMayBecomeConstants) {
  EXPECT_EQ(
      Check(
          "g (float x, float d = {2}) => (s) { s = SequenceConstruct (x, d) }",
          R"(g (float x) => (s) {
                       d = Constant <value = float {2}> ()
                       s = SequenceConstruct (x, d)
                     })")
          .outcome,
      Outcome::kEqual);
  // But not if callers may still give another value.
  EXPECT_EQ(
      Check(
          "g (float x, float d = {2}) => (s) { s = SequenceConstruct (x, d) }",
          R"(g (float x, float d = {2}) => (s) {
                       c = Constant <value = float {2}> ()
                       s = SequenceConstruct (x, c)
                     })")
          .outcome,
      Outcome::kDifferent);
}

}  // namespace
}  // namespace onnxopt
