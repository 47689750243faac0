// SPDX-License-Identifier: Apache-2.0
#include "eval/interpreter.h"

#include "eval/run_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

using namespace eval_testing;  // NOLINT: the vocabulary of these tests
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The outputs as text, or the message of the error.
std::string ResultOf(std::string_view graph, std::vector<Datum> inputs,
                     const RunOptions& options = {}) {
  absl::StatusOr<std::unique_ptr<Model>> model = ModelOf(graph);
  if (!model.ok()) return model.status().ToString();
  absl::StatusOr<std::vector<Datum>> outputs =
      RunGraph(**model, inputs, options);
  return outputs.ok() ? ToText(*outputs) : outputs.status().ToString();
}

TEST(InterpreterTest, Sequences) {
  EXPECT_EQ(
      ResultOf(R"(g (float[2] x, float[1] y) => (s, n, first, last, rest) {
                     i = Constant <value = int64 {0}> ()
                     two = SequenceConstruct (x, x)
                     s = SequenceInsert (two, y, i)
                     n = SequenceLength (s)
                     first = SequenceAt (s, i)
                     m = Constant <value = int64 {-1}> ()
                     last = SequenceAt (s, m)
                     rest = SequenceErase (s, i)
                   })",
               {Floats({2}, {1, 2}), Floats({1}, {3})}),
      "[float[1]{3}, float[2]{1, 2}, float[2]{1, 2}], int64[]{3}, "
      "float[1]{3}, float[2]{1, 2}, [float[2]{1, 2}, float[2]{1, 2}]");
}

TEST(InterpreterTest, EmptySequencesGrowAtTheEndAndShrinkThere) {
  EXPECT_EQ(ResultOf(R"(g (float x, float y) => (b, c) {
                     e = SequenceEmpty ()
                     a = SequenceInsert (e, x)
                     b = SequenceInsert (a, y)
                     c = SequenceErase (b)
                   })",
                     {Floats({}, {1}), Floats({}, {2})}),
            "[float[]{1}, float[]{2}], [float[]{1}]");
}

TEST(InterpreterTest, PositionsOutsideASequenceAreErrors) {
  EXPECT_THAT(ResultOf(R"(g (float x, int64 i) => (y) {
                       s = SequenceConstruct (x, x)
                       [at] y = SequenceAt (s, i)
                     })",
                       {Floats({}, {1}), Int64s({}, {2})}),
              HasSubstr("node 'at' (SequenceAt): position 2"));
}

TEST(InterpreterTest, SplitAndConcat) {
  constexpr char kGraph[] = R"(g (float[2,3] x) => (a, b, c, d) {
      two = Constant <value = int64 {2}> ()
      parts = Constant <value = int64[2] {1, 2}> ()
      a = SplitToSequence <axis = 1> (x, two)
      b = SplitToSequence <axis = -1> (x, parts)
      c = SplitToSequence <axis = 0, keepdims = 0> (x)
      d = ConcatFromSequence <axis = 1> (a)
    })";
  EXPECT_EQ(ResultOf(kGraph, {Floats({2, 3}, {1, 2, 3, 4, 5, 6})}),
            "[float[2,2]{1, 2, 4, 5}, float[2,1]{3, 6}], "
            "[float[2,1]{1, 4}, float[2,2]{2, 3, 5, 6}], "
            "[float[3]{1, 2, 3}, float[3]{4, 5, 6}], "
            "float[2,3]{1, 2, 3, 4, 5, 6}");
  EXPECT_EQ(ResultOf(R"(g (float[2] x, float[2] y) => (a, b) {
                     s = SequenceConstruct (x, y)
                     a = ConcatFromSequence <axis = 0, new_axis = 1> (s)
                     b = ConcatFromSequence <axis = -1, new_axis = 1> (s)
                   })",
                     {Floats({2}, {1, 2}), Floats({2}, {3, 4})}),
            "float[2,2]{1, 2, 3, 4}, float[2,2]{1, 3, 2, 4}");
  EXPECT_THAT(ResultOf(R"(g (float[3] x, int64[2] n) => (a) {
                       a = SplitToSequence (x, n)
                     })",
                       {Floats({3}, {1, 2, 3}), Int64s({2}, {1, 1})}),
              HasSubstr("do not add up to 3"));
}

TEST(InterpreterTest, NarrowElementsAndStringsCanBeSplit) {
  EXPECT_EQ(ResultOf(R"(g (string[2] t) => (a, b) {
                     c = Constant <value = int4[3] {1, -2, 3}> ()
                     a = SplitToSequence <keepdims = 0> (c)
                     b = SplitToSequence (t)
                   })",
                     {Strings({2}, {"p", "q"})}),
            "[int4[]{1}, int4[]{-2}, int4[]{3}], [string[1]{p}, string[1]{q}]");
}

TEST(InterpreterTest, Optionals) {
  constexpr char kGraph[] = R"(g (optional(float) o) => (h, e, t, n) {
      h = OptionalHasElement (o)
      n = OptionalHasElement ()
      y = If (h) <
        then_branch = a () => (float u) { u = OptionalGetElement (o) },
        else_branch = b () => (float v) { v = Constant <value_float = 7.0> () }>
      e = Optional (y)
      t = Optional <type = float> ()
    })";
  EXPECT_EQ(ResultOf(kGraph, {Datum::Optional(Floats({}, {2}))}),
            "bool[]{1}, some(float[]{2}), none, bool[]{0}");
  EXPECT_EQ(ResultOf(kGraph, {Datum::EmptyOptional()}),
            "bool[]{0}, some(float[]{7}), none, bool[]{0}");
  EXPECT_THAT(
      ResultOf("g (optional(float) o) => (y) { y = OptionalGetElement (o) }",
               {Datum::EmptyOptional()}),
      HasSubstr("the optional is empty"));
}

TEST(InterpreterTest, LoopCarriesAndGathers) {
  constexpr char kGraph[] =
      R"(g (int64 n, bool c, float[2] x) => (s, scan, last) {
           e = SequenceEmpty ()
           s, last, scan = Loop (n, c, e, c) <
             body = b (int64 i, bool go, seq(float[2]) in, bool before)
                 => (bool again, seq(float[2]) out, bool go2, int64 j) {
               out = SequenceInsert (in, x)
               j = SequenceLength (in)
               two = Constant <value = int64 {2}> ()
               again = OptionalHasElement (x)
               go2 = OptionalHasElement ()
             }>
         })";
  EXPECT_EQ(
      ResultOf(kGraph, {Int64s({}, {2}), Bool(true), Floats({2}, {1, 2})}),
      "[float[2]{1, 2}, float[2]{1, 2}], int64[2]{0, 1}, bool[]{0}");
  EXPECT_EQ(
      ResultOf(kGraph, {Int64s({}, {2}), Bool(false), Floats({2}, {1, 2})}),
      "[], int64[0]{}, bool[]{0}");
  EXPECT_EQ(
      ResultOf(kGraph, {Int64s({}, {0}), Bool(true), Floats({2}, {1, 2})}),
      "[], int64[0]{}, bool[]{1}");
}

TEST(InterpreterTest, LoopEndsWhenItsBodySaysSo) {
  constexpr char kGraph[] = R"(g (bool c) => (scan) {
      scan = Loop (, c) <
        body = b (int64 i, bool go) => (bool again, bool go) {
          again = OptionalHasElement ()
        }>
    })";
  EXPECT_EQ(ResultOf(kGraph, {Bool(true)}), "bool[1]{1}");
}

TEST(InterpreterTest, EndlessLoopsEndWithAnError) {
  constexpr char kGraph[] = R"(g (float x) => (y) {
      y = Loop (,, x) <
        body = b (int64 i, bool go, float a) => (bool go, float a) { }>
    })";
  RunOptions options;
  options.max_steps = 1000;
  EXPECT_THAT(ResultOf(kGraph, {Floats({}, {1})}, options),
              HasSubstr("(Loop): no end after 1000 steps"));
}

TEST(InterpreterTest, LoopsWhoseConditionIsIgnoredOrNotAreRefused) {
  EXPECT_THAT(ResultOf(R"(g (int64 n, float x) => (y) {
                       y = Loop (n,, x) <
                         body = b (int64 i, bool go, float a)
                             => (bool again, float a) {
                           again = OptionalHasElement ()
                         }>
                     })",
                       {Int64s({}, {3}), Floats({}, {1})}),
              HasSubstr("has no condition"));
}

TEST(InterpreterTest, MemoryIsLimited) {
  RunOptions options;
  options.max_bytes = 100;
  EXPECT_THAT(ResultOf(R"(g (float[10] x) => (n) {
                       s = SequenceConstruct (x, x)
                       n = SequenceLength (s)
                     })",
                       {Floats({10}, std::vector<float>(10))}, options),
              HasSubstr("more than 100 bytes"));
}

TEST(InterpreterTest, ValuesAreFreedAfterTheirLastUse) {
  RunOptions options;
  options.max_bytes = 100;
  // Each sequence has 40 bytes, and so has x.
  EXPECT_EQ(ResultOf(R"(g (float[10] x) => (n) {
                     a = SequenceConstruct (x)
                     na = SequenceLength (a)
                     b = SequenceConstruct (x)
                     nb = SequenceLength (b)
                     c = SequenceConstruct (x)
                     n = SequenceLength (c)
                   })",
                     {Floats({10}, std::vector<float>(10))}, options),
            "int64[]{1}");
}

TEST(InterpreterTest, ScanAlongAxesBothWays) {
  EXPECT_EQ(ResultOf(R"(g (float[2,3] x, int64 k) => (s, y, z) {
               s, y, z = Scan (k, x) <num_scan_inputs = 1,
                   scan_input_axes = [1], scan_input_directions = [1],
                   scan_output_axes = [-1, 0],
                   scan_output_directions = [0, 1],
                   body = b (int64 i, float[2] e)
                       => (int64 i, float[2] e, int64 j) {
                     q = SequenceConstruct (e)
                     j = SequenceLength (q)
                   }>
             })",
                     {Floats({2, 3}, {1, 2, 3, 4, 5, 6}), Int64s({}, {7})}),
            "int64[]{7}, float[2,3]{3, 2, 1, 6, 5, 4}, int64[3]{1, 1, 1}");
}

TEST(InterpreterTest, SequenceMap) {
  EXPECT_EQ(ResultOf(R"(g (float[1] x, float[2] y) => (a, b) {
                     s = SequenceConstruct (x, y)
                     a, b = SequenceMap (s, y) <
                       body = m (float[] e, float[2] f) => (float[] e, int64 n) {
                         q = SequenceConstruct (e, f)
                         n = SequenceLength (q)
                       }>
                   })",
                     {Floats({1}, {1}), Floats({2}, {2, 3})}),
            "[float[1]{1}, float[2]{2, 3}], [int64[]{2}, int64[]{2}]");
}

TEST(InterpreterTest, FunctionsResolveAttributes) {
  constexpr char kModel[] = R"(g (float x) => (a, b, c) {
      a = f.K <v = 5> ()
      b = f.Outer <w = 6> ()
      c = f.K ()
    }
    <domain: "f", opset_import: ["": 27]>
    K <v: int = 3> () => (y) { y = Constant <value_int: int = @v> () }
    <domain: "f", opset_import: ["": 27, "f": 1]>
    Outer <w> () => (y) { y = f.K <v: int = @w> () })";
  EXPECT_EQ(ResultOf(kModel, {Floats({}, {1})}),
            "int64[]{5}, int64[]{6}, int64[]{3}");
}

TEST(InterpreterTest, InputsAreChecked) {
  constexpr char kGraph[] = R"(g (float[N,2] x, float d = {4}) => (s) {
      s = SequenceConstruct (x, d)
    })";
  EXPECT_EQ(ResultOf(kGraph, {Floats({1, 2}, {1, 2}), Datum()}),
            "[float[1,2]{1, 2}, float[]{4}]");
  EXPECT_EQ(ResultOf(kGraph, {Floats({1, 2}, {1, 2}), Floats({}, {5})}),
            "[float[1,2]{1, 2}, float[]{5}]");
  EXPECT_THAT(ResultOf(kGraph, {Floats({2, 1}, {1, 2})}),
              HasSubstr("input 'x' is float[N,2], given is float[2,1]"));
  EXPECT_THAT(ResultOf(kGraph, {Int64s({1, 2}, {1, 2})}),
              HasSubstr("given is"));
  EXPECT_THAT(ResultOf(kGraph, {}), HasSubstr("given is nothing"));
}

TEST(InterpreterTest, ReportsWhatIsNotSupported) {
  constexpr char kGraph[] = R"(g (float x) => (y) {
      [foreign] a = other.Op (x)
      b = other.Op (a)
      s = SequenceConstruct (b)
      y = f.K (b)
    }
    <domain: "f", opset_import: ["": 27, "g": 1]>
    K (x) => (y) { y = g.Z (x) })";
  EXPECT_THAT(ResultOf(kGraph, {Floats({}, {1})}),
              HasSubstr("node 'foreign' (other.Op): other.Op"));
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Model> model, ModelOf(kGraph));
  EXPECT_THAT(Unsupported(*model), ElementsAre("g.Z (1)", "other.Op (2)"));
}

TEST(InterpreterTest, TheHookSeesValues) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Model> model,
                       ModelOf(R"(g (float x) => (n) {
                                    s = SequenceConstruct (x)
                                    n = SequenceLength (s)
                                  })"));
  std::string seen;
  RunOptions options;
  options.on_value = [&seen](const Value& value, const Datum& datum) {
    seen += std::string(value.name()) + "=" + ToText(datum) + ";";
    return absl::OkStatus();
  };
  EXPECT_OK(RunGraph(*model, std::vector<Datum>{Floats({}, {1})}, options));
  EXPECT_EQ(seen, "s=[float[]{1}];n=int64[]{1};");
}

TEST(InterpreterTest, DropoutThatDropsNothing) {
  constexpr char kGraph[] = R"(g (float[2] x, float r, bool t) => (y, m, z) {
      y, m = Dropout (x, r, t)
      z = Dropout (x)
    })";
  const Datum x = Floats({2}, {1, -2});
  constexpr char kKept[] = "float[2]{1, -2}, bool[2]{1, 1}, float[2]{1, -2}";
  EXPECT_EQ(ResultOf(kGraph, {x, Floats({}, {0.5}), Bool(false)}), kKept);
  EXPECT_EQ(ResultOf(kGraph, {x, Floats({}, {0}), Bool(true)}), kKept);
  EXPECT_THAT(ResultOf(kGraph, {x, Floats({}, {0.5}), Bool(true)}),
              HasSubstr("UNIMPLEMENTED"));
}

TEST(InterpreterTest, InputsByName) {
  ASSERT_OK_AND_ASSIGN(
      const std::unique_ptr<Model> model,
      ModelOf("g (float x, float y) => (s) { s = SequenceConstruct (x, y) }"));
  ASSERT_OK_AND_ASSIGN(const std::vector<Datum> data,
                       InputsByName(*model, {{"y", Floats({}, {2})}}));
  EXPECT_EQ(ToText(data), "nothing, float[]{2}");
  EXPECT_FALSE(InputsByName(*model, {{"z", Datum()}}).ok());
}

}  // namespace
}  // namespace onnxopt
