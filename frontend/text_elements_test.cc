// SPDX-License-Identifier: Apache-2.0
#include "frontend/text_elements.h"

#include <cstring>
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "support/status_matchers.h"

namespace onnxopt {
namespace {

absl::StatusOr<std::string> Read(ElementType type, std::string_view text) {
  ElementReader reader(type);
  TextLexer lexer(text);
  while (!lexer.AtEnd()) {
    RETURN_IF_ERROR(reader.Add(lexer.token()));
    lexer.Advance();
    if (lexer.Is(",")) lexer.Advance();
  }
  return std::move(reader).Finish();
}

template <typename T>
std::string BytesOf(std::initializer_list<T> values) {
  return {reinterpret_cast<const char*>(values.begin()),
          values.size() * sizeof(T)};
}

TEST(TextElementsTest, EveryTypeComesBack) {
  constexpr int64_t kCount = 257;
  std::mt19937_64 random(1);
  for (int i = 1; i < kNumElementTypes; ++i) {
    const auto type = static_cast<ElementType>(i);
    if (type == ElementType::kString) continue;
    std::string bytes(*ByteSize(type, kCount), '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    if (BitWidth(type) < 8) {
      bytes.back() &= static_cast<char>((1 << BitWidth(type)) - 1);
    }
    if (!ElementsHaveText(type, bytes)) continue;
    std::string text;
    AppendElements(type, bytes, 0, kCount, &text);
    ASSERT_OK_AND_ASSIGN(const std::string back, Read(type, text));
    EXPECT_EQ(back, bytes) << ElementTypeName(type);
  }
}

TEST(TextElementsTest, RandomFloatsComeBack) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 20000; ++i) {
    const uint64_t bits = random();
    std::string bytes(reinterpret_cast<const char*>(&bits), sizeof(bits));
    for (ElementType type : {ElementType::kDouble, ElementType::kComplex64}) {
      if (!ElementsHaveText(type, bytes)) continue;
      std::string text;
      AppendElements(type, bytes, 0, 1, &text);
      ASSERT_OK_AND_ASSIGN(const std::string back, Read(type, text));
      ASSERT_EQ(back, bytes) << text;
    }
  }
}

TEST(TextElementsTest, SpecialFloats) {
  const std::string bytes = BytesOf<uint32_t>(
      {0x7fc00000, 0xffc00000, 0x7f800000, 0xff800000, 0x80000000, 1});
  EXPECT_TRUE(ElementsHaveText(ElementType::kFloat, bytes));
  std::string text;
  AppendElements(ElementType::kFloat, bytes, 0, 6, &text);
  EXPECT_EQ(text, "nan, -nan, inf, -inf, -0, 1e-45");
  ASSERT_OK_AND_ASSIGN(const std::string back, Read(ElementType::kFloat, text));
  EXPECT_EQ(back, bytes);
  EXPECT_FALSE(
      ElementsHaveText(ElementType::kFloat, BytesOf<uint32_t>({0x7fc00001})));
  EXPECT_FALSE(ElementsHaveText(ElementType::kComplex128,
                                BytesOf<uint64_t>({0, 0x7ff0000000000001})));
}

TEST(TextElementsTest, NarrowTypes) {
  ASSERT_OK_AND_ASSIGN(const std::string int4,
                       Read(ElementType::kInt4, "-8, 7, -1"));
  EXPECT_EQ(int4, "\x78\x0f");
  std::string text;
  AppendElements(ElementType::kInt4, int4, 0, 3, &text);
  EXPECT_EQ(text, "-8, 7, -1");
  ASSERT_OK_AND_ASSIGN(const std::string uint2,
                       Read(ElementType::kUint2, "3, 0, 1, 2, 3"));
  EXPECT_EQ(uint2, "\x93\x03");
  // An integer is a bit pattern, a number with a point is a value.
  ASSERT_OK_AND_ASSIGN(const std::string half,
                       Read(ElementType::kFloat16, "15360, 1.0, inf"));
  EXPECT_EQ(half, BytesOf<uint16_t>({0x3c00, 0x3c00, 0x7c00}));
}

TEST(TextElementsTest, ValuesThatDoNotFit) {
  const std::pair<ElementType, const char*> bad[] = {
      {ElementType::kUint8, "256"},
      {ElementType::kUint8, "-1"},
      {ElementType::kInt8, "-129"},
      {ElementType::kInt4, "8"},
      {ElementType::kUint2, "4"},
      {ElementType::kInt64, "9223372036854775808"},
      {ElementType::kFloat, "1e39"},
      {ElementType::kBool, "256"},
      {ElementType::kFloat16, "65536"}};
  for (const auto& [type, text] : bad) {
    EXPECT_THAT(Read(type, text), StatusIs(absl::StatusCode::kInvalidArgument,
                                           testing::HasSubstr("does not fit")))
        << text;
  }
  EXPECT_THAT(Read(ElementType::kInt32, "1.5"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "1:1: expected a number of type int32, not '1.5'"));
  EXPECT_FALSE(Read(ElementType::kFloat, "\"1\"").ok());
  EXPECT_FALSE(Read(ElementType::kFloat, "1 x").ok());
}

}  // namespace
}  // namespace onnxopt
