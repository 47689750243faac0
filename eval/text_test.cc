// SPDX-License-Identifier: Apache-2.0
#include "eval/testing.h"

namespace onnxopt::eval {
namespace {

using Strings = std::vector<std::string>;

Attribute TextList(std::string_view name,
                   std::vector<std::string_view> values) {
  return MakeAttribute(name, AttrKind::kStrings, std::move(values));
}

TEST(StringConcatTest, Broadcasts) {
  ExpectOutput<std::string>(
      RunOp("StringConcat",
            {Texts({2, 1}, {"a", "\u00e9"}), Texts({2}, {"x", ""})}),
      0, {2, 2}, {"ax", "a", "\u00e9x", "\u00e9"});
  EXPECT_FALSE(
      RunOp("StringConcat", {Texts({2}, {"a", "b"}), Texts({3}, {"", "", ""})})
          .ok());
}

TEST(RegexFullMatchTest, WholeStringsOnly) {
  const TensorRef x =
      Texts({3}, {"www.google.com", "www.facebook.com", "www.bbc.co.uk"});
  ExpectOutput<uint8_t>(
      RunOp("RegexFullMatch", {x}, {Text("pattern", R"(www\.[\w.-]+\.com)")}),
      0, {3}, {1, 1, 0});
  ExpectOutput<uint8_t>(RunOp("RegexFullMatch", {Texts({2}, {"\u00e9", "ee"})},
                              {Text("pattern", ".")}),
                        0, {2}, {1, 0});
  EXPECT_FALSE(RunOp("RegexFullMatch", {x}, {Text("pattern", "(")}).ok());
  EXPECT_FALSE(RunOp("RegexFullMatch", {x}).ok());
}

TEST(StringSplitTest, Delimiters) {
  const auto result =
      RunOp("StringSplit", {Texts({2}, {"o-n-n--x-", "o-n----nx"})},
            {Text("delimiter", "-")}, 2);
  ExpectOutput<std::string>(
      result, 0, {2, 6},
      {"o", "n", "n", "", "x", "", "o", "n", "", "", "", "nx"});
  ExpectOutput<int64_t>(result, 1, {2}, {6, 6});
}

TEST(StringSplitTest, Words) {
  const auto result = RunOp("StringSplit", {Texts({2, 1}, {"  a  b c ", ""})},
                            {Int("maxsplit", 1)}, 2);
  ExpectOutput<std::string>(result, 0, {2, 1, 2}, {"a", "b c", "", ""});
  ExpectOutput<int64_t>(result, 1, {2, 1}, {2, 0});
  ExpectOutput<std::string>(RunOp("StringSplit", {Texts({0}, {})}, {}, 2), 0,
                            {0, 0}, {});
  EXPECT_TRUE(absl::IsUnimplemented(
      RunOp("StringSplit", {Texts({1}, {"a\tb"})}, {}, 2).status()));
}

TEST(StringNormalizerTest, StopwordsAndCase) {
  const TensorRef x =
      Texts({4}, {"monday", "tuesday", "Wednesday", "thursday"});
  ExpectOutput<std::string>(
      RunOp("StringNormalizer", {x},
            {TextList("stopwords", {"Monday"}), Text("locale", "en_US"),
             Text("case_change_action", "UPPER")}),
      0, {3}, {"TUESDAY", "WEDNESDAY", "THURSDAY"});
  ExpectOutput<std::string>(
      RunOp("StringNormalizer", {x},
            {TextList("stopwords", {"Monday"}), Int("is_case_sensitive", 1)}),
      0, {4}, {"monday", "tuesday", "Wednesday", "thursday"});
  ExpectOutput<std::string>(
      RunOp("StringNormalizer", {Texts({1, 2}, {"a", "a"})},
            {TextList("stopwords", {"a"})}),
      0, {1, 1}, {""});
}

TEST(StringNormalizerTest, WhatDependsOnTheLocale) {
  const auto lower = [](const char* text, const char* locale) {
    return RunOp("StringNormalizer", {Texts({1}, {text})},
                 {Text("case_change_action", "LOWER"), Text("locale", locale)})
        .status();
  };
  EXPECT_OK(lower("I", "C"));
  EXPECT_TRUE(absl::IsUnimplemented(lower("I", "tr_TR")));
  EXPECT_TRUE(absl::IsUnimplemented(lower("\u00c9", "en_US")));
  ExpectOutput<std::string>(RunOp("StringNormalizer", {Texts({1}, {"\u00c9"})}),
                            0, {1}, {"\u00c9"});
  EXPECT_FALSE(RunOp("StringNormalizer", {Texts({2, 1}, {"a", "b"})}).ok());
  EXPECT_FALSE(RunOp("StringNormalizer", {Texts({1}, {"a"})},
                     {Text("case_change_action", "TITLE")})
                   .ok());
}

// The pool of the examples of the specification: 2, 3, 5, 4 and the bigrams
// 5 6, 7 8, 6 7.
std::vector<Attribute> TfIdf(std::string_view mode, int64_t min, int64_t max,
                             int64_t skip) {
  return {Text("mode", mode),
          Int("min_gram_length", min),
          Int("max_gram_length", max),
          Int("max_skip_count", skip),
          IntList("ngram_counts", {0, 4}),
          IntList("ngram_indexes", {0, 1, 2, 3, 4, 5, 6}),
          IntList("pool_int64s", {2, 3, 5, 4, 5, 6, 7, 8, 6, 7})};
}
const std::vector<int64_t> kWords = {1, 1, 3, 3, 3, 7, 8, 6, 7, 5, 6, 8};

TEST(TfIdfVectorizerTest, CountsAndSkips) {
  ExpectOutput<float>(
      RunOp("TfIdfVectorizer", {Ints(kWords)}, TfIdf("TF", 2, 2, 0)), 0, {7},
      {0, 0, 0, 0, 1, 1, 1});
  ExpectOutput<float>(
      RunOp("TfIdfVectorizer", {Ints(kWords)}, TfIdf("TF", 2, 2, 5)), 0, {7},
      {0, 0, 0, 0, 1, 3, 1});
  ExpectOutput<float>(
      RunOp("TfIdfVectorizer", {Ints(kWords)}, TfIdf("TF", 1, 2, 5)), 0, {7},
      {0, 3, 1, 0, 1, 3, 1});
  ExpectOutput<float>(
      RunOp("TfIdfVectorizer", {Ints({2, 6}, kWords)}, TfIdf("IDF", 1, 1, 0)),
      0, {2, 7}, {0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0});
}

TEST(TfIdfVectorizerTest, Weights) {
  auto attributes = TfIdf("TFIDF", 1, 1, 0);
  attributes.push_back(
      MakeAttribute("weights", AttrKind::kFloats,
                    std::vector<float>{1, 0.5f, 1, 1, 1, 1, 1}));
  ExpectOutput<float>(RunOp("TfIdfVectorizer", {Ints(kWords)}, attributes), 0,
                      {7}, {0, 1.5f, 1, 0, 0, 0, 0});
  attributes[5] = IntList("ngram_indexes", {1, 0, 2, 3, 4, 5, 6});
  EXPECT_TRUE(absl::IsUnimplemented(
      RunOp("TfIdfVectorizer", {Ints(kWords)}, attributes).status()));
}

TEST(TfIdfVectorizerTest, WrongAttributes) {
  const auto run = [](size_t i, Attribute attribute) {
    auto attributes = TfIdf("TF", 1, 2, 0);
    attributes[i] = std::move(attribute);
    return RunOp("TfIdfVectorizer", {Ints(kWords)}, attributes).status();
  };
  EXPECT_OK(run(0, Text("mode", "TF")));
  EXPECT_FALSE(run(0, Text("mode", "X")).ok());
  EXPECT_FALSE(run(1, Int("min_gram_length", 3)).ok());
  EXPECT_FALSE(run(2, Int("max_gram_length", 3)).ok());
  EXPECT_OK(run(3, Int("max_skip_count", INT64_MAX)));
  EXPECT_FALSE(run(4, IntList("ngram_counts", {0, 5})).ok());
  EXPECT_FALSE(run(4, IntList("ngram_counts", {-1, 4})).ok());
  EXPECT_FALSE(run(4, IntList("ngram_counts", {0, 400})).ok());
  EXPECT_FALSE(run(5, IntList("ngram_indexes", {0, 1, 2})).ok());
  EXPECT_FALSE(run(5, IntList("ngram_indexes", {0, 1, 2, 3, 4, 5, -6})).ok());
  EXPECT_FALSE(
      run(5, IntList("ngram_indexes", {0, 1, 2, 3, 4, 5, INT64_MAX})).ok());
  EXPECT_FALSE(run(6, TextList("pool_strings", {"a"})).ok());
}

}  // namespace
}  // namespace onnxopt::eval
