// SPDX-License-Identifier: Apache-2.0
#include "support/interner.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace onnxopt {
namespace {

TEST(InternerTest, EqualContentHasEqualData) {
  Interner interner;
  std::string text = "conv1";
  const std::string_view first = interner.Intern(text);
  text[0] = 'X';
  EXPECT_EQ(first, "conv1");
  EXPECT_EQ(interner.Intern("conv1").data(), first.data());
  EXPECT_NE(interner.Intern("conv2").data(), first.data());
  EXPECT_EQ(interner.size(), 2u);
}

TEST(InternerTest, EmptyAndBinaryStrings) {
  Interner interner;
  const std::string_view empty = interner.Intern("");
  EXPECT_TRUE(empty.empty());
  EXPECT_NE(empty.data(), nullptr);
  EXPECT_EQ(interner.Intern(std::string_view()).data(), empty.data());
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(interner.Intern("a\0b"sv), "a\0b"sv);
  EXPECT_NE(interner.Intern("a\0b"sv).data(), interner.Intern("a\0c"sv).data());
}

TEST(InternerTest, ViewsStayValidWhileItGrows) {
  Interner interner;
  std::vector<std::string_view> views;
  constexpr int kCount = 200000;
  for (int i = 0; i < kCount; ++i) {
    views.push_back(interner.Intern("/model/layer/" + std::to_string(i)));
  }
  for (int i = 0; i < kCount; ++i) {
    const std::string text = "/model/layer/" + std::to_string(i);
    ASSERT_EQ(views[static_cast<size_t>(i)], text);
    ASSERT_EQ(interner.Intern(text).data(),
              views[static_cast<size_t>(i)].data());
  }
  EXPECT_EQ(interner.size(), static_cast<size_t>(kCount));
}

}  // namespace
}  // namespace onnxopt
