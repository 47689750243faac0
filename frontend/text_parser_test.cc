// SPDX-License-Identifier: Apache-2.0
#include "frontend/text_parser.h"

#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

using testing::HasSubstr;

std::string ErrorOf(std::string_view text) {
  const auto parsed = ParseModelText(text);
  return parsed.ok() ? "OK" : std::string(parsed.status().message());
}

TEST(TextParserTest, ErrorsNameThePlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "1:1: expected the name of the graph, not the end of the text"},
      {"g (float[N] X => (Y) {}", "1:15: expected ',' or ')', not '=>'"},
      {"g (float[N X) => () {}", "1:12: expected ',' or ']', not 'X'"},
      {"g (float[-N] X) => () {}", "1:10: this is not a number"},
      {"g () => ()", "1:11: expected '{', not the end of the text"},
      {"g () => () {\n  Y = \n}", "3:1: expected an operator, not '}'"},
      {"g () => () {\n  Y = Relu X\n}", "2:12: expected '(', not 'X'"},
      {"g () => () { Y = Relu (X }", "1:26: expected ',' or ')', not '}'"},
      {"g () => () { Y = A <b> (X) }", "1:22: expected '=', not '>'"},
      {"g () => () { Y = A <b : foo = 1> () }",
       "1:25: expected the type of an attribute, such as ints, not 'foo'"},
      {"g () => () { Y = A <b = []> () }",
       "1:25: an empty list needs a type, as in `axes: ints = []`"},
      {"g () => () { Y = A <b : int = []> () }",
       "1:31: an attribute of type int is no list"},
      {"g () => () { Y = A <b : ints = 1> () }",
       "1:32: expected a list in '[' and ']', not '1'"},
      {"g () => () { Y = A <b : int = 1.5> () }",
       "1:31: expected a value of type int, not float"},
      {"g () => () { Y = A <b = [1, \"x\"]> () }",
       "1:29: expected a value of type int, not string"},
      {"g () => () <float[2] W = {1, 2, 3}> {}",
       "1:35: tensor float[2] needs 2 values, but 3 are given before this"},
      {"g () => () <int8[1] W = {300}> {}", "1:26: '300' does not fit int8"},
      {"g () => () <float[N] W = {1}> {}",
       "1:13: a tensor needs an element type and known dims"},
      {"g () => () <float[2] W = > {}", "1:26: expected '{', not '>'"},
      {"<ir_version: 8, foo: 1> g () => () {}", "1:17: unknown key 'foo'"},
      {"<ir_version: \"8\"> g () => () {}",
       "1:14: expected a number of type int64, not '8'"},
      {"g () => () {} \"f", "1:15: this string does not end"},
      {"g () => () {\n #@ what: 1\n Y = A () }",
       "2:2: '#@ what' does not belong to what follows"},
      {"g () => () {\n #@ fields: 0\n Y = A () }",
       "2:2: the value of '#@ fields' is no string of hexadecimal digits"},
      {"g () => () {} #@ doc_string: \"\"",
       "1:15: this '#@' comment stands before nothing it could belong to"},
      {"g () => () <float[1] W = [\"elided\": \"0\"]> {}",
       "1:26: tensor 'W' was elided when the text was printed; give its data "
       "with --data=FILE"},
  };
  for (const auto& [text, error] : cases) EXPECT_EQ(ErrorOf(text), error);
}

TEST(TextParserTest, LinesCountFromTheFirstLine) {
  EXPECT_THAT(ParseModelText("\ng", {.data_file = {}, .first_line = 10}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "11:2: expected '(', not the end of the text"));
}

TEST(TextParserTest, ElidedTensorsComeFromTheDataFile) {
  constexpr std::string_view kElided =
      "g () => () <float[2] W = [\"elided\": \"1f\", \"offset\": \"64\", "
      "\"length\": \"8\"]> {}";
  constexpr std::string_view kExternal =
      "g () => () <float[2] W = [\"location\": \"w.data\", \"offset\": \"64\", "
      "\"length\": \"8\"]> {}";
  ASSERT_OK_AND_ASSIGN(
      const std::string elided,
      ParseModelText(kElided, {.data_file = "w.data", .first_line = 1}));
  ASSERT_OK_AND_ASSIGN(const std::string external, ParseModelText(kExternal));
  EXPECT_EQ(elided, external);
}

TEST(TextParserTest, NestingIsLimited) {
  const auto graphs = [](int depth) {
    std::string text = "g () => () {";
    for (int i = 0; i < depth; ++i) text += " Y = A <b = g () => () {";
    for (int i = 0; i < depth; ++i) text += "}> ()";
    return text + "}";
  };
  EXPECT_EQ(ErrorOf(graphs(63)), "OK");
  EXPECT_THAT(ErrorOf(graphs(64)), HasSubstr("deeper than 64 levels"));
  EXPECT_THAT(ErrorOf(graphs(100000)), HasSubstr("deeper than 64 levels"));
  std::string type;
  for (int i = 0; i < 100000; ++i) type += "seq(";
  EXPECT_THAT(ErrorOf("g (" + type), HasSubstr("deeper than 64 levels"));
}

TEST(TextParserTest, SplitModels) {
  constexpr std::string_view kText =
      "# RUN: x\na\n# -----\nb \"\n# -----\n\" # c \" d\n  # -----\n# -----\n";
  const auto models = SplitModels(kText);
  ASSERT_EQ(models.size(), 3u);
  EXPECT_EQ(models[0], std::make_pair(1, std::string_view("# RUN: x\na\n")));
  EXPECT_EQ(models[1].first, 4);
  EXPECT_EQ(models[1].second, "b \"\n# -----\n\" # c \" d\n  # -----\n");
  EXPECT_EQ(models[2], std::make_pair(9, std::string_view()));
}

TEST(TextParserTest, OneAttribute) {
  ASSERT_OK_AND_ASSIGN(const std::string axis,
                       ParseAttributeText("axis: int = 3"));
  EXPECT_EQ(axis, std::string("\x0a\x04"
                              "axis\x18\x03\xa0\x01\x02"));
  EXPECT_FALSE(ParseAttributeText("axis = 3,").ok());
}

// Everything the syntax has, for the mutations below.
constexpr std::string_view kEverything = R"(
<ir_version: 10, opset_import: ["" : 21, "my" : 1], producer_name: "p\"q",
 model_version: 3, doc_string: "d", metadata_props: ["k": "v"]>
#@ doc_string: "graph\n"
"g 1" (float[N, 3, ?, "a b"] X, seq(map(int64, string[])) S,
       optional(float) O, opaque(a.b, c) Q, sparse_tensor(double[2]) Z)
  => (float Y)
<
  #@ metadata: "k": "v"
  float[2] W = {1, -inf}, int4[3] I = {1, -8, 7}, string[1] T = {"\\"},
  float[2] E = ["location": "f", "offset": "0", "length": "8"],
  sparse_tensor(float[4]) P = {float[1] {2}, int64[1] {3}},
  #@ value_info: 0a0141
  float16[1] H
>
{
  [n] A, , B = my.sub.Op:over <i = 1, f: float = 2, s = "x", t = float {1},
    tp: type_proto = seq(float), is: ints = [], fs = [1.0, nan],
    ts: tensors = [float[1] {1}, int8 name = {2}]> (X, , "", O)
  #@ fields: 3200
  Y = If (A) <then_branch = b () => (float Y) { Y = C () }, n: int = 2>
}
<domain: "my", opset_import: ["" : 21], overload: "over">
Op <a, b: int = 1> (X, float Y) => (Z) <float[1] V>
{ Z = D <c: int = @a> (X) }
)";

TEST(TextParserTest, MutatedTextsDoNotCrash) {
  ASSERT_EQ(ErrorOf(kEverything), "OK");
  std::mt19937 random(3);
  const auto pick = [&random](size_t n) { return random() % n; };
  constexpr std::string_view kChars = "\"'#@<>()[]{}=,:.?-\\\n 0aZ";
  int accepted = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string text(kEverything);
    for (size_t k = pick(4) + 1; k > 0; --k) {
      const size_t at = pick(text.size());
      switch (pick(4)) {
        case 0:
          text.erase(at, pick(20) + 1);
          break;
        case 1:
          text[at] = kChars[pick(kChars.size())];
          break;
        case 2:
          text.insert(at, 1, kChars[pick(kChars.size())]);
          break;
        default:
          text.insert(at, kEverything.substr(pick(kEverything.size()), 20));
      }
    }
    accepted += ParseModelText(text).ok() ? 1 : 0;
  }
  // Both outcomes are seen, or the mutations test nothing.
  EXPECT_GT(accepted, 100);
  EXPECT_LT(accepted, 19900);
  for (size_t i = 0; i < kEverything.size(); ++i) {
    EXPECT_NE(ErrorOf(kEverything.substr(0, i)), "");
  }
}

}  // namespace
}  // namespace onnxopt
