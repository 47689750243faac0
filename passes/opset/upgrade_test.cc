// SPDX-License-Identifier: Apache-2.0
// Expectations are from ONNX's operator changelog.
#include "passes/opset/upgrade.h"

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "fmt/core.h"
#include "frontend/reader.h"
#include "frontend/text_parser.h"
#include "frontend/writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/verifier.h"
#include "passes/testing.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

absl::StatusOr<std::unique_ptr<Model>> Read(std::string_view text) {
  ASSIGN_OR_RETURN(std::string bytes, ParseModelText(text));
  Diagnostics diagnostics;
  return ReadModelProto(OwnBytes(std::move(bytes)), {}, &diagnostics);
}

// `nodes` in a graph with inputs of many types.
std::string ModelText(int64_t opset, std::string_view nodes) {
  return fmt::format(
      "<ir_version: 10, opset_import: [\"\" : {}]>\n"
      "g (float[2,3,4] x, float16[2,3,4] h, double[2,3,4] d, int64[2] i,\n"
      "   float[2,3,1] e, float[1,1,4,4] img, float[] u, int32[2,3,4] n,\n"
      "   bfloat16[2,3,4] b, float s, uint8 zero, float[3] c)\n"
      "  => (y) {{ {} }}",
      opset, nodes);
}

template <typename T>
std::string Elements(std::string_view bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!bytes.empty()) {
    std::memcpy(values.data(), bytes.data(), bytes.size());
  }
  return absl::StrJoin(values, ",");
}

std::string InputText(const Value* value) {
  if (value == nullptr) return "_";
  if (!value->IsConstant()) return std::string(value->name());
  const Tensor& tensor = *value->tensor();
  const std::string_view bytes = *tensor.bytes();
  std::string elements;
  switch (tensor.type()) {
    case ElementType::kInt64:
      elements = Elements<int64_t>(bytes);
      break;
    case ElementType::kFloat:
      elements = Elements<float>(bytes);
      break;
    case ElementType::kDouble:
      elements = Elements<double>(bytes);
      break;
    case ElementType::kFloat16:
      elements = Elements<uint16_t>(bytes);
      break;
    default:
      elements = "?";
  }
  return fmt::format("{}{{{}}}", tensor.TypeString(), elements);
}

std::string ValueText(const Attribute& attribute) {
  if (const auto* i = std::get_if<int64_t>(&attribute.value)) {
    return fmt::format("{}", *i);
  }
  if (const auto* f = std::get_if<float>(&attribute.value)) {
    return fmt::format("{}", *f);
  }
  if (const auto* s = std::get_if<std::string_view>(&attribute.value)) {
    return std::string(*s);
  }
  if (const auto* all = std::get_if<std::vector<int64_t>>(&attribute.value)) {
    return fmt::format("[{}]", absl::StrJoin(*all, ","));
  }
  if (const auto* all = std::get_if<std::vector<float>>(&attribute.value)) {
    return fmt::format("[{}]", absl::StrJoin(*all, ","));
  }
  return "?";
}

// "Squeeze(x, int64[1]{0}) keepdims=1"
std::string NodeText(const Node& node) {
  std::vector<std::string> inputs;
  for (const Value* input : node.inputs()) inputs.push_back(InputText(input));
  std::string text =
      fmt::format("{}({})", node.op().name(), absl::StrJoin(inputs, ", "));
  for (const Attribute& attribute : node.attributes()) {
    text += fmt::format(" {}={}", attribute.name, ValueText(attribute));
  }
  return text;
}

const Node& LastNode(const Model& model) {
  return model.graph()->nodes().back();
}

// The bytes of the model as read, and after Upgrade and Legalize.
void ExpectComesBack(const std::string& text) {
  ASSERT_OK_AND_ASSIGN(const auto plain, Read(text));
  ASSERT_OK_AND_ASSIGN(const std::string before, SerializeModel(*plain));
  ASSERT_OK_AND_ASSIGN(const auto model, Read(text));
  const Target own;
  ASSERT_OK(Upgrade(*model, &own, nullptr));
  EXPECT_OK(Verify(*model));
  EXPECT_EQ(model->state(), ModelState::kCanonical);
  ASSERT_OK(Legalize(*model, own, nullptr));
  EXPECT_OK(Verify(*model));
  EXPECT_EQ(model->state(), ModelState::kLegalized);
  ASSERT_OK_AND_ASSIGN(const std::string after, SerializeModel(*model));
  EXPECT_EQ(after, before);
}

struct UpCase {
  int64_t opset;
  std::string_view node;
  // In canonical form, or, after a '!', why it stays.
  std::string_view expected;
};

void PrintTo(const UpCase& test, std::ostream* os) {
  *os << test.opset << ": " << test.node;
}

class UpTest : public testing::TestWithParam<UpCase> {};

TEST_P(UpTest, Lifts) {
  const std::string text = ModelText(GetParam().opset, GetParam().node);
  ASSERT_OK_AND_ASSIGN(const auto model, Read(text));
  Diagnostics diagnostics(/*wants_remarks=*/true);
  const Target own;
  ASSERT_OK(Upgrade(*model, &own, &diagnostics));
  std::string_view expected = GetParam().expected;
  const Node& node = LastNode(*model);
  if (expected.starts_with('!')) {
    expected.remove_prefix(1);
    EXPECT_FALSE(node.op().is_canonical());
    ASSERT_EQ(diagnostics.all().size(), 1u);
    EXPECT_EQ(diagnostics.all()[0].pass, "upgrade");
    EXPECT_THAT(diagnostics.all()[0].message, HasSubstr(expected));
  } else {
    EXPECT_TRUE(node.op().is_canonical());
    EXPECT_EQ(NodeText(node), expected);
    EXPECT_THAT(diagnostics.all(), IsEmpty());
    EXPECT_EQ(Target().WhyNot(node), "");
  }
  ExpectComesBack(text);
}

constexpr UpCase kUpCases[] = {
    // Wider types only.
    {7, "y = Add(x, x)", "Add(x, x)"},
    // Attributes become inputs.
    {11, "y = Squeeze<axes = [0]>(x)", "Squeeze(x, int64[1]{0})"},
    {11, "y = Squeeze(x)", "Squeeze(x)"},
    {12, "y = Unsqueeze<axes = [0, 1]>(x)", "Unsqueeze(x, int64[2]{0,1})"},
    {9, "y = Slice<starts = [0], ends = [2]>(x)",
     "Slice(x, int64[1]{0}, int64[1]{2})"},
    {9, "y = Slice<axes = [1], starts = [0], ends = [2]>(x)",
     "Slice(x, int64[1]{0}, int64[1]{2}, int64[1]{1})"},
    {9, "y, j = TopK<k = 2>(x)", "TopK(x, int64[1]{2})"},
    {12, "y = ReduceSum<axes = [1], keepdims = 0>(x)",
     "ReduceSum(x, int64[1]{1}) keepdims=0"},
    {17, "y = ReduceMax<axes = [1]>(x)", "ReduceMax(x, int64[1]{1})"},
    {13, "y = ReduceSum(x, i)", "ReduceSum(x, i)"},
    {10, "y = Clip<min = 0.0, max = 6.0>(x)",
     "Clip(x, float[]{0}, float[]{6})"},
    {10, "y = Clip<max = 6.0>(d)", "Clip(d, _, double[]{6})"},
    // 0x4600 is 6 in half precision.
    {10, "y = Clip<max = 6.0>(h)", "Clip(h, _, float16[]{17920})"},
    {10, "y = Clip(x)", "Clip(x)"},
    {10, "y = Pad<pads = [0,0,1,0,0,1], value = 1.0>(h)",
     "Pad(h, int64[6]{0,0,1,0,0,1}, float16[]{15360})"},
    {10, "y = Pad<pads = [0,0,1,0,0,1], value = 0.0>(x)",
     "Pad(x, int64[6]{0,0,1,0,0,1})"},
    {10, "y = Pad<mode = \"edge\", pads = [0,0,1,0,0,1], value = 1.0>(x)",
     "Pad(x, int64[6]{0,0,1,0,0,1}) mode=edge"},
    {19, "y = DFT<axis = 1>(x)", "DFT(x, _, int64[]{1})"},
    {19, "y = DFT(x)", "DFT(x, _, int64[]{1})"},
    {11, "y = Dropout<ratio = 0.25>(x)", "Dropout(x, float[]{0.25})"},
    {11, "y = Dropout(x)", "Dropout(x)"},
    {9, "m, y = Dropout(x)", "!its mask has another type"},
    {9, "y, m = Dropout(x)", "Dropout(x)"},
    {12, "y, w = Split<axis = 1, split = [1, 2]>(x)",
     "Split(x, int64[2]{1,2}) axis=1"},
    {12, "y, w = Split(x)", "Split(x) num_outputs=2"},
    {17, "y, w = Split(x, i)", "Split(x, i)"},
    // Defaults and meanings that changed.
    {11, "y = Softmax<axis = 2>(x)", "Softmax(x) axis=2"},
    {11, "y = Softmax<axis = -1>(u)", "Softmax(u) axis=-1"},
    {11, "y = Softmax(e)", "Softmax(e) axis=1"},
    {11, "y = Softmax(x)", "!several axes at once"},
    {11, "y = LogSoftmax<axis = 2>(u)", "!its rank is not known"},
    {12, "y = Hardmax(x)", "!several axes at once"},
    {13, "y = Softmax(x)", "Softmax(x)"},
    {16, "y = GridSample(img, img)", "GridSample(img, img) mode=linear"},
    {16, "y = GridSample<mode = \"bicubic\">(img, img)",
     "GridSample(img, img) mode=cubic"},
    {15, "y = RoiAlign(img, x, i)",
     "RoiAlign(img, x, i) coordinate_transformation_mode=output_half_pixel"},
    {8, "y = BatchNormalization<spatial = 1>(x, c, c, c, c)",
     "BatchNormalization(x, c, c, c, c)"},
    {8, "y = BatchNormalization<spatial = 0>(x, c, c, c, c)",
     "!its attribute 'spatial' is not 1"},
    {9, "y, a, v = BatchNormalization(x, c, c, c, c)", "!training mode"},
    // Resize and its predecessor.
    {10,
     "k = Constant<value = float[4] {1,1,2,2}>()\n"
     "y = Resize<mode = \"linear\">(img, k)",
     "Resize(img, _, float[4]{1,1,2,2}) mode=linear "
     "coordinate_transformation_mode=asymmetric"},
    {10, "k = Constant<value = float[4] {1,1,2,2}>()\n y = Resize(img, k)",
     "Resize(img, _, float[4]{1,1,2,2}) nearest_mode=floor "
     "coordinate_transformation_mode=asymmetric"},
    {10, "k = Constant<value = float[4] {1,1,0.5,0.5}>()\n y = Resize(img, k)",
     "Resize(img, _, float[4]{1,1,0.5,0.5}) nearest_mode=ceil "
     "coordinate_transformation_mode=asymmetric"},
    {10, "k = Constant<value = float[4] {1,1,2,0.5}>()\n y = Resize(img, k)",
     "!how it rounds"},
    {7, "y = Upsample<scales = [1.0, 1.0, 2.0, 2.0]>(img)",
     "Resize(img, _, float[4]{1,1,2,2}) nearest_mode=floor "
     "coordinate_transformation_mode=asymmetric"},
    {9, "y = Upsample<mode = \"linear\">(img, c)",
     "Resize(img, _, c) mode=linear "
     "coordinate_transformation_mode=asymmetric"},
    {11,
     "r = Constant<value = float[0] {}>()\n"
     "y = Resize<coordinate_transformation_mode = \"tf_half_pixel_for_nn\">"
     "(img, r, r, i)",
     "Resize(img, float[0]{}, float[0]{}, i) "
     "coordinate_transformation_mode=half_pixel nearest_mode=ceil"},
    {11, "y = Resize(img, u, u, i)", "!both scales and sizes"},
    // Others.
    {10, "y = OneHot(i, i, c)", "!its indices may be negative"},
    {10, "t = ArgMax(x)\n y = OneHot(t, i, c)", "OneHot(t, i, c)"},
    {10, "y = Scatter(x, n, x)", "ScatterElements(x, n, x)"},
    {7, "y = ConvTranspose(x, x)", "ConvTranspose(x, x)"},
    {7, "y = ConvTranspose<auto_pad = \"SAME_UPPER\">(x, x)",
     "!where its pads go"},
    {12, "y = Erf(x)", "Erf(x)"},
    {12, "y = Erf(n)", "!may not have int32"},
    {12, "y = MaxPool<kernel_shape = [2], ceil_mode = 1>(x)",
     "MaxPool(x) kernel_shape=[2] ceil_mode=1"},
    {9, "y = AveragePool<kernel_shape = [2], ceil_mode = 1>(x)",
     "!'ceil_mode' is newer than its version"},
    {22, "y = Cast<to = 18>(x)", "!infinity"},
    {22, "y = Cast<to = 17>(x)", "Cast(x) to=17"},
    {7, "y = Sum(x, u)", "Sum(x, u)"},
    {6, "y = Relu(x)", "Relu(x)"},
    {5, "y = Relu<consumed_inputs = [0]>(x)", "Relu(x)"},
    {6, "y = Add<broadcast = 1, axis = 0>(x, c)", "!needs other dims"},
    {15, "y = Frobnicate(x)", "!not known"},
};

INSTANTIATE_TEST_SUITE_P(Steps, UpTest, testing::ValuesIn(kUpCases));

struct DownCase {
  int64_t opset;
  // At the canonical opset.
  std::string_view node;
  // At `opset`, or, after a '!', what WhyNot says; after '~' too, but several
  // nodes can say it.
  std::string_view expected;
};

void PrintTo(const DownCase& test, std::ostream* os) {
  *os << test.opset << ": " << test.node;
}

class DownTest : public testing::TestWithParam<DownCase> {};

TEST_P(DownTest, Lowers) {
  ASSERT_OK_AND_ASSIGN(const auto model,
                       Read(ModelText(kCanonicalOpset, GetParam().node)));
  ASSERT_OK(Upgrade(*model, /*target=*/nullptr, nullptr));
  const Target target({.onnx = GetParam().opset});
  std::string_view expected = GetParam().expected;
  const Node& node = LastNode(*model);
  const uint64_t epoch = model->epoch();
  const std::string why_not = target.WhyNot(node);
  const std::string described = node.Describe();
  EXPECT_EQ(model->epoch(), epoch);
  const absl::Status status = Legalize(*model, target, nullptr);
  if (expected.starts_with('~')) {
    EXPECT_EQ(why_not, expected.substr(1));
    EXPECT_OK(status);
    return;
  }
  if (expected.starts_with('!')) {
    expected.remove_prefix(1);
    EXPECT_EQ(why_not, expected);
    // What may follow is why others cannot say it.
    EXPECT_THAT(
        std::string(status.message()),
        testing::StartsWith(fmt::format("{}: {}", described, expected)));
    return;
  }
  EXPECT_EQ(why_not, "");
  ASSERT_OK(status);
  EXPECT_OK(Verify(*model));
  EXPECT_THAT(CheckSchemas(*model), IsEmpty());
  EXPECT_EQ(model->opset_imports()[0].version, GetParam().opset);
  EXPECT_EQ(NodeText(node), expected);
}

constexpr DownCase kDownCases[] = {
    {7, "y = Add(x, x)", "Add(x, x)"},
    {13, "y = Add(b, b)", "Add(b, b)"},
    {12, "y = Add(b, b)",
     "!opset 13 is needed for Add with bfloat16 as input 'A'"},
    {12, "k = Constant<value = int64[1] {0}>()\n y = Squeeze(x, k)",
     "Squeeze(x) axes=[0]"},
    {9, "k = Constant<value = int64[1] {-3}>()\n y = Squeeze(x, k)",
     "Squeeze(x) axes=[0]"},
    {9, "k = Constant<value = int64[1] {-1}>()\n y = Unsqueeze(x, k)",
     "Unsqueeze(x) axes=[3]"},
    {9, "k = Constant<value = int64[1] {-1}>()\n y = Unsqueeze(u, k)",
     "!opset 11 is needed for Unsqueeze with a negative axis of an unknown "
     "rank"},
    {12, "y = Squeeze(x, i)",
     "!opset 13 is needed for Squeeze with axes that are not a suitable "
     "constant"},
    {17, "k = Constant<value = int64[1] {1}>()\n y = ReduceMax(x, k)",
     "ReduceMax(x) axes=[1]"},
    {17, "y = ReduceMax<noop_with_empty_axes = 1>(x)",
     "~opset 18 is needed for ReduceMax with noop_with_empty_axes"},
    {17, "y = ReduceMax<noop_with_empty_axes = 0>(x)", "ReduceMax(x)"},
    {9,
     "k = Constant<value = int64[1] {1}>()\n"
     "m = Constant<value = int64[1] {-1}>()\n y = Slice(x, k, k, m, k)",
     "Slice(x) starts=[1] ends=[1] axes=[2]"},
    {9, "k = Constant<value = int64[1] {2}>()\n y = Slice(x, k, k, k, k)",
     "~opset 10 is needed for Slice with steps"},
    {10, "k = Constant<value = float {6}>()\n y = Clip(x, , k)",
     "Clip(x) max=6"},
    {10, "y = Clip(x, s)",
     "~opset 11 is needed for Clip with min that is not a suitable constant"},
    {11, "y = Clip(n)",
     "~opset 12 is needed for Clip with int32 as input 'input'"},
    {12, "y = Softmax(x)", "Softmax(x) axis=-1"},
    {9, "y = Softmax(x)", "Softmax(x) axis=2"},
    {12, "y = Softmax<axis = 1>(x)",
     "~opset 13 is needed for Softmax with an axis that is not known to be "
     "the last one"},
    {16, "y = GridSample(img, img)", "GridSample(img, img) mode=bilinear"},
    {19, "y = GridSample(x, x)",
     "!opset 20 is needed for GridSample of inputs not known to have rank 4"},
    {15, "y = GridSample(img, img)", "!opset 16 is needed for GridSample"},
    {17, "y, w = Split<num_outputs = 2>(x)", "Split(x)"},
    {17, "y, w = Split<axis = 1, num_outputs = 2>(x)",
     "Split(x, int64[2]{2,1}) axis=1"},
    {10,
     "k = Constant<value = float[4] {1,1,2,2}>()\n"
     "y = Resize<coordinate_transformation_mode = \"asymmetric\", "
     "nearest_mode = \"floor\">(img, , k)",
     "Resize(img, float[4]{1,1,2,2})"},
    {9,
     "k = Constant<value = float[4] {1,1,2,2}>()\n"
     "y = Resize<coordinate_transformation_mode = \"asymmetric\", "
     "mode = \"linear\">(img, , k)",
     "Upsample(img, float[4]{1,1,2,2}) mode=linear"},
    {8,
     "k = Constant<value = float[4] {1,1,2,2}>()\n"
     "y = Resize<coordinate_transformation_mode = \"asymmetric\", "
     "mode = \"linear\">(img, , k)",
     "Upsample(img) mode=linear scales=[1,1,2,2]"},
    {10,
     "k = Constant<value = float[4] {1,1,2,2}>()\n"
     "y = Resize<mode = \"linear\">(img, , k)",
     "!opset 11 is needed for Resize with coordinate_transformation_mode "
     "other than 'asymmetric'"},
    {11, "y = Resize(img, , , i)", "Resize(img, float[0]{}, float[0]{}, i)"},
    {17, "y = Resize<antialias = 1>(img, , c)",
     "!opset 18 is needed for Resize with antialias"},
    {18, "y = Pad<mode = \"wrap\">(x, i)",
     "!opset 19 is needed for Pad with mode 'wrap'"},
    {17, "y = Pad(x, i, , i)",
     "!opset 18 is needed for Pad with axes or pads that are not constant"},
    {18, "y = MaxPool<kernel_shape = [2], dilations = [1]>(x)",
     "MaxPool(x) kernel_shape=[2] dilations=[1]"},
    {9, "y = MaxPool<kernel_shape = [2], dilations = [1]>(x)",
     "MaxPool(x) kernel_shape=[2]"},
    {9, "y = MaxPool<kernel_shape = [2], dilations = [2]>(x)",
     "!opset 10 is needed for MaxPool with dilations"},
    {7, "y = Sum(x, x)", "Sum(x, x)"},
    {7, "y = Sum(x, u)",
     "!opset 8 is needed for Sum of inputs whose shapes are not known to be "
     "equal"},
    {9, "y = Gemm(x, x)", "!opset 11 is needed for Gemm without C"},
    {14, "y = Shape<start = 1>(x)", "~opset 15 is needed for Shape with start"},
    {14, "y = Shape<start = 0>(x)", "Shape(x)"},
    {11, "y = Dropout(x, s)",
     "~opset 12 is needed for Dropout with ratio that is not a suitable "
     "constant"},
    {9, "k = Constant<value = float {0.25}>()\n y = Dropout<seed = 3>(x, k)",
     "Dropout(x) ratio=0.25"},
    {13, "y = BatchNormalization<training_mode = 0>(x, c, c, c, c)",
     "BatchNormalization(x, c, c, c, c)"},
    {15, "y = RoiAlign(img, x, i)",
     "!opset 16 is needed for RoiAlign with coordinate_transformation_mode "
     "other than 'output_half_pixel'"},
    {12, "y = QuantizeLinear<axis = 0>(x, s, zero)",
     "QuantizeLinear(x, s, zero)"},
    {12, "y = QuantizeLinear(x, c)",
     "~opset 13 is needed for QuantizeLinear with a scale not known to be a "
     "scalar"},
    {19, "y = Gelu(x)", "~opset 20 is needed for Gelu"},
    {19, "y = DFT(x)", "DFT(x) axis=-2"},
    {17, "y = ScatterElements<reduction = \"max\">(x, n, x)",
     "!opset 18 is needed for ScatterElements with reduction 'max'"},
    {11, "y = Concat<axis = -1>(x, x)", "Concat(x, x) axis=-1"},
    {10, "y = Concat<axis = -1>(x, x)", "Concat(x, x) axis=2"},
};

INSTANTIATE_TEST_SUITE_P(Steps, DownTest, testing::ValuesIn(kDownCases));

constexpr char kSqueeze[] = "y = Squeeze<axes = [0]>(x)";

TEST(LegalizeTest, AChangedNodeIsLowered) {
  ASSERT_OK_AND_ASSIGN(const auto model, Read(ModelText(11, kSqueeze)));
  ASSERT_OK(Upgrade(*model, /*target=*/nullptr, nullptr));
  Graph& graph = *model->graph();
  Node& node = graph.nodes().back();
  ASSERT_NE(node.source_form(), nullptr);
  const int64_t axis = 1;
  Value* axes = graph.AddConstant(
      "", *Tensor::Owned(ElementType::kInt64, {1},
                         {reinterpret_cast<const char*>(&axis), 8}));
  graph.SetInput(&node, 1, axes);
  ASSERT_OK(Legalize(*model, Target(), nullptr));
  EXPECT_EQ(NodeText(node), "Squeeze(x) axes=[1]");
  EXPECT_TRUE(graph.constants().empty());
}

TEST(LegalizeTest, WhatCannotBeExpressedIsAnError) {
  ASSERT_OK_AND_ASSIGN(const auto model, Read(ModelText(11, kSqueeze)));
  ASSERT_OK(Upgrade(*model, /*target=*/nullptr, nullptr));
  Graph& graph = *model->graph();
  graph.SetInput(&graph.nodes().back(), 1, graph.inputs()[3]);
  const absl::Status status = Legalize(*model, Target(), nullptr);
  EXPECT_EQ(status.message(),
            "node producing 'y' (Squeeze): opset 13 is needed for Squeeze with "
            "axes that are not a suitable constant");
}

// Its own opset has no negative axes, and yet the file has one. That is written
// back after passes were there, but none may make such a node.
TEST(LegalizeTest, WhatAFileSaysAtItsOpsetIsWrittenBack) {
  ASSERT_OK_AND_ASSIGN(const auto model,
                       Read(ModelText(9, "y = Concat<axis = -1>(u, u)")));
  ASSERT_OK(Upgrade(*model, /*target=*/nullptr, nullptr));
  Node& node = model->graph()->nodes().back();
  model->graph()->SetSourceForm(&node, nullptr);
  const Target target;
  EXPECT_THAT(target.WhyNot(node),
              HasSubstr("with a negative axis of an unknown rank"));
  EXPECT_OK(Legalize(*model, target, nullptr));
  EXPECT_EQ(node.IntAttribute("axis"), -1);
}

TEST(LegalizeTest, ASoftmaxWithAnotherRankIsNotWhatItWas) {
  ASSERT_OK_AND_ASSIGN(const auto model, Read(ModelText(11, "y = Softmax(e)")));
  ASSERT_OK(Upgrade(*model, /*target=*/nullptr, nullptr));
  Graph& graph = *model->graph();
  graph.SetInput(&graph.nodes().back(), 0, graph.inputs()[0]);
  EXPECT_THAT(Legalize(*model, Target(), nullptr).message(),
              HasSubstr("opset 13 is needed for Softmax"));
}

TEST(LegalizeTest, OpaqueNodesOnlyStayAtTheirOpset) {
  const std::string text = ModelText(11, "y = Resize(img, u, u, i)");
  ASSERT_OK_AND_ASSIGN(const auto model, Read(text));
  const Target target({.onnx = 17});
  ASSERT_OK(Upgrade(*model, &target, nullptr));
  EXPECT_THAT(Legalize(*model, target, nullptr).message(),
              HasSubstr("it is of version 11, which could not be brought to "
                        "opset 17; it has both scales and sizes"));
}

TEST(UpgradeTest, EqualConstantsAreShared) {
  const std::string text =
      ModelText(11, "v = Squeeze<axes = [0]>(u)\n y = Squeeze<axes = [0]>(v)");
  ASSERT_OK_AND_ASSIGN(const auto model, Read(text));
  ASSERT_OK(Upgrade(*model, /*target=*/nullptr, nullptr));
  const Node& last = LastNode(*model);
  ASSERT_NE(last.input(1), nullptr);
  EXPECT_EQ(last.input(1)->num_uses(), 2);
  ExpectComesBack(text);
}

TEST(UpgradeTest, BodiesAndFunctions) {
  const std::string text =
      "<ir_version: 10, opset_import: [\"\" : 10, \"f\" : 1]>\n"
      "g (float[1,3] x, bool c) => (y) {\n"
      "  t = f.fn <axis = 0>(x)\n"
      "  y = If (c) <then_branch = a () => (p) {\n"
      "         p = Squeeze<axes = [0]>(t) },\n"
      "       else_branch = b () => (q) { q = Clip<max = 1.0>(x) }>\n"
      "}\n"
      "<domain: \"f\", opset_import: [\"\" : 12]>\n"
      "fn <axis> (x) => (y) {\n"
      "  s = ReduceSum<axes = [0]>(x)\n"
      "  y = Concat<axis: int = @axis>(s, s)\n"
      "}\n";
  ASSERT_OK_AND_ASSIGN(const auto model, Read(text));
  ASSERT_OK(Upgrade(*model, /*target=*/nullptr, nullptr));
  const Node& branch = LastNode(*model);
  EXPECT_EQ(NodeText(branch.graphs()[0]->nodes().back()),
            "Squeeze(t, int64[1]{0})");
  EXPECT_EQ(NodeText(branch.graphs()[1]->nodes().back()),
            "Clip(x, _, float[]{1})");
  const Graph& body = *model->functions()[0]->body();
  EXPECT_EQ(NodeText(body.nodes().front()), "ReduceSum(x, int64[1]{0})");
  EXPECT_EQ(NodeText(body.nodes().back()), "Concat(s, s) axis=?");
  EXPECT_TRUE(body.nodes().back().op().is_canonical());
  ExpectComesBack(text);
}

TEST(UpgradeTest, AReferencedAttributeCannotBecomeAnInput) {
  const std::string text =
      "<ir_version: 10, opset_import: [\"\" : 11, \"f\" : 1]>\n"
      "g (float[1,3] x) => (y) { y = f.fn <axes = [0]>(x) }\n"
      "<domain: \"f\", opset_import: [\"\" : 11]>\n"
      "fn <axes> (x) => (y) { y = Squeeze<axes: ints = @axes>(x) }\n";
  ASSERT_OK_AND_ASSIGN(const auto model, Read(text));
  Diagnostics diagnostics(/*wants_remarks=*/true);
  ASSERT_OK(Upgrade(*model, /*target=*/nullptr, &diagnostics));
  ASSERT_EQ(diagnostics.all().size(), 1u);
  EXPECT_EQ(diagnostics.all()[0].message,
            "node producing 'y' (Squeeze) stays at version 11: its attribute "
            "'axes' depends on the call of the function");
  ExpectComesBack(text);
}

// Every operator that is not deprecated has a way to its newest version.
TEST(PathTest, EveryOperatorHasOne) {
  const auto ops = OpRegistry::Builtin();
  int paths = 0;
  for (const OpDef* op : ops->All()) {
    if (!op->domain().empty() || op->deprecated()) continue;
    const opset::Path path = opset::PathFrom(*ops, *op);
    ASSERT_NE(path.canonical, nullptr) << op->name();
    EXPECT_TRUE(path.canonical->is_canonical()) << op->name();
    paths += op->is_canonical() ? 0 : 1;
  }
  EXPECT_GT(paths, 380);
}

}  // namespace
}  // namespace onnxopt
