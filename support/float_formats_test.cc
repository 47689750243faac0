// SPDX-License-Identifier: Apache-2.0
#include "support/float_formats.h"

#include <Eigen/Core>
#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace onnxopt {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr Float8Format kAllFloat8[] = {
    Float8Format::kE4M3FN, Float8Format::kE4M3FNUZ, Float8Format::kE5M2,
    Float8Format::kE5M2FNUZ};

uint32_t Bits(float value) { return std::bit_cast<uint32_t>(value); }

// Checks the border between every two neighbouring values, on both sides of
// zero: the middle goes to the even code, what is next to it to the nearer.
void ExpectRoundsToNearestEven(const std::function<float(uint32_t)>& decode,
                               const std::function<uint32_t(float)>& encode,
                               uint32_t max_finite, uint32_t sign_bit,
                               bool negative_zero = true) {
  for (uint32_t low = 0; low < max_finite; ++low) {
    const float a = decode(low), b = decode(low + 1);
    ASSERT_LT(a, b) << low;
    const auto middle = static_cast<float>((double{a} + double{b}) / 2);
    const uint32_t even = low % 2 == 0 ? low : low + 1;
    for (const auto& [value, code] :
         {std::pair(middle, even), std::pair(std::nextafter(middle, a), low),
          std::pair(std::nextafter(middle, b), low + 1)}) {
      ASSERT_EQ(encode(value), code) << value;
      const bool is_zero = code == 0 && !negative_zero;
      ASSERT_EQ(encode(-value), is_zero ? 0 : code | sign_bit) << -value;
    }
  }
}

TEST(HalfTest, AllCodesAgreeWithEigenAndRoundTrip) {
  for (uint32_t i = 0; i <= 0xFFFF; ++i) {
    const auto code = static_cast<uint16_t>(i);
    const float value = HalfToFloat(code);
    EXPECT_EQ(FloatToHalf(value), code);
    EXPECT_EQ(DoubleToHalf(static_cast<double>(value)) & 0xFDFF, code & 0xFDFF);
    if (std::isnan(value)) {
      EXPECT_GT(code & 0x7FFF, 0x7C00);
      continue;
    }
    const auto eigen = Eigen::numext::bit_cast<Eigen::half>(code);
    EXPECT_EQ(Bits(value), Bits(static_cast<float>(eigen)));
  }
}

TEST(HalfTest, RoundsToNearestEven) {
  ExpectRoundsToNearestEven(
      [](uint32_t code) { return HalfToFloat(static_cast<uint16_t>(code)); },
      FloatToHalf, 0x7BFF, 0x8000);
}

TEST(HalfTest, RandomFloatsAgreeWithEigen) {
  std::mt19937 random(1);
  for (int i = 0; i < 1'000'000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (std::isnan(value)) continue;
    ASSERT_EQ(FloatToHalf(value),
              Eigen::numext::bit_cast<uint16_t>(Eigen::half(value)))
        << value;
  }
}

TEST(HalfTest, SpecialValues) {
  EXPECT_EQ(FloatToHalf(65504.0f), 0x7BFF);
  EXPECT_EQ(FloatToHalf(65519.99f), 0x7BFF);
  EXPECT_EQ(FloatToHalf(65520.0f), 0x7C00);
  EXPECT_EQ(FloatToHalf(-kInf), 0xFC00);
  EXPECT_EQ(FloatToHalf(kNan), 0x7E00);
  EXPECT_EQ(FloatToHalf(-0.0f), 0x8000);
  // A NaN whose payload does not fit must not become infinity.
  EXPECT_EQ(FloatToHalf(std::bit_cast<float>(0x7F800001u)), 0x7E00);
  EXPECT_EQ(FloatToHalf(std::numeric_limits<float>::denorm_min()), 0);
}

TEST(HalfTest, DoubleIsRoundedOnce) {
  const double value = 1 + std::ldexp(1.0, -11) + std::ldexp(1.0, -40);
  EXPECT_EQ(DoubleToHalf(value), 0x3C01);
  EXPECT_EQ(FloatToHalf(static_cast<float>(value)), 0x3C00);
  EXPECT_EQ(DoubleToHalf(1e300), 0x7C00);
  EXPECT_EQ(DoubleToHalf(-1e-300), 0x8000);
  EXPECT_EQ(DoubleToHalf(std::numeric_limits<double>::denorm_min()), 0);
}

TEST(BFloat16Test, AllCodesRoundTrip) {
  for (uint32_t i = 0; i <= 0xFFFF; ++i) {
    const auto code = static_cast<uint16_t>(i);
    const float value = BFloat16ToFloat(code);
    EXPECT_EQ(Bits(value), i << 16);
    EXPECT_EQ(FloatToBFloat16(value), code);
  }
}

TEST(BFloat16Test, RoundsToNearestEven) {
  ExpectRoundsToNearestEven(
      [](uint32_t code) {
        return BFloat16ToFloat(static_cast<uint16_t>(code));
      },
      FloatToBFloat16, 0x7F7F, 0x8000);
}

TEST(BFloat16Test, RandomFloatsAgreeWithEigen) {
  std::mt19937 random(2);
  for (int i = 0; i < 1'000'000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (std::isnan(value)) continue;
    ASSERT_EQ(FloatToBFloat16(value),
              Eigen::numext::bit_cast<uint16_t>(Eigen::bfloat16(value)))
        << value;
  }
  EXPECT_EQ(FloatToBFloat16(std::numeric_limits<float>::max()), 0x7F80);
  EXPECT_EQ(FloatToBFloat16(kNan), 0x7FC0);
}

// What the papers and the ONNX documentation say about each format, with libm.
float Float8Reference(Float8Format format, int code) {
  const bool e4 =
      format == Float8Format::kE4M3FN || format == Float8Format::kE4M3FNUZ;
  const int mantissa_bits = e4 ? 3 : 2;
  const bool fnuz =
      format == Float8Format::kE4M3FNUZ || format == Float8Format::kE5M2FNUZ;
  const int bias = (e4 ? 7 : 15) + (fnuz ? 1 : 0);
  const int magnitude = code & 0x7F;
  const float sign = code >= 0x80 ? -1.0f : 1.0f;
  if (fnuz && code == 0x80) return kNan;
  if (format == Float8Format::kE4M3FN && magnitude == 0x7F) return kNan;
  if (format == Float8Format::kE5M2 && magnitude == 0x7C) return sign * kInf;
  if (format == Float8Format::kE5M2 && magnitude > 0x7C) return kNan;
  const int exponent = magnitude >> mantissa_bits;
  const int mantissa = magnitude & ((1 << mantissa_bits) - 1);
  const int significand =
      exponent == 0 ? mantissa : mantissa + (1 << mantissa_bits);
  const int power = std::max(exponent, 1) - bias - mantissa_bits;
  return sign * std::ldexp(static_cast<float>(significand), power);
}

TEST(Float8Test, AllCodesDecodeAndRoundTrip) {
  for (const Float8Format format : kAllFloat8) {
    for (int i = 0; i <= 0xFF; ++i) {
      const auto code = static_cast<uint8_t>(i);
      const float value = Float8ToFloat(format, code);
      const float expected = Float8Reference(format, i);
      if (std::isnan(expected)) {
        EXPECT_TRUE(std::isnan(value)) << i;
      } else {
        EXPECT_EQ(Bits(value), Bits(expected)) << i;
      }
      EXPECT_EQ(FloatToFloat8(format, value, false), code);
      if (!std::isinf(value)) {
        EXPECT_EQ(FloatToFloat8(format, value, true), code);
      }
    }
  }
}

TEST(Float8Test, RoundsToNearestEven) {
  constexpr uint32_t kMaxFinite[] = {0x7E, 0x7F, 0x7B, 0x7F};
  for (int i = 0; i < 4; ++i) {
    const Float8Format format = kAllFloat8[i];
    for (const bool saturate : {false, true}) {
      ExpectRoundsToNearestEven(
          [=](uint32_t code) {
            return Float8ToFloat(format, static_cast<uint8_t>(code));
          },
          [=](float value) { return FloatToFloat8(format, value, saturate); },
          kMaxFinite[i], 0x80, /*negative_zero=*/i % 2 == 0);
    }
  }
}

std::vector<int> CastAll(Float8Format format, bool saturate,
                         const std::vector<float>& values) {
  std::vector<int> codes;
  for (const float value : values) {
    codes.push_back(FloatToFloat8(format, value, saturate));
  }
  return codes;
}

// Inputs and codes of ONNX's operator tests for Cast.
TEST(Float8Test, CastVectors) {
  const std::vector<float> x = {0.478925f, 0.480337f, 0.499685f, 0.819105f,
                                0.470312f, 0.722904f, 1e6f,      1e-7f,
                                kNan,      kInf,      kInf,      -kInf,
                                -1e-7f,    1e-7f,     -1e6f};
  EXPECT_THAT(CastAll(Float8Format::kE4M3FN, true, x),
              ElementsAre(0x2f, 0x2f, 0x30, 0x35, 0x2f, 0x34, 0x7e, 0x00, 0x7f,
                          0x7e, 0x7e, 0xfe, 0x80, 0x00, 0xfe));
  EXPECT_THAT(CastAll(Float8Format::kE4M3FN, false, x),
              ElementsAre(0x2f, 0x2f, 0x30, 0x35, 0x2f, 0x34, 0x7f, 0x00, 0x7f,
                          0x7f, 0x7f, 0xff, 0x80, 0x00, 0xff));
  EXPECT_THAT(CastAll(Float8Format::kE4M3FNUZ, true, x),
              ElementsAre(0x37, 0x37, 0x38, 0x3d, 0x37, 0x3c, 0x7f, 0x00, 0x80,
                          0x7f, 0x7f, 0xff, 0x00, 0x00, 0xff));
  EXPECT_THAT(CastAll(Float8Format::kE4M3FNUZ, false, x),
              ElementsAre(0x37, 0x37, 0x38, 0x3d, 0x37, 0x3c, 0x80, 0x00, 0x80,
                          0x80, 0x80, 0x80, 0x00, 0x00, 0x80));
  EXPECT_THAT(CastAll(Float8Format::kE5M2, true, x),
              ElementsAre(0x38, 0x38, 0x38, 0x3b, 0x38, 0x3a, 0x7b, 0x00, 0x7e,
                          0x7b, 0x7b, 0xfb, 0x80, 0x00, 0xfb));
  EXPECT_THAT(CastAll(Float8Format::kE5M2, false, x),
              ElementsAre(0x38, 0x38, 0x38, 0x3b, 0x38, 0x3a, 0x7c, 0x00, 0x7e,
                          0x7c, 0x7c, 0xfc, 0x80, 0x00, 0xfc));
  EXPECT_THAT(CastAll(Float8Format::kE5M2FNUZ, true, x),
              ElementsAre(0x3c, 0x3c, 0x3c, 0x3f, 0x3c, 0x3e, 0x7f, 0x00, 0x80,
                          0x7f, 0x7f, 0xff, 0x00, 0x00, 0xff));
  EXPECT_THAT(CastAll(Float8Format::kE5M2FNUZ, false, x),
              ElementsAre(0x3c, 0x3c, 0x3c, 0x3f, 0x3c, 0x3e, 0x80, 0x00, 0x80,
                          0x80, 0x80, 0x80, 0x00, 0x00, 0x80));
}

TEST(Float8Test, BordersOfTheRange) {
  // Half a unit above 448 is a tie with the code of NaN, which is odd.
  EXPECT_EQ(FloatToFloat8(Float8Format::kE4M3FN, 464.0f, false), 0x7E);
  EXPECT_EQ(FloatToFloat8(Float8Format::kE4M3FN, 464.1f, false), 0x7F);
  EXPECT_EQ(FloatToFloat8(Float8Format::kE4M3FNUZ, 247.9f, false), 0x7F);
  EXPECT_EQ(FloatToFloat8(Float8Format::kE4M3FNUZ, 248.0f, false), 0x80);
  EXPECT_EQ(FloatToFloat8(Float8Format::kE5M2, 61439.0f, false), 0x7B);
  EXPECT_EQ(FloatToFloat8(Float8Format::kE5M2, 61440.0f, false), 0x7C);
  EXPECT_EQ(FloatToFloat8(Float8Format::kE5M2FNUZ, 57344.0f, false), 0x7F);
}

TEST(Float8E8M0Test, AllCodesRoundTrip) {
  for (int i = 0; i <= 0xFE; ++i) {
    const float value = Float8E8M0ToFloat(static_cast<uint8_t>(i));
    EXPECT_EQ(value, std::ldexp(1.0f, i - 127));
    for (const auto rounding :
         {E8M0Rounding::kUp, E8M0Rounding::kDown, E8M0Rounding::kNearest}) {
      EXPECT_EQ(FloatToFloat8E8M0(value, false, rounding), i);
    }
  }
  EXPECT_TRUE(std::isnan(Float8E8M0ToFloat(0xFF)));
}

TEST(Float8E8M0Test, Rounding) {
  const auto up = [](float value) {
    return FloatToFloat8E8M0(value, true, E8M0Rounding::kUp);
  };
  // From ONNX's operator tests.
  EXPECT_THAT((std::vector<int>{up(0), up(0.124f), up(0.25f), up(0.5f),
                                up(1.1f), up(2), up(4), up(8)}),
              ElementsAre(0x00, 0x7c, 0x7d, 0x7e, 0x80, 0x80, 0x81, 0x82));
  EXPECT_EQ(up(1.25f), 0x80);
  EXPECT_EQ(up(3e38f), 0xFE);
  EXPECT_EQ(FloatToFloat8E8M0(3e38f, false, E8M0Rounding::kUp), 0xFF);
  EXPECT_EQ(FloatToFloat8E8M0(1.9f, true, E8M0Rounding::kDown), 0x7F);
  EXPECT_EQ(FloatToFloat8E8M0(1.49f, true, E8M0Rounding::kNearest), 0x7F);
  EXPECT_EQ(FloatToFloat8E8M0(1.5f, true, E8M0Rounding::kNearest), 0x80);
  EXPECT_EQ(up(kNan), 0xFF);
  EXPECT_EQ(up(kInf), 0xFF);
  EXPECT_EQ(up(-2.0f), 0x80);
  EXPECT_EQ(up(std::ldexp(1.25f, -127)), 1);
  EXPECT_EQ(
      FloatToFloat8E8M0(std::ldexp(1.25f, -127), true, E8M0Rounding::kNearest),
      0);
}

TEST(Float4E2M1Test, Values) {
  constexpr float kValues[] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
  for (uint8_t code = 0; code < 16; ++code) {
    const float value = code < 8 ? kValues[code] : -kValues[code - 8];
    EXPECT_EQ(Bits(Float4E2M1ToFloat(code)), Bits(value));
    EXPECT_EQ(FloatToFloat4E2M1(value), code);
  }
  ExpectRoundsToNearestEven(
      [](uint32_t code) {
        return Float4E2M1ToFloat(static_cast<uint8_t>(code));
      },
      FloatToFloat4E2M1, 7, 8);
}

// Inputs and codes of ONNX's operator tests for Cast.
TEST(Float4E2M1Test, CastVectors) {
  std::vector<int> codes;
  for (const float value :
       {0.48f, 0.25f, 1.05f, -3.5f, -8.0f, 9.0f, 1e6f, 1e-7f, kNan, kInf, kInf,
        -kInf, -4.0f, 0.01f, -0.0f}) {
    codes.push_back(FloatToFloat4E2M1(value));
  }
  EXPECT_THAT(codes,
              ElementsAre(1, 0, 2, 14, 15, 7, 7, 0, 8, 7, 7, 15, 14, 0, 8));
}

TEST(PackingTest, FirstElementIsInTheLowBits) {
  const std::vector<uint8_t> four = {0x1, 0x2, 0xF};
  std::string packed(PackedBytes(four.size(), 4), '\xFF');
  PackElements(four, 4, packed);
  EXPECT_EQ(packed, "\x21\x0F");

  const std::vector<uint8_t> two = {1, 2, 3, 0, 3};
  packed.assign(PackedBytes(two.size(), 2), '\xFF');
  PackElements(two, 2, packed);
  EXPECT_EQ(packed, "\x39\x03");
}

TEST(PackingTest, RoundTripsAnyCount) {
  for (const int bits : {2, 4}) {
    for (size_t count = 0; count < 20; ++count) {
      std::vector<uint8_t> elements(count);
      for (size_t i = 0; i < count; ++i) {
        elements[i] = static_cast<uint8_t>((i * 7 + 3) & ((1u << bits) - 1));
      }
      std::string packed(PackedBytes(count, bits), '\0');
      EXPECT_EQ(packed.size(), (count * static_cast<size_t>(bits) + 7) / 8);
      PackElements(elements, bits, packed);
      std::vector<uint8_t> unpacked(count);
      UnpackElements(packed, bits, unpacked);
      EXPECT_THAT(unpacked, ElementsAreArray(elements));
    }
  }
}

TEST(PackingTest, SignExtend) {
  EXPECT_EQ(SignExtend(0x7, 4), 7);
  EXPECT_EQ(SignExtend(0x8, 4), -8);
  EXPECT_EQ(SignExtend(0xF, 4), -1);
  EXPECT_EQ(SignExtend(1, 2), 1);
  EXPECT_EQ(SignExtend(2, 2), -2);
}

}  // namespace
}  // namespace onnxopt
