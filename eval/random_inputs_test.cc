// SPDX-License-Identifier: Apache-2.0
#include "eval/random_inputs.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "eval/dense.h"
#include "eval/run_testing.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

using namespace eval_testing;  // NOLINT: the vocabulary of these tests

RandomInputs Make(std::string_view graph, uint64_t seed = 1, int attempt = 0,
                  bool override_defaults = false) {
  const auto model = ModelOf(graph);
  EXPECT_OK(model);
  if (!model.ok()) return {};
  RandomInputOptions options;
  options.seed = seed;
  options.attempt = attempt;
  options.override_defaults = override_defaults;
  const auto inputs = MakeRandomInputs(**model, options);
  EXPECT_OK(inputs);
  return inputs.value_or(RandomInputs());
}

std::vector<int64_t> Integers(const Datum& datum) {
  const auto values = eval::IntegersOf(*datum.tensor());
  EXPECT_OK(values);
  return values.value_or(std::vector<int64_t>());
}

constexpr char kTwoDims[] =
    "g (float[N,3] x, float[N,M] y) => (z) { z = Add (x, y) }";

TEST(RandomInputsTest, NamedDimsHaveOneSize) {
  std::set<int64_t> sizes;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const RandomInputs inputs = Make(kTwoDims, seed);
    const int64_t n = inputs.dims.at("N");
    const int64_t m = inputs.dims.at("M");
    EXPECT_EQ(inputs.data[0].tensor()->dims(), (TensorDims{n, 3}));
    EXPECT_EQ(inputs.data[1].tensor()->dims(), (TensorDims{n, m}));
    sizes.insert(n);
  }
  EXPECT_TRUE(sizes.contains(1));
  EXPECT_GE(sizes.size(), 4U);
}

TEST(RandomInputsTest, TheSeedDecides) {
  EXPECT_EQ(ToText(Make(kTwoDims, 3).data), ToText(Make(kTwoDims, 3).data));
  EXPECT_NE(ToText(Make(kTwoDims, 3).data), ToText(Make(kTwoDims, 4).data));
  // The same everywhere and for ever.
  EXPECT_EQ(ToText(Make("g (int64[4] x) => (x) {}", 1).data),
            "int64[4]{6, 4, 6, 5}");
}

TEST(RandomInputsTest, LaterAttemptsGiveAllDimsOneSize) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const RandomInputs inputs = Make(kTwoDims, seed, /*attempt=*/1);
    EXPECT_EQ(inputs.dims.at("N"), inputs.dims.at("M"));
  }
}

TEST(RandomInputsTest, FloatsAreModerate) {
  const Datum datum = Make("g (float[1000] x) => (y) { y = Relu (x) }").data[0];
  const auto values = eval::FloatsOf(*datum.tensor());
  ASSERT_OK(values);
  for (const double value : *values) EXPECT_LE(std::abs(value), 8);
  EXPECT_GT(std::count(values->begin(), values->end(), 0.0), 0);
}

TEST(RandomInputsTest, IndicesAreInRange) {
  // Through operators that pass elements on, and through a function.
  for (const char* graph :
       {R"(g (int64[100] x, float[3,7] w) => (y) { y = Gather (w, x) })",
        R"(g (int64[100] x, float[3,N] w) => (y) {
             a = Constant <value = int64[1] {0}> ()
             u = Unsqueeze (x, a)
             c = Cast <to = 6> (u)
             y = Gather (w, c)
           })",
        R"(g (int64[100] x) => (y) {
             w = Constant <value = float[3] {1, 2, 3}> ()
             y = f.G (w, x)
           }
           <domain: "f", opset_import: ["": 27]>
           G (d, i) => (y) { w = Constant <value = float[3] {1, 2, 3}> ()
                             y = Gather (w, i) })"}) {
    const std::vector<int64_t> values = Integers(Make(graph).data[0]);
    EXPECT_EQ(std::set<int64_t>(values.begin(), values.end()),
              (std::set<int64_t>{0, 1, 2}))
        << graph;
  }
}

TEST(RandomInputsTest, AllUsesCount) {
  const std::vector<int64_t> values =
      Integers(Make(R"(g (int64[100] x, float[9] a, float[2] b) => (y, z) {
                         y = Gather (a, x)
                         z = Gather (b, x)
                       })")
                   .data[0]);
  EXPECT_EQ(std::set<int64_t>(values.begin(), values.end()),
            (std::set<int64_t>{0, 1}));
}

TEST(RandomInputsTest, MasksAreZeroOrOne) {
  for (const char* graph : {"g (int64[100] x) => (y) { y = Cast <to = 9> (x) }",
                            R"(g (int32[100] x) => (y) {
             zero = Constant <value = int32 {0}> ()
             y = Equal (zero, x)
           })",
                            R"(g (int64[100] x) => (y) {
             one = Constant <value = float {1}> ()
             f = Cast <to = 1> (x)
             y = Sub (one, f)
           })",
                            R"(g (int64[100] attention_Mask) => (y) {
             y = Cast <to = 1> (attention_Mask)
           })"}) {
    const std::vector<int64_t> values = Integers(Make(graph).data[0]);
    EXPECT_EQ(std::set<int64_t>(values.begin(), values.end()),
              (std::set<int64_t>{0, 1}))
        << graph;
  }
  const std::vector<int64_t> values = Integers(
      Make("g (int64[100] x) => (y) { y = Cast <to = 1> (x) }").data[0]);
  EXPECT_GT(*std::max_element(values.begin(), values.end()), 1);
}

TEST(RandomInputsTest, ShapesAreShapes) {
  std::vector<int64_t> values =
      Integers(Make(R"(g (float[2,3] x, int64[3] s) => (y) {
                         y = Reshape (x, s)
                       })")
                   .data[1]);
  std::sort(values.begin(), values.end());
  EXPECT_EQ(values, (std::vector<int64_t>{-1, 1, 1}));
}

TEST(RandomInputsTest, QuantizedNumbersUseTheirRange) {
  const std::vector<int64_t> values =
      Integers(Make(R"(g (uint8[2000] x, float s) => (y) {
                         y = DequantizeLinear (x, s)
                       })")
                   .data[0]);
  EXPECT_LT(*std::min_element(values.begin(), values.end()), 10);
  EXPECT_GT(*std::max_element(values.begin(), values.end()), 245);
}

TEST(RandomInputsTest, DefaultsAreLeftOutOrReplaced) {
  constexpr char kGraph[] =
      "g (float x, float[2] w = {1, 2}) => (y) { y = Add (x, w) }";
  EXPECT_TRUE(Make(kGraph).data[1].IsAbsent());
  const RandomInputs replaced = Make(kGraph, 1, 0, true);
  ASSERT_TRUE(replaced.data[1].IsTensor());
  EXPECT_EQ(replaced.data[1].tensor()->TypeString(), "float[2]");
}

TEST(RandomInputsTest, GivenInputsDecideDims) {
  const auto model = ModelOf(kTwoDims);
  ASSERT_OK(model);
  RandomInputOptions options;
  options.given["y"] = Floats({2, 5}, std::vector<float>(10, 7));
  const auto inputs = MakeRandomInputs(**model, options);
  ASSERT_OK(inputs);
  EXPECT_EQ(inputs->data[0].tensor()->dims(), (TensorDims{2, 3}));
  EXPECT_EQ(ToText(inputs->data[1]), ToText(options.given["y"]));
  EXPECT_EQ(inputs->DimsText(), "M = 5, N = 2");
  options.dims["N"] = 3;
  EXPECT_EQ(MakeRandomInputs(**model, options).status().message(),
            "input 'y' is float[N,M], given is float[2,5], but N is 3 "
            "elsewhere");
  options.given["y"] = Floats({2}, {7, 7});
  EXPECT_EQ(MakeRandomInputs(**model, options).status().message(),
            "input 'y' is float[N,M], given is float[2]");
}

TEST(RandomInputsTest, NamesCanBeExpressionsOfOthers) {
  // As exporters name the dims of attention masks. Text has no such names.
  const auto model = ModelOf(
      "g (int64[A,SUM] m, float[A,P] x, float[S,PRODUCT] y, float[OTHER] z) "
      "=> (m, x, y, z) {}");
  ASSERT_OK(model);
  Graph& graph = *(*model)->graph();
  const auto set_type = [&](int input, std::string_view first,
                            std::string_view second) {
    Value* value = graph.inputs()[input];
    graph.SetType(value,
                  Type::Tensor(value->type()->element(),
                               Shape{Dim::Named(first), Dim::Named(second)}));
  };
  set_type(0, "A", "P + S-1");
  set_type(2, "S", "2*A*P");
  set_type(3, "A", "A + unknown");
  for (uint64_t seed = 0; seed < 20; ++seed) {
    RandomInputOptions options;
    options.seed = seed;
    const auto inputs = MakeRandomInputs(**model, options);
    ASSERT_OK(inputs);
    const auto& dims = inputs->dims;
    EXPECT_EQ(dims.at("P + S-1"), dims.at("P") + dims.at("S") - 1);
    EXPECT_EQ(dims.at("2*A*P"), 2 * dims.at("A") * dims.at("P"));
    EXPECT_EQ(inputs->data[0].tensor()->dims()[1], dims.at("P + S-1"));
    EXPECT_GT(dims.at("A + unknown"), 0);
  }
}

TEST(RandomInputsTest, AllOnes) {
  const auto model = ModelOf(kTwoDims);
  ASSERT_OK(model);
  RandomInputOptions options;
  options.all_ones = true;
  options.dims["M"] = 4;
  const auto inputs = MakeRandomInputs(**model, options);
  ASSERT_OK(inputs);
  EXPECT_EQ(inputs->DimsText(), "M = 4, N = 1");
}

TEST(RandomInputsTest, EdgeValues) {
  const auto model =
      ModelOf("g (float[1000] x, int8[1000] q) => (y) { y = Relu (x) }");
  ASSERT_OK(model);
  RandomInputOptions options;
  options.edge_values = true;
  bool has_nan = false, has_infinity = false, has_large = false;
  for (options.seed = 0; options.seed < 20; ++options.seed) {
    const auto inputs = MakeRandomInputs(**model, options);
    ASSERT_OK(inputs);
    const auto values = eval::FloatsOf(*inputs->data[0].tensor());
    ASSERT_OK(values);
    for (const double value : *values) {
      has_nan |= std::isnan(value);
      has_infinity |= std::isinf(value);
      has_large |= std::abs(value) > 1e38;
    }
    const std::vector<int64_t> integers = Integers(inputs->data[1]);
    EXPECT_TRUE(std::count(integers.begin(), integers.end(), -128) > 0);
    EXPECT_TRUE(std::count(integers.begin(), integers.end(), 127) > 0);
  }
  EXPECT_TRUE(has_nan && has_infinity && has_large);
}

TEST(RandomInputsTest, DrawnAgainUntilTheModelRuns) {
  // The window needs 32 elements; the first sizes are too small.
  const auto model = ModelOf(R"(g (float[1,1,N] x) => (y) {
                                  y = MaxPool <kernel_shape = [32]> (x)
                                })");
  ASSERT_OK(model);
  const auto accept = [](const std::vector<Datum>&) {
    return absl::OkStatus();
  };
  Redraws redraws;
  const auto run = RunOnRandomInputs(**model, {}, {}, accept, &redraws);
  ASSERT_OK(run);
  EXPECT_GE(run->inputs.dims.at("N"), 32);
  EXPECT_GT(redraws.failures, 0);
  EXPECT_FALSE(redraws.reason.ok());
  // The next draw begins with sizes that are accepted.
  const int failures = redraws.failures;
  RandomInputOptions other;
  other.seed = 9;
  ASSERT_OK(RunOnRandomInputs(**model, other, {}, accept, &redraws));
  EXPECT_LE(redraws.failures, failures + 2);
}

TEST(RandomInputsTest, NestedTypes) {
  std::set<bool> present;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const RandomInputs inputs = Make(
        R"(g (seq(float[N]) s, optional(int64[2]) o) => (n) {
             n = SequenceLength (s)
           })",
        seed);
    ASSERT_TRUE(inputs.data[0].IsSequence());
    for (const Datum& element : inputs.data[0].elements()) {
      EXPECT_EQ(element.tensor()->dims()[0], inputs.dims.at("N"));
    }
    ASSERT_TRUE(inputs.data[1].IsOptional());
    present.insert(!inputs.data[1].elements().empty());
  }
  EXPECT_EQ(present.size(), 2U);
}

}  // namespace
}  // namespace onnxopt
