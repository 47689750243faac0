// SPDX-License-Identifier: Apache-2.0
#include "support/suggest.h"

#include <string>

#include "gtest/gtest.h"

namespace onnxopt {
namespace {

constexpr std::string_view kNames[] = {"cse", "cleanup", "eliminate-dead"};

TEST(NearestNameTest, FindsMistypedNames) {
  EXPECT_EQ(NearestName("cze", kNames), "cse");
  EXPECT_EQ(NearestName("eliminate-daed", kNames), "eliminate-dead");
  EXPECT_EQ(NearestName("clean", kNames), "cleanup");
  EXPECT_EQ(NearestName("cse", kNames), "cse");
}

TEST(NearestNameTest, DoesNotGuess) {
  EXPECT_EQ(NearestName("fuse-conv", kNames), "");
  EXPECT_EQ(NearestName(std::string(1 << 20, 'c'), kNames), "");
  EXPECT_EQ(NearestName("cse", {}), "");
}

TEST(NearestNameTest, PrefersTheFirstOfEquallyNearNames) {
  constexpr std::string_view kNear[] = {"abcd", "abce"};
  EXPECT_EQ(NearestName("abcf", kNear), "abcd");
}

}  // namespace
}  // namespace onnxopt
