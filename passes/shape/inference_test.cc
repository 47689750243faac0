// SPDX-License-Identifier: Apache-2.0
#include "passes/shape/inference.h"

#include <algorithm>
#include <memory>
#include <string>

#include "fmt/core.h"
#include "frontend/reader.h"
#include "frontend/text_parser.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/walk.h"
#include "passes/shape/graph_inference.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

std::unique_ptr<Model> Parse(const std::string& text) {
  const auto proto = ParseModelText(text);
  EXPECT_OK(proto);
  if (!proto.ok()) return nullptr;
  ReadOptions options;
  Diagnostics diagnostics;
  auto model = ReadModelProto(OwnBytes(*proto), options, &diagnostics);
  EXPECT_OK(model);
  return model.ok() ? *std::move(model) : nullptr;
}

const Value* FindValue(const Model& model, std::string_view name) {
  const Value* found = nullptr;
  ForEachGraph(model, [&](Graph& graph) {
    ForEachValue(graph, [&](const Value& value) {
      if (value.name() == name) found = &value;
    });
  });
  return found;
}

std::string TypeIn(const Model& model, std::string_view name) {
  const Value* value = FindValue(model, name);
  if (value == nullptr) return "no such value";
  const TypeRef type = KnownType(*value);
  return type == nullptr ? "?" : type->ToString();
}

std::unique_ptr<Model> Graph27(const std::string& inputs,
                               const std::string& nodes,
                               const std::string& rest = "") {
  return Parse(fmt::format(
      "<ir_version: 13, opset_import: [\"\" : 27, \"f\" : 1, \"odd\" : 1]>\n"
      "g ({}) => (z) {{ {} }}\n{}",
      inputs, nodes, rest));
}

// The type of z, or the error of the first node that has one.
std::string Z(const std::string& inputs, const std::string& nodes,
              const std::string& rest = "") {
  const std::unique_ptr<Model> model = Graph27(inputs, nodes, rest);
  if (model == nullptr) return "no model";
  const InferenceReport report = InferModel(*model);
  if (!report.invalid.empty()) {
    return std::string(report.invalid[0].second.message());
  }
  return TypeIn(*model, "z");
}

TEST(InferenceTest, Broadcasting) {
  const auto add = [](const std::string& a, const std::string& b) {
    return Z(a + " a, " + b + " b", "z = Add(a, b)");
  };
  EXPECT_EQ(add("float[2,3]", "float[3]"), "float[2,3]");
  EXPECT_EQ(add("float[N,3]", "float[N,1]"), "float[N,3]");
  EXPECT_EQ(add("float[N,3]", "float[N,3]"), "float[N,3]");
  EXPECT_EQ(add("float[N,3]", "float"), "float[N,3]");
  // One of them may be 1.
  EXPECT_EQ(add("float[N]", "float[M]"), "float[?]");
  EXPECT_EQ(add("float[?]", "float[?]"), "float[?]");
  EXPECT_EQ(add("float[N]", "float[?]"), "float[?]");
  EXPECT_EQ(add("float[N]", "float[5]"), "float[5]");
  EXPECT_EQ(add("float[N]", "float[0]"), "float[0]");
  EXPECT_EQ(add("float[1]", "float[0]"), "float[0]");
  EXPECT_EQ(add("float[2,3]", "float[]"), "float[]");
  EXPECT_EQ(add("float[2]", "float[3]"),
            "Add: the shapes of the inputs do not broadcast");
}

TEST(InferenceTest, ElementTypes) {
  EXPECT_EQ(Z("int64[N] a", "z = Cast<to = 1>(a)"), "float[N]");
  EXPECT_EQ(Z("int64[N] a, int64[N] b", "z = Equal(a, b)"), "bool[N]");
  EXPECT_EQ(Z("bool[N] c, double[] a", "z = Where(c, a, a)"), "double[]");
  EXPECT_EQ(Z("float[2,3] a", "y, z = Dropout(a)"), "bool[2,3]");
  EXPECT_EQ(Z("float[N,3] a, float s", "z = QuantizeLinear(a, s)"),
            "uint8[N,3]");
  EXPECT_EQ(
      Z("float[N,3] a, float s", "z = QuantizeLinear<output_dtype = 5>(a, s)"),
      "int16[N,3]");
  EXPECT_EQ(Z("int8[N,3] a, float16 s", "z = DequantizeLinear(a, s)"),
            "float16[N,3]");
}

TEST(InferenceTest, Reshape) {
  const auto reshape = [](const std::string& type, const std::string& target,
                          const std::string& attributes = "") {
    const int64_t count = 1 + std::count(target.begin(), target.end(), ',');
    return Z(type + " a",
             fmt::format("s = Constant<value = int64[{}] {{{}}}>() "
                         "z = Reshape{}(a, s)",
                         count, target, attributes));
  };
  EXPECT_EQ(reshape("float[2,3,4]", "0,-1"), "float[2,12]");
  EXPECT_EQ(reshape("float[N,3,4]", "0,-1"), "float[N,12]");
  EXPECT_EQ(reshape("float[N,3,4]", "-1,6"), "float[2*N,6]");
  EXPECT_EQ(reshape("float[N,3,4]", "-1,5"), "float[?,5]");
  EXPECT_EQ(reshape("float[N,M]", "-1"), "float[M*N]");
  EXPECT_EQ(reshape("float[?,3]", "0,-1"), "float[?,?]");
  EXPECT_EQ(reshape("float[]", "0,-1,3"), "float[?,?,3]");
  EXPECT_EQ(reshape("float[0,3]", "3,-1"), "float[3,0]");
  // Nothing can be divided by a 0.
  EXPECT_EQ(reshape("float[0,3]", "0,-1"), "float[0,?]");
  EXPECT_EQ(reshape("float[0,3]", "5,0", "<allowzero = 1>"), "float[5,0]");
  EXPECT_EQ(reshape("float[2,3]", "4,-1"),
            "Reshape: the number of elements does not fit the shape");
  EXPECT_EQ(reshape("float[2]", "1,0"),
            "Reshape: a 0 in the shape copies a dim that is not there");
  EXPECT_EQ(Z("float[N] a, int64[3] s", "z = Reshape(a, s)"), "float[?,?,?]");
}

std::string Slice(const std::string& dim, const std::string& start,
                  const std::string& end, const std::string& step) {
  return Z(fmt::format("float[{}] a", dim),
           fmt::format("b = Constant<value = int64[1] {{{}}}>() "
                       "e = Constant<value = int64[1] {{{}}}>() "
                       "s = Constant<value = int64[1] {{{}}}>() "
                       "x = Constant<value = int64[1] {{0}}>() "
                       "z = Slice(a, b, e, x, s)",
                       start, end, step));
}

TEST(InferenceTest, Slice) {
  constexpr char kMax[] = "9223372036854775807";
  constexpr char kMin[] = "-9223372036854775808";
  EXPECT_EQ(Slice("10", "2", "7", "2"), "float[3]");
  EXPECT_EQ(Slice("10", "-3", kMax, "1"), "float[3]");
  EXPECT_EQ(Slice("10", kMin, kMax, kMax), "float[1]");
  EXPECT_EQ(Slice("10", "-1", kMin, "-1"), "float[10]");
  EXPECT_EQ(Slice("10", kMax, kMin, "-3"), "float[4]");
  EXPECT_EQ(Slice("10", kMax, kMin, kMin), "float[1]");
  EXPECT_EQ(Slice("10", "7", "2", "1"), "float[0]");
  EXPECT_EQ(Slice("10", "2", "7", "-1"), "float[0]");
  EXPECT_EQ(Slice("10", "7", "-8", "-1"), "float[5]");
  EXPECT_EQ(Slice("0", "-1", kMin, "-1"), "float[0]");
  // NumPy and the specification differ.
  EXPECT_EQ(Slice("10", "-11", kMin, "-1"), "float[?]");
  EXPECT_EQ(Slice("N", "0", kMax, "1"), "float[N]");
  EXPECT_EQ(Slice("N", "-1", kMin, "-1"), "float[N]");
  EXPECT_EQ(Slice("N", "1", kMax, "1"), "float[?]");
  EXPECT_EQ(Slice("N", "0", "5", "1"), "float[?]");
  EXPECT_EQ(Slice("10", "0", "5", "0"), "Slice: a step is 0");
}

TEST(InferenceTest, SplitIntoUnevenParts) {
  EXPECT_EQ(Z("float[10,2] a", "x, y, z = Split<num_outputs = 3>(a)"),
            "float[2,2]");
  EXPECT_EQ(Z("float[10,2] a", "z, x, y = Split<num_outputs = 3>(a)"),
            "float[4,2]");
  // Parts of 2 leave nothing for the last.
  EXPECT_EQ(Z("float[5] a", "w, x, y, z = Split<num_outputs = 4>(a)"),
            "float[?]");
  EXPECT_EQ(Z("float[N] a", "x, z = Split<num_outputs = 2>(a)"), "float[?]");
}

TEST(InferenceTest, SqueezeAndTranspose) {
  EXPECT_EQ(Z("float[1,3,1] a", "z = Squeeze(a)"), "float[3]");
  EXPECT_EQ(Z("float[N,3,1] a", "z = Squeeze(a)"), "float[]");
  EXPECT_EQ(Z("float[N,3] a, int64[1] x", "z = Squeeze(a, x)"), "float[?]");
  EXPECT_EQ(Z("float[N,3] a, int64[2] x", "z = Squeeze(a, x)"), "float[]");
  EXPECT_EQ(Z("float[N,3] a", "z = Transpose<perm = [1, 0]>(a)"), "float[3,N]");
  EXPECT_EQ(Z("float[N,3] a", "z = Transpose<perm = [1, 1]>(a)"),
            "Transpose: perm is not a permutation of the axes");
}

TEST(InferenceTest, Windows) {
  const auto pool = [](const std::string& size, const std::string& rest) {
    return Z(fmt::format("float[N,C,{}] a", size),
             fmt::format("z = MaxPool<kernel_shape = [3]{}>(a)", rest));
  };
  EXPECT_EQ(pool("10", ""), "float[N,C,8]");
  EXPECT_EQ(pool("10", ", strides = [2]"), "float[N,C,4]");
  EXPECT_EQ(pool("10", ", strides = [2], ceil_mode = 1"), "float[N,C,5]");
  EXPECT_EQ(pool("10", ", strides = [2], dilations = [3]"), "float[N,C,2]");
  EXPECT_EQ(pool("10", ", strides = [3], auto_pad = \"SAME_UPPER\""),
            "float[N,C,4]");
  EXPECT_EQ(pool("W", ", auto_pad = \"SAME_LOWER\""), "float[N,C,W]");
  EXPECT_EQ(pool("W", ", pads = [1, 1]"), "float[N,C,W]");
  EXPECT_EQ(pool("W", ", strides = [2]"), "float[N,C,?]");
  // The last window would start in the padding behind the data.
  EXPECT_EQ(pool("4", ", strides = [3], pads = [0, 2], ceil_mode = 1"),
            "float[N,C,2]");
  EXPECT_EQ(pool("2", ", strides = [3], pads = [0, 2], ceil_mode = 1"),
            "float[N,C,1]");
  EXPECT_EQ(Z("float[N,3,H,W] a, float[8,3,3,3] w",
              "z = Conv<pads = [1, 1, 1, 1]>(a, w)"),
            "float[N,8,H,W]");
  EXPECT_EQ(Z("float[N,3,5,W] a, float[3,4,2,2] w",
              "z = ConvTranspose<strides = [2, 2], group = 2>(a, w)"),
            "float[N,8,10,2*W]");
}

TEST(InferenceTest, Range) {
  const auto range = [](const std::string& a, const std::string& b,
                        const std::string& c) {
    return Z("", fmt::format("a = Constant<value = int64 {{{}}}>() "
                             "b = Constant<value = int64 {{{}}}>() "
                             "c = Constant<value = int64 {{{}}}>() "
                             "z = Range(a, b, c)",
                             a, b, c));
  };
  EXPECT_EQ(range("0", "10", "3"), "int64[4]");
  EXPECT_EQ(range("10", "0", "-5"), "int64[2]");
  EXPECT_EQ(range("0", "10", "-1"), "int64[0]");
  EXPECT_EQ(range("-9007199254740993", "9007199254740993", "9007199254740993"),
            "int64[2]");
}

TEST(InferenceTest, Resize) {
  const std::string scales =
      "r = Constant<value = float[2] {1, 2.5}>() z = Resize";
  EXPECT_EQ(Z("float[N,3] a", scales + "(a, , r)"), "float[N,7]");
  EXPECT_EQ(Z("float[N,3] a, float[4] b",
              scales + "<coordinate_transformation_mode = "
                       "\"tf_crop_and_resize\">(a, b, r)"),
            "float[?,?]");
}

TEST(InferenceTest, ReductionsAndProducts) {
  EXPECT_EQ(Z("float[N,3] a", "z = ReduceSum(a)"), "float[1,1]");
  EXPECT_EQ(Z("float[N,3] a", "z = ReduceSum<keepdims = 0>(a)"), "float");
  EXPECT_EQ(Z("float[N,3] a", "z = ReduceSum<noop_with_empty_axes = 1>(a)"),
            "float[N,3]");
  EXPECT_EQ(Z("float[N,3] a, int64[1] x", "z = ReduceSum(a, x)"), "float[?,?]");
  EXPECT_EQ(Z("float[N,1,4,K] a, float[7,K,5] b", "z = MatMul(a, b)"),
            "float[N,7,4,5]");
  EXPECT_EQ(Z("float[K] a, float[K] b", "z = MatMul(a, b)"), "float");
  EXPECT_EQ(Z("float[2,3] a, float[4,5] b", "z = MatMul(a, b)"),
            "MatMul: the inner dims differ: 3 and 4");
}

TEST(InferenceTest, Einsum) {
  const auto einsum = [](const std::string& equation) {
    return Z("float[B,2,3] a, float[1,3,4] b",
             fmt::format("z = Einsum<equation = \"{}\">(a, b)", equation));
  };
  EXPECT_EQ(einsum("bij, cjk -> bik"), "float[B,2,4]");
  EXPECT_EQ(einsum("...ij,...jk->...ki"), "float[B,4,2]");
  EXPECT_EQ(einsum("...ij,...jk"), "float[B,2,4]");
  EXPECT_EQ(einsum("bij,cjk"), "float[B,1,2,4]");
  EXPECT_EQ(Z("float[N,N] a", "z = Einsum<equation = \"ii->i\">(a)"),
            "float[N]");
  EXPECT_EQ(Z("float[N,N] a", "z = Einsum<equation = \"ii\">(a)"), "float");
}

TEST(InferenceTest, Sequences) {
  EXPECT_EQ(
      Z("float[N,3] a, float[M,3] b",
        "s = SequenceConstruct(a, b) z = ConcatFromSequence<axis = 0>(s)"),
      "float[?,3]");
  EXPECT_EQ(Z("float[N,3] a, float[M,3] b, int64 i",
              "s = SequenceConstruct(a, b) z = SequenceAt(s, i)"),
            "float[?,3]");
  EXPECT_EQ(Z("float[N,3] a", "s = SequenceEmpty() z = SequenceInsert(s, a)"),
            "seq(float[])");
  EXPECT_EQ(Z("float[N,6] a", "z = SplitToSequence<axis = 1, keepdims = 0>(a)"),
            "seq(float[N])");
}

TEST(InferenceTest, UnknownOperatorsAreBelieved) {
  const std::unique_ptr<Model> model = Parse(
      "<ir_version: 13, opset_import: [\"\" : 27, \"odd\" : 1]>\n"
      "g (float[N] a) => (z) <float[N,4] y, float[9] x> "
      "{ y = odd.Op(a) x = Relu(a) z = Relu(y) }");
  ASSERT_NE(model, nullptr);
  const InferenceReport report = InferModel(*model);
  // The name of a dim means nothing there.
  EXPECT_EQ(TypeIn(*model, "z"), "float[?,4]");
  EXPECT_EQ(TypeIn(*model, "x"), "float[N]");
  EXPECT_TRUE(report.contradicted.empty());
}

TEST(InferenceTest, InferredTypesWinOverDeclaredOnes) {
  const std::unique_ptr<Model> model = Parse(
      "<ir_version: 13, opset_import: [\"\" : 27]>\n"
      "g (float[2] a) => (z) <float[3] y> { y = Relu(a) z = Relu(y) }");
  ASSERT_NE(model, nullptr);
  const InferenceReport report = InferModel(*model);
  ASSERT_EQ(report.contradicted.size(), 1u);
  EXPECT_EQ(report.contradicted[0]->name(), "y");
  EXPECT_EQ(TypeIn(*model, "z"), "float[2]");
}

// A Loop over `body`, the state of which begins as x.
std::string Loop(const std::string& inputs, const std::string& body,
                 const std::string& before = "") {
  return Z(inputs, before +
                       "z, scan = Loop(m, c, x) <body = b (int64 i, "
                       "bool c1, float[7,7,7] s) => (c2, t, u) { "
                       "c2 = Identity(c1) " +
                       body + " }>");
}

TEST(InferenceTest, LoopStatesHoldInAllIterations) {
  const std::string inputs = "int64 m, bool c, float[N,3] x";
  EXPECT_EQ(Loop(inputs, "t = Relu(s) u = Identity(i)"), "float[N,3]");
  EXPECT_EQ(Loop(inputs, "t = Concat<axis = 0>(s, s) u = Identity(i)"),
            "float[?,3]");
  // First the columns grow, then, since they do, the rows.
  EXPECT_EQ(Loop(inputs,
                 "q = Transpose(s) t = Concat<axis = 0>(q, q) u = Identity(i)"),
            "float[?,?]");
  EXPECT_EQ(Loop(inputs, "t = ReduceSum<keepdims = 0>(s) u = Identity(i)"),
            "float[]");
}

TEST(InferenceTest, LoopStacksWhatItScans) {
  const std::unique_ptr<Model> model = Graph27(
      "int64 m, float[N,3] x",
      "z, zero = Loop(m, , x) <body = b (int64 i, bool c1, float s) => (c2, t, "
      "u) { c2 = Identity(c1) t = Relu(s) u = Relu(t) }> "
      "k = Constant<value = int64 {2}>() "
      "y, two = Loop(k, , x) <body = d (int64 i2, bool d1, float s2) => (d2, "
      "t2, u2) { d2 = Identity(d1) t2 = Relu(s2) u2 = Relu(t2) }>");
  ASSERT_NE(model, nullptr);
  InferModel(*model);
  EXPECT_EQ(TypeIn(*model, "s"), "float[N,3]");
  EXPECT_EQ(TypeIn(*model, "i"), "int64");
  // It may have no iteration.
  EXPECT_EQ(TypeIn(*model, "zero"), "float[?,?,?]");
  EXPECT_EQ(TypeIn(*model, "two"), "float[?,N,3]");
}

TEST(InferenceTest, ScanSlicesAndStacks) {
  const std::string body =
      "<num_scan_inputs = 1, scan_input_axes = [1], scan_output_axes = [-1], "
      "body = b (float s, float e) => (t, u) { t = Add(s, e) u = Relu(e) }>";
  const std::unique_ptr<Model> model =
      Graph27("float[N] x, float[N,5] xs", "y, z = Scan " + body + " (x, xs)");
  ASSERT_NE(model, nullptr);
  InferModel(*model);
  EXPECT_EQ(TypeIn(*model, "e"), "float[N]");
  EXPECT_EQ(TypeIn(*model, "y"), "float[N]");
  EXPECT_EQ(TypeIn(*model, "z"), "float[N,5]");
}

TEST(InferenceTest, BranchesAreJoined) {
  EXPECT_EQ(Z("bool c, float[N,3] x, float[4,3] y",
              "z = If(c) <then_branch = t () => (a) { a = Relu(x) }, "
              "else_branch = e () => (b) { b = Relu(y) }>"),
            "float[?,3]");
}

constexpr char kFunctions[] =
    "<domain: \"f\", opset_import: [\"\" : 27]> "
    "Inner (p) => (q) { q = Relu(p) } "
    "<domain: \"f\", opset_import: [\"\" : 27, \"f\" : 1]> "
    "Outer (v) => (w) { r = f.Inner(v) w = Concat<axis = 0>(r, r) } "
    "<domain: \"f\", opset_import: [\"\" : 27, \"f\" : 1]> "
    "Unused (v2) => (w2) { w2 = f.Inner(v2) }";

TEST(InferenceTest, FunctionsHaveTheTypesOfAllCalls) {
  EXPECT_EQ(Z("float[N,3] x", "z = f.Outer(x)", kFunctions), "float[2*N,3]");
  // The second call is of the result of the first.
  EXPECT_EQ(Z("float[N,3] x", "y = f.Outer(x) z = f.Outer(y)", kFunctions),
            "float[?,3]");
  EXPECT_EQ(Z("float[N,3] x, int64[2] i", "y = f.Inner(i) z = f.Inner(x)",
              kFunctions),
            "?");
}

TEST(InferenceTest, ASecondRunChangesNothing) {
  const std::unique_ptr<Model> model = Graph27(
      "int64 m, bool c, float[N,3] x",
      "y = f.Outer(x) z, scan = Loop(m, c, y) <body = b (int64 i, bool c1, "
      "float[7] s) => (c2, t, u) { c2 = Identity(c1) u = f.Inner(s) "
      "t = Concat<axis = 0>(u, u) }>",
      kFunctions);
  ASSERT_NE(model, nullptr);
  InferModel(*model);
  const uint64_t epoch = model->epoch();
  EXPECT_EQ(TypeIn(*model, "s"), "float[?,3]");
  EXPECT_EQ(FindValue(*model, "s")->declared_type()->ToString(), "float[7]");
  InferModel(*model);
  EXPECT_EQ(model->epoch(), epoch);
}

TEST(InferenceTest, BodyInputsAreNotBelieved) {
  const std::unique_ptr<Model> model = Graph27(
      "int64 m, bool c, float[N] x",
      "z = Loop(m, c, x) <body = b (int64 i, bool c1, float[7] s) => (c2, t) { "
      "c2 = Identity(c1) t = Relu(s) }>");
  ASSERT_NE(model, nullptr);
  EXPECT_EQ(TypeIn(*model, "s"), "float[]");
}

TEST(MergeTypesTest, TakesWhatEachKnows) {
  const auto tensor = [](std::optional<Shape> shape) {
    return Type::Tensor(ElementType::kFloat, std::move(shape));
  };
  const Dim n = Dim::Named("N");
  const auto merge = [](const TypeRef& a, const TypeRef& b) {
    return MergeTypes(a, b)->ToString();
  };
  EXPECT_EQ(merge(nullptr, tensor(Shape{n})), "float[N]");
  EXPECT_EQ(merge(tensor(std::nullopt), tensor(Shape{n})), "float[N]");
  EXPECT_EQ(merge(tensor(Shape{n, Dim()}), tensor(Shape{Dim(2), n})),
            "float[2,N]");
  EXPECT_EQ(merge(tensor(Shape{Dim(3)}), tensor(Shape{Dim(2)})), "float[3]");
}

TEST(JoinTypesTest, KeepsWhatBothSay) {
  const TypeRef a = Type::Tensor(ElementType::kFloat, Shape{Dim(2), Dim(3)});
  const TypeRef b = Type::Tensor(ElementType::kFloat, Shape{Dim(2), Dim(4)});
  const TypeRef c = Type::Tensor(ElementType::kFloat, Shape{Dim(2)});
  const TypeRef d = Type::Tensor(ElementType::kInt64, Shape{Dim(2)});
  EXPECT_EQ(JoinTypes(a, b)->ToString(), "float[2,?]");
  EXPECT_EQ(JoinTypes(a, c)->ToString(), "float[]");
  EXPECT_EQ(JoinTypes(c, d), nullptr);
  EXPECT_EQ(JoinTypes(a, nullptr), nullptr);
  EXPECT_EQ(JoinTypes(Type::Sequence(a), Type::Sequence(b))->ToString(),
            "seq(float[2,?])");
}

}  // namespace
}  // namespace onnxopt
