// SPDX-License-Identifier: Apache-2.0
#include "frontend/text_printer.h"

#include <memory>
#include <string>

#include "frontend/reader.h"
#include "frontend/text_parser.h"
#include "frontend/writer.h"
#include "gtest/gtest.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

absl::StatusOr<std::unique_ptr<Model>> Read(std::string_view text) {
  ASSIGN_OR_RETURN(std::string bytes, ParseModelText(text));
  Diagnostics diagnostics;
  return ReadModelProto(OwnBytes(std::move(bytes)), {}, &diagnostics);
}

struct Printed {
  std::string text;
  TextDataFile data_file;
  std::vector<std::string> warnings;
};

absl::StatusOr<Printed> Print(Model& model, const TextPrintOptions& options) {
  Printed printed;
  Diagnostics diagnostics;
  ASSIGN_OR_RETURN(printed.data_file,
                   PrintModel(model, options, &diagnostics,
                              [&printed](std::string_view piece) {
                                printed.text += piece;
                                return absl::OkStatus();
                              }));
  for (const Diagnostic& warning : diagnostics.all()) {
    printed.warnings.push_back(warning.message);
  }
  return printed;
}

// `text` is what is printed of the model that it describes.
void ExpectFixedPoint(const std::string& text) {
  ASSERT_OK_AND_ASSIGN(const auto model, Read(text));
  ASSERT_OK_AND_ASSIGN(const Printed printed, Print(*model, {}));
  EXPECT_EQ(printed.text, text);
  EXPECT_THAT(printed.warnings, ElementsAre());
  // The IR keeps the order of the fields no more than protobuf does, so the
  // messages are compared after both went through it.
  ASSERT_OK_AND_ASSIGN(const auto again, Read(printed.text));
  ASSERT_OK_AND_ASSIGN(const std::string a, SerializeModel(*model));
  ASSERT_OK_AND_ASSIGN(const std::string b, SerializeModel(*again));
  EXPECT_EQ(a, b);
}

TEST(TextPrinterTest, PlainModel) {
  ExpectFixedPoint(R"(<
  ir_version: 8,
  opset_import: ["" : 17, "com.acme" : 1],
  producer_name: "a \"tool\"",
  model_version: 3,
  doc_string: "two
lines",
  metadata_props: ["k": "v", "": ""]
>
"main graph" (float[N, 3, ?, "a b"] X, float s) => (float[] Z)
<
  float[2] W = {1, -0.5},
  float "s/1" = {nan},
  int64[0] empty = {},
  string[2] names = {"a\"b", "c\\d"},
  float[N, 3] T
>
{
  [first] T = Relu (X)  # float[N, 3]
  C = Constant <value: tensor = float[1] {3}> ()
  K = Constant <value_ints: ints = [1, 2]> ()
  ["a/b"] A, "" = com.acme.Op <f: float = 2.0, fs: floats = [0.1, -0.0, inf], i: int = -1, none: ints = [], s: string = "x"> (T, "", "s/1", C)
  "float" = "odd domain"."odd op":"over load" (A, K)
  Z = Sum ("float", W)
}
)");
}

TEST(TextPrinterTest, NestedGraphsAndFunctions) {
  ExpectFixedPoint(R"(<
  ir_version: 10,
  opset_import: ["" : 21, "my" : 1]
>
g (bool C, float[N] X) => (float[N] Y)
{
  T = my.Op <a: int = 1> (X)
  Y = If (C) <then_branch: graph = "a-branch" () => (float[N] P)
      <
        float[1] W = {1}
      >
      {
        P = Add (T, W)
      }, else_branch: graph = b () => (float[N] Q)
      {
        Q = Neg (T)
      }>
}
<
  domain: "my",
  opset_import: ["" : 21],
  doc_string: "an operator"
>
Op <a, b: float = 1.5> (X) => (Y)
<
  float[N] X,
  float[N] T
>
{
  T = LeakyRelu <alpha: float = @b> (X)  # float[N]
  Y = my.Other (T) <a: int = @a, g: graph = h () => (S)
      {
        S = Neg (T)
      }>
}
)");
}

TEST(TextPrinterTest, NotesSayWhatTheSyntaxCannot) {
  ExpectFixedPoint(R"(#@ fields: a206020801
<
  ir_version: 11,
  opset_import: [
  #@ fields: 0a0761692e6f6e6e78
  "" : 21]
>
#@ doc_string: "two\nlines \"\\ é"
#@ metadata: "key": "value"
#@ fields: 720b0a015612060a0153120143
g (
    #@ doc_string: "the input"
    #@ type: 0a0c080112080a061a0454455354
    float[?] X, float V) => (
    #@ metadata: "a\"b": ""
    float[1] Y)
<
  #@ doc_string: "weights"
  #@ fields: 7000
  #@ raw_data: 010080ff
  float[1] W = {-nan},
  sparse_tensor(float[4]) S = {float[2] S = {1, 2}, int64[2] {0, 3}},
  #@ value_info: 0a0141
  #@ doc_string: "hidden"
  float[1] H
  #@ value_info: 0a0142
>
{
  #@ fields: 3200
  #@ doc_string: "node"
  #@ metadata: "k": "v"
  [n] H = Add (V, W)  # float[1]
  #@ doc_string: "constant"
  C = Constant <
      #@ doc_string: "attribute"
      value: tensor =
      #@ doc_string: "tensor"
      float name {1}> ()
  D = my.Op <
      #@ message: 0a0161150100c07fa00101
      a: float = nan,
      #@ doc_string: "b"
      b: int = 1, t: tensors = [int8[1] {1},
      #@ fields: 7000
      uint2[5] x {3, 0, 1, 2, 3}], s: sparse_tensor = sparse_tensor(float[2, 2]) {float[1] {5}, int64[1] {2}}, tp: type_proto = seq(float[])> (S)
  Y = Sum (H, C)
}
)");
}

TEST(TextPrinterTest, TypesOfEveryKind) {
  const std::pair<TypeRef, const char*> types[] = {
      {nullptr, "?"},
      {Type::Tensor(ElementType::kFloat, Shape()), "float"},
      {Type::Tensor(ElementType::kFloat, std::nullopt), "float[]"},
      {Type::Tensor(ElementType::kInt4, Shape{Dim(2), Dim()}), "int4[2, ?]"},
      {Type::Sequence(nullptr), "seq(?)"},
      {Type::Map(ElementType::kString,
                 Type::Optional(
                     Type::SparseTensor(ElementType::kDouble, Shape{Dim(1)}))),
       "map(string, optional(sparse_tensor(double[1])))"},
      {Type::Opaque("", ""), "opaque()"},
      {Type::Opaque("", "a.b"), "opaque(a.b)"},
      {Type::Opaque("d.e", "n-m"), "opaque(d.e,\"n-m\")"},
      {Type::Tensor(ElementType::kFloat,
                    Shape{Dim::Named("N") * Dim(2) + Dim(1)}),
       "float[\"2*N + 1\"]"},
  };
  for (const auto& [type, text] : types) EXPECT_EQ(TextOf(type), text);
}

std::string Large(const std::string& data) {
  return "<\n  ir_version: 8,\n  opset_import: [\"\" : 17]\n>\n"
         "g () => (float[2, 33] Y)\n<\n  float[2, 33] W = " +
         data +
         ",\n  float[3] V = {1, 2, 3},\n  int8[65] I = [\"location\": "
         "\"x.data\", \"offset\": \"320\", \"length\": \"65\"]\n>\n"
         "{\n  Y = Identity (W)\n}\n";
}

class LargeTensorsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string w = "{", i = "{";
    for (int k = 0; k < 66; ++k) w += (k ? ", " : "") + std::to_string(k);
    for (int k = 0; k < 65; ++k) i += (k ? ", " : "") + std::to_string(k);
    text_ =
        "<ir_version: 8, opset_import: [\"\" : 17]>\n"
        "g () => (float[2, 33] Y) <float[2, 33] W = " +
        w + "}, float[3] V = {1, 2, 3}, int8[65] I = " + i +
        "}> { Y = Identity (W) }";
  }
  std::string text_;
};

TEST_F(LargeTensorsTest, AreElided) {
  ASSERT_OK_AND_ASSIGN(const auto model, Read(text_));
  ASSERT_OK_AND_ASSIGN(const Printed printed, Print(*model, {}));
  EXPECT_THAT(printed.text, HasSubstr("W = [\"elided\": \""));
  EXPECT_THAT(printed.text,
              HasSubstr("\", \"offset\": \"320\", \"length\": \"65\"]"));
  EXPECT_THAT(printed.text, HasSubstr("V = {1, 2, 3}"));
  ASSERT_EQ(printed.data_file.entries.size(), 2u);
  EXPECT_THAT(Read(printed.text),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("7:20: tensor 'W' was elided")));
}

TEST_F(LargeTensorsTest, GoToTheDataFile) {
  ASSERT_OK_AND_ASSIGN(const auto model, Read(text_));
  TextPrintOptions options;
  options.large = LargeTensors::kDataFile;
  options.data_file = "x.data";
  ASSERT_OK_AND_ASSIGN(const Printed printed, Print(*model, options));
  EXPECT_EQ(printed.text,
            Large("[\"location\": \"x.data\", \"offset\": \"0\", \"length\": "
                  "\"264\"]"));
  ASSERT_EQ(printed.data_file.entries.size(), 2u);
  EXPECT_EQ(printed.data_file.entries[0].offset, 0u);
  EXPECT_EQ(printed.data_file.entries[1].offset, 320u);
  EXPECT_EQ(printed.data_file.entries[1].tensor->byte_size(), 65);
}

TEST_F(LargeTensorsTest, ArePrinted) {
  ASSERT_OK_AND_ASSIGN(const auto model, Read(text_));
  TextPrintOptions options;
  options.large = LargeTensors::kInline;
  ASSERT_OK_AND_ASSIGN(const Printed printed, Print(*model, options));
  ASSERT_OK_AND_ASSIGN(const auto again, Read(printed.text));
  ASSERT_OK_AND_ASSIGN(const std::string a, SerializeModel(*model));
  ASSERT_OK_AND_ASSIGN(const std::string b, SerializeModel(*again));
  EXPECT_EQ(a, b);
}

TEST(TextPrinterTest, SinkErrorsAreReturned) {
  ASSERT_OK_AND_ASSIGN(
      const auto model,
      Read("<ir_version: 8, opset_import: [\"\" : 17]> g () => () {}"));
  Diagnostics diagnostics;
  EXPECT_THAT(PrintModel(*model, {}, &diagnostics,
                         [](std::string_view) {
                           return absl::ResourceExhaustedError("full");
                         }),
              StatusIs(absl::StatusCode::kResourceExhausted, "full"));
}

}  // namespace
}  // namespace onnxopt
