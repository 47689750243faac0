// SPDX-License-Identifier: Apache-2.0
// Convolutions, pools, normalizations and recurrent layers against values
// computed by hand.
#include <cstdint>
#include <limits>
#include <vector>

#include "eval/eval_test_util.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace onnxopt {
namespace {

using testing::_;
using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;

std::vector<float> EvalFloats(std::string_view op,
                              const std::vector<TensorRef>& inputs,
                              const std::vector<Attribute>& attributes = {}) {
  const auto y = Eval(op, inputs, attributes);
  EXPECT_THAT(y, IsOk());
  return y.ok() ? ElementsOf<float>(*(*y)[0]) : std::vector<float>{};
}

const TensorRef kLine = Floats({1, 1, 4}, {1, 2, 3, 4});

TEST(Conv, AutoPadSplitsTheOddElement) {
  const TensorRef w = Floats({1, 1, 2}, {1, 10});
  EXPECT_THAT(EvalFloats("Conv", {kLine, w}), ElementsAre(21, 32, 43));
  EXPECT_THAT(
      EvalFloats("Conv", {kLine, w}, {StringOf("auto_pad", "SAME_UPPER")}),
      ElementsAre(21, 32, 43, 4));
  EXPECT_THAT(
      EvalFloats("Conv", {kLine, w}, {StringOf("auto_pad", "SAME_LOWER")}),
      ElementsAre(10, 21, 32, 43));
}

TEST(Conv, GroupsStridesDilationsBias) {
  // Two groups of one channel each; taps are two elements apart.
  const TensorRef x = Floats({1, 2, 5}, {1, 2, 3, 4, 5, 10, 20, 30, 40, 50});
  const TensorRef w = Floats({2, 1, 2}, {1, 1, 1, -1});
  EXPECT_THAT(EvalFloats("Conv", {x, w, Floats({2}, {100, 0})},
                         {IntOf("group", 2), IntsOf("dilations", {2}),
                          IntsOf("strides", {2})}),
              ElementsAre(104, 108, -20, -20));
}

TEST(Conv, PadsOfTwoAxes) {
  const TensorRef x = Floats({1, 1, 2, 2}, {1, 2, 3, 4});
  const TensorRef w = Floats({1, 1, 2, 2}, {1, 10, 100, 1000});
  // One row above and one column on the right.
  EXPECT_THAT(EvalFloats("Conv", {x, w}, {IntsOf("pads", {1, 0, 0, 1})}),
              ElementsAre(2100, 200, 4321, 402));
}

TEST(Conv, EmptyBatchAndWrongArguments) {
  const TensorRef w = Floats({1, 1, 2}, {1, 10});
  const auto empty = Eval("Conv", {Floats({0, 1, 4}, {}), w});
  ASSERT_THAT(empty, IsOk());
  EXPECT_EQ((*empty)[0]->dims(), (TensorDims{0, 1, 3}));
  const auto fails = [&](const std::vector<TensorRef>& inputs,
                         const std::vector<Attribute>& attributes) {
    EXPECT_THAT(Eval("Conv", inputs, attributes),
                StatusIs(absl::StatusCode::kInvalidArgument, _));
  };
  fails({kLine, w}, {IntOf("group", 0)});
  fails({kLine, w}, {IntOf("group", 3)});
  fails({kLine, w}, {IntsOf("strides", {0})});
  fails({kLine, w}, {IntsOf("strides", {1, 1})});
  fails({kLine, w}, {IntsOf("dilations", {int64_t{1} << 62})});
  fails({kLine, w}, {IntsOf("pads", {-1, 0})});
  fails({kLine, w}, {IntsOf("kernel_shape", {3})});
  fails({kLine, w}, {StringOf("auto_pad", "SAME")});
  fails({kLine, Floats({1, 1, 5}, {1, 1, 1, 1, 1})}, {});
  fails({kLine, Floats({1, 2, 1}, {1, 1})}, {});
  fails({Floats({4}, {1, 2, 3, 4}), w}, {});
  fails({kLine, w, Floats({2}, {1, 1})}, {});
}

TEST(Conv, HugePadsAreNotAllocated) {
  const TensorRef w = Floats({1, 1, 1, 1}, {1});
  const int64_t pad = int64_t{1} << 16;
  EXPECT_THAT(Eval("Conv", {Floats({1, 1, 1, 1}, {1}), w},
                   {IntsOf("pads", {pad, pad, pad, pad})}),
              StatusIs(absl::StatusCode::kResourceExhausted, _));
}

TEST(ConvTranspose, StridesAndOutputShape) {
  const TensorRef x = Floats({1, 1, 2}, {1, 2});
  const TensorRef w = Floats({1, 1, 3}, {1, 10, 100});
  EXPECT_THAT(EvalFloats("ConvTranspose", {x, w}, {IntsOf("strides", {2})}),
              ElementsAre(1, 10, 102, 20, 200));
  EXPECT_THAT(EvalFloats("ConvTranspose", {x, w},
                         {IntsOf("strides", {2}), IntsOf("pads", {1, 1})}),
              ElementsAre(10, 102, 20));
  EXPECT_THAT(EvalFloats("ConvTranspose", {x, w},
                         {IntsOf("strides", {2}), IntsOf("output_shape", {4})}),
              ElementsAre(10, 102, 20, 200));
  EXPECT_THAT(
      EvalFloats("ConvTranspose", {x, w},
                 {IntsOf("strides", {2}), StringOf("auto_pad", "SAME_UPPER")}),
      ElementsAre(1, 10, 102, 20));
  EXPECT_THAT(
      EvalFloats("ConvTranspose", {x, w},
                 {IntsOf("strides", {2}), IntsOf("output_padding", {1})}),
      ElementsAre(1, 10, 102, 20, 200, 0));
}

TEST(MaxPool, CeilModeIgnoresWindowsInThePadding) {
  const TensorRef x = Floats({1, 1, 3}, {1, 2, 3});
  const std::vector<Attribute> attributes = {IntsOf("kernel_shape", {2}),
                                             IntsOf("strides", {2}),
                                             IntOf("ceil_mode", 1)};
  EXPECT_THAT(EvalFloats("MaxPool", {x}, attributes), ElementsAre(2, 3));
  // With one element of padding a third window would begin in it.
  std::vector<Attribute> padded = attributes;
  padded.push_back(IntsOf("pads", {1, 1}));
  padded[0] = IntsOf("kernel_shape", {1});
  EXPECT_THAT(EvalFloats("MaxPool", {x}, padded),
              ElementsAre(-std::numeric_limits<float>::infinity(), 2));
}

TEST(MaxPool, IndicesInBothStorageOrders) {
  const TensorRef x = Floats({1, 2, 2, 2}, {1, 9, 2, 3, 4, 5, 8, 7});
  for (const int64_t order : {0, 1}) {
    const auto y = Eval(
        "MaxPool", {x},
        {IntsOf("kernel_shape", {2, 2}), IntOf("storage_order", order)}, 2);
    ASSERT_THAT(y, IsOk());
    EXPECT_THAT(ElementsOf<float>(*(*y)[0]), ElementsAre(9, 8));
    if (order == 0) {
      EXPECT_THAT(ElementsOf<int64_t>(*(*y)[1]), ElementsAre(1, 6));
    } else {
      EXPECT_THAT(ElementsOf<int64_t>(*(*y)[1]), ElementsAre(2, 5));
    }
  }
}

TEST(AveragePool, CountsPaddingButNotBeyondIt) {
  const std::vector<Attribute> attributes = {
      IntsOf("kernel_shape", {3}), IntsOf("strides", {2}),
      IntsOf("pads", {1, 1}), IntOf("ceil_mode", 1)};
  // Windows: pad 1 2 | 2 3 4 | 4 pad and beyond.
  EXPECT_THAT(EvalFloats("AveragePool", {kLine}, attributes),
              ElementsAre(1.5, 3, 4));
  std::vector<Attribute> counted = attributes;
  counted.push_back(IntOf("count_include_pad", 1));
  EXPECT_THAT(EvalFloats("AveragePool", {kLine}, counted),
              ElementsAre(1, 3, 2));
}

TEST(LpPool, EuclideanNorm) {
  EXPECT_THAT(EvalFloats("LpPool", {Floats({1, 1, 2}, {3, -4})},
                         {IntsOf("kernel_shape", {2})}),
              ElementsAre(5));
}

TEST(MaxUnpool, IndexOutOfRange) {
  const TensorRef x = Floats({1, 1, 1}, {1});
  const auto index = [](int64_t i) {
    return MakeTensor<int64_t>(ElementType::kInt64, {1, 1, 1}, {i});
  };
  const std::vector<Attribute> kernel = {IntsOf("kernel_shape", {2})};
  EXPECT_THAT(EvalFloats("MaxUnpool", {x, index(1)}, kernel),
              ElementsAre(0, 1));
  for (const int64_t i : {-1, 2}) {
    EXPECT_THAT(Eval("MaxUnpool", {x, index(i)}, kernel),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("out of range")));
  }
}

TEST(BatchNormalization, InferenceAndTraining) {
  const TensorRef x = Floats({2, 1, 1}, {1, 3});
  const TensorRef one = Floats({1}, {1});
  const TensorRef two = Floats({1}, {2});
  Attribute epsilon;
  epsilon.name = "epsilon";
  epsilon.kind = AttrKind::kFloat;
  epsilon.value = 0.0F;
  EXPECT_THAT(EvalFloats("BatchNormalization",
                         {x, two, one, one, Floats({1}, {4})}, {epsilon}),
              ElementsAre(1, 3));
  const auto y = Eval("BatchNormalization", {x, two, one, one, two},
                      {epsilon, IntOf("training_mode", 1)}, 3);
  ASSERT_THAT(y, IsOk());
  EXPECT_THAT(ElementsOf<float>(*(*y)[0]), ElementsAre(-1, 3));
  // 0.9 of the old ones and 0.1 of mean 2 and variance 1.
  EXPECT_THAT(ElementsOf<float>(*(*y)[1]), ElementsAre(FloatNear(1.1F, 1e-6F)));
  EXPECT_THAT(ElementsOf<float>(*(*y)[2]), ElementsAre(FloatNear(1.9F, 1e-6F)));
  EXPECT_THAT(
      Eval("BatchNormalization", {x, two, one, one, Floats({2}, {1, 1})}),
      StatusIs(absl::StatusCode::kInvalidArgument, _));
}

TEST(LayerNormalization, ThreeOutputs) {
  Attribute epsilon;
  epsilon.name = "epsilon";
  epsilon.kind = AttrKind::kFloat;
  epsilon.value = 0.0F;
  const auto y = Eval(
      "LayerNormalization",
      {Floats({2, 2}, {1, 3, 0, 8}), Floats({2}, {1, 2}), Floats({2}, {0, 1})},
      {epsilon}, 3);
  ASSERT_THAT(y, IsOk());
  EXPECT_THAT(ElementsOf<float>(*(*y)[0]), ElementsAre(-1, 3, -1, 3));
  EXPECT_THAT(ElementsOf<float>(*(*y)[1]), ElementsAre(2, 4));
  EXPECT_THAT(ElementsOf<float>(*(*y)[2]), ElementsAre(1, 0.25));
}

TEST(Lrn, EvenSizeReachesFurtherForward) {
  Attribute alpha;
  alpha.name = "alpha";
  alpha.kind = AttrKind::kFloat;
  alpha.value = 2.0F;
  Attribute beta = alpha;
  beta.name = "beta";
  beta.value = 1.0F;
  // 1 / (1 + (1 + 4)), 2 / (1 + 4).
  const std::vector<float> y = EvalFloats("LRN", {Floats({1, 2, 1}, {1, 2})},
                                          {IntOf("size", 2), alpha, beta});
  EXPECT_THAT(y,
              ElementsAre(FloatNear(1 / 6.0F, 1e-6F), FloatNear(0.4F, 1e-6F)));
}

TEST(Rnn, SequenceLengthsInReverse) {
  // h = relu(x + h): sums from the end of each sequence.
  Attribute relu;
  relu.name = "activations";
  relu.kind = AttrKind::kStrings;
  relu.value = std::vector<std::string_view>{"Relu"};
  const auto y = Eval(
      "RNN",
      {Floats({3, 2, 1}, {1, 10, 2, 20, 3, 30}), Floats({1, 1, 1}, {1}),
       Floats({1, 1, 1}, {1}), nullptr,
       MakeTensor<int32_t>(ElementType::kInt32, {2}, {3, 2})},
      {IntOf("hidden_size", 1), StringOf("direction", "reverse"), relu}, 2);
  ASSERT_THAT(y, IsOk());
  EXPECT_THAT(ElementsOf<float>(*(*y)[0]), ElementsAre(6, 30, 5, 20, 3, 0));
  EXPECT_THAT(ElementsOf<float>(*(*y)[1]), ElementsAre(6, 30));
}

TEST(Lstm, WrongShapes) {
  const TensorRef x = Floats({1, 1, 1}, {1});
  EXPECT_THAT(Eval("LSTM", {x, Floats({1, 4, 1}, {1, 1, 1, 1}),
                            Floats({1, 3, 1}, {1, 1, 1})}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("R ")));
}

}  // namespace
}  // namespace onnxopt
