// SPDX-License-Identifier: Apache-2.0
#include "support/text_escape.h"

#include <string>

#include "gtest/gtest.h"

namespace onnxopt {
namespace {

TEST(QuoteForMessageTest, PlainAndUtf8TextIsKept) {
  EXPECT_EQ(QuoteForMessage("/model/conv1.weight"), "'/model/conv1.weight'");
  EXPECT_EQ(QuoteForMessage(""), "''");
  EXPECT_EQ(QuoteForMessage("gr\u00f6\u00dfe \u5c42 \U0001F600"),
            "'gr\u00f6\u00dfe \u5c42 \U0001F600'");
}

TEST(QuoteForMessageTest, WhatCouldHarmATerminalIsEscaped) {
  EXPECT_EQ(QuoteForMessage("a\nb\x1b[31m\x7f"), "'a\\x0Ab\\x1B[31m\\x7F'");
  EXPECT_EQ(QuoteForMessage(std::string("\0", 1)), "'\\x00'");
  EXPECT_EQ(QuoteForMessage("it's \\"), "'it\\'s \\\\'");
  EXPECT_EQ(QuoteForMessage("\xc2\x9b"), "'\\xC2\\x9B'");  // C1: CSI
}

TEST(QuoteForMessageTest, InvalidUtf8IsEscaped) {
  EXPECT_EQ(QuoteForMessage("\xff"), "'\\xFF'");
  EXPECT_EQ(QuoteForMessage("\xc3"), "'\\xC3'");
  EXPECT_EQ(QuoteForMessage("\xc3x"), "'\\xC3x'");
  EXPECT_EQ(QuoteForMessage("\xc0\xaf"), "'\\xC0\\xAF'");           // overlong
  EXPECT_EQ(QuoteForMessage("\xe0\x80\xaf"), "'\\xE0\\x80\\xAF'");  // overlong
  EXPECT_EQ(QuoteForMessage("\xed\xa0\x80"), "'\\xED\\xA0\\x80'");  // surrogate
  EXPECT_EQ(QuoteForMessage("\xf4\x90\x80\x80"), "'\\xF4\\x90\\x80\\x80'");
}

TEST(QuoteForMessageTest, LongTextIsCutBetweenCharacters) {
  EXPECT_EQ(QuoteForMessage(std::string(200, 'x')),
            "'" + std::string(200, 'x') + "'");
  EXPECT_EQ(QuoteForMessage(std::string(201, 'x')),
            "'" + std::string(200, 'x') + "'...");
  EXPECT_EQ(QuoteForMessage("ab\u5c42", 4), "'ab'...");
  EXPECT_EQ(QuoteForMessage("ab\u5c42", 5), "'ab\u5c42'");
}

}  // namespace
}  // namespace onnxopt
