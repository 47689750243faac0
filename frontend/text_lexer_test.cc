// SPDX-License-Identifier: Apache-2.0
#include "frontend/text_lexer.h"

#include <string>

#include "gtest/gtest.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

using Kind = TextToken::Kind;

// All tokens: a letter for the kind, the text, and the position.
std::string Lex(std::string_view text) {
  std::string all;
  TextLexer lexer(text);
  while (!lexer.AtEnd()) {
    const TextToken& token = lexer.token();
    lexer.TakeNotes();
    if (token.kind == Kind::kBad) {
      return all + std::string(lexer.Expected("").message());
    }
    all += "?isnf."[static_cast<int>(token.kind)];
    all += std::string(token.text) + "@" + std::to_string(token.at.line) + ":" +
           std::to_string(token.at.column) + " ";
    lexer.Advance();
  }
  return all;
}

TEST(TextLexerTest, Tokens) {
  EXPECT_EQ(Lex("a _b1 \"c d\""), "ia@1:1 i_b1@1:3 sc d@1:7 ");
  EXPECT_EQ(Lex("1 -2 3.5 4. 1e5 -1.5E-3"),
            "n1@1:1 n-2@1:3 f3.5@1:6 f4.@1:10 f1e5@1:13 f-1.5E-3@1:17 ");
  EXPECT_EQ(Lex("-inf -NaN nan"), "f-inf@1:1 f-NaN@1:6 inan@1:11 ");
  EXPECT_EQ(Lex("x=>(y)="), "ix@1:1 .=>@1:2 .(@1:4 iy@1:5 .)@1:6 .=@1:7 ");
}

TEST(TextLexerTest, LinesAndComments) {
  EXPECT_EQ(Lex("# one\n  a # two\r\n\tb"), "ia@2:3 ib@3:2 ");
  EXPECT_EQ(Lex("\"x\ny\" z"), "sx\ny@1:1 iz@2:4 ");
  EXPECT_EQ(Lex(""), "");
  EXPECT_EQ(Lex("# only"), "");
}

TEST(TextLexerTest, BadTokens) {
  EXPECT_EQ(Lex("a \"b"), "ia@1:1 1:3: this string does not end");
  EXPECT_EQ(Lex("a \"b\\"), "ia@1:1 1:3: this string does not end");
  for (const char* number : {"1x", "-", "-x", "1e", "1.2.3", "-infx"}) {
    EXPECT_EQ(Lex(number), "1:1: this is not a number") << number;
  }
}

TEST(TextLexerTest, Notes) {
  TextLexer lexer("\n#@ doc: \"x\"\n  #@fields : 0a\na b\n#@ lost: 1\nc");
  const auto notes = lexer.TakeNotes();
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_EQ(notes[0].key, "doc");
  EXPECT_EQ(notes[0].value, "\"x\"");
  EXPECT_EQ(notes[1].key, "fields");
  EXPECT_EQ(notes[1].value, "0a");
  EXPECT_EQ(notes[1].at.line, 3);
  EXPECT_EQ(notes[1].at.column, 3);
  lexer.Advance();
  lexer.Advance();
  lexer.Advance();
  EXPECT_EQ(lexer.Expected("x").message(),
            "5:1: this '#@' comment stands before nothing it could belong to");
}

TEST(TextLexerTest, Strings) {
  EXPECT_EQ(UnescapeText(R"(a\"b\\c\n)"), "a\"b\\cn");
  std::string_view note = R"("a\"\n\x41é" rest)";
  ASSERT_OK_AND_ASSIGN(const std::string text, TakeNoteString(&note, {}));
  EXPECT_EQ(text, "a\"\nAé");
  EXPECT_EQ(note, " rest");
  for (std::string_view bad : {"", "a", "\"", "\"a", "\"\\", "\"a\\\""}) {
    EXPECT_FALSE(TakeNoteString(&bad, {}).ok());
  }
}

}  // namespace
}  // namespace onnxopt
