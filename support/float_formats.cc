// SPDX-License-Identifier: Apache-2.0
#include "support/float_formats.h"

#include <bit>
#include <limits>

#include "support/status.h"

namespace onnxopt {
namespace {

static_assert(std::numeric_limits<float>::is_iec559 &&
              std::numeric_limits<double>::is_iec559);

struct Format {
  int exponent_bits;
  int mantissa_bits;
  int bias;
  uint32_t max_finite;  // code of the largest finite value
  uint32_t overflow;    // code of infinity, or of NaN where there is none
  bool ieee;            // has infinities, and NaNs with a payload
  bool negative_zero;   // else the code of -0 is NaN

  constexpr uint32_t sign_bit() const {
    return uint32_t{1} << (exponent_bits + mantissa_bits);
  }
};

constexpr Format kHalf = {5, 10, 15, 0x7BFF, 0x7C00, true, true};
constexpr Format kBFloat16 = {8, 7, 127, 0x7F7F, 0x7F80, true, true};
constexpr Format kE4M3FN = {4, 3, 7, 0x7E, 0x7F, false, true};
constexpr Format kE4M3FNUZ = {4, 3, 8, 0x7F, 0x80, false, false};
constexpr Format kE5M2 = {5, 2, 15, 0x7B, 0x7C, true, true};
constexpr Format kE5M2FNUZ = {5, 2, 16, 0x7F, 0x80, false, false};
// Has no NaN; ONNX's reference makes it -0.
constexpr Format kE2M1 = {2, 1, 1, 0x7, 0x8, false, true};

constexpr uint32_t kFloatQuietNan = 0x7FC00000;
constexpr uint32_t kFloatInfinity = 0x7F800000;
constexpr int kDoubleMantissaBits = 52;
constexpr int kDoubleBias = 1023;
constexpr uint64_t kDoubleSign = uint64_t{1} << 63;
constexpr uint64_t kDoubleInfinity = uint64_t{0x7FF} << kDoubleMantissaBits;

// The bits of `value` as a double. The processor would make signaling NaNs
// quiet.
uint64_t WideBits(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude <= kFloatInfinity) {
    return std::bit_cast<uint64_t>(static_cast<double>(value));
  }
  return (uint64_t{bits >> 31} << 63) | kDoubleInfinity |
         (uint64_t{bits & 0x7FFFFF} << (kDoubleMantissaBits - 23));
}

// The code of a finite or infinite magnitude, as if the exponent had no upper
// limit: counting codes from zero up counts values in steps of one unit in the
// last place, so a carry out of the mantissa needs no care.
template <Format F>
uint32_t RoundMagnitude(uint64_t magnitude) {
  constexpr int kMinExponent = 1 - F.bias;
  const int field = static_cast<int>(magnitude >> kDoubleMantissaBits);
  if (field == 0) return 0;  // far below all formats
  const int exponent = field - kDoubleBias;
  const int scale = exponent > kMinExponent ? exponent : kMinExponent;
  const int drop = kDoubleMantissaBits - F.mantissa_bits + (scale - exponent);
  if (drop > kDoubleMantissaBits + 2) return 0;  // below half of the smallest
  constexpr uint64_t kImplicitOne = uint64_t{1} << kDoubleMantissaBits;
  const uint64_t mantissa = (magnitude & (kImplicitOne - 1)) | kImplicitOne;
  const uint64_t half = uint64_t{1} << (drop - 1);
  const uint64_t rest = mantissa & (2 * half - 1);
  uint64_t units = mantissa >> drop;
  if (rest > half || (rest == half && units % 2 == 1)) ++units;
  return (static_cast<uint32_t>(scale - kMinExponent) << F.mantissa_bits) +
         static_cast<uint32_t>(units);
}

template <Format F>
uint32_t EncodeNan(uint32_t sign, uint64_t bits) {
  if (!F.ieee) return sign | F.overflow;
  constexpr uint32_t kMask = (uint32_t{1} << F.mantissa_bits) - 1;
  const uint32_t payload =
      static_cast<uint32_t>(bits >> (kDoubleMantissaBits - F.mantissa_bits)) &
      kMask;
  constexpr uint32_t kQuiet = uint32_t{1} << (F.mantissa_bits - 1);
  return sign | F.overflow | (payload != 0 ? payload : kQuiet);
}

template <Format F>
uint32_t Encode(uint64_t bits, bool saturate) {
  const uint32_t sign = (bits & kDoubleSign) != 0 ? F.sign_bit() : 0;
  const uint64_t magnitude = bits & ~kDoubleSign;
  if (magnitude > kDoubleInfinity) return EncodeNan<F>(sign, bits);
  const uint32_t code = RoundMagnitude<F>(magnitude);
  if (code > F.max_finite) return sign | (saturate ? F.max_finite : F.overflow);
  if (code == 0 && !F.negative_zero) return 0;
  return sign | code;
}

template <Format F>
float Decode(uint32_t code) {
  const uint32_t sign = (code & F.sign_bit()) != 0 ? uint32_t{1} << 31 : 0;
  const uint32_t magnitude = code & (F.sign_bit() - 1);
  const uint32_t mantissa = magnitude & ((uint32_t{1} << F.mantissa_bits) - 1);
  const uint32_t fraction = mantissa << (23 - F.mantissa_bits);
  if (magnitude > F.max_finite) {
    return std::bit_cast<float>(
        sign | (F.ieee ? kFloatInfinity | fraction : kFloatQuietNan));
  }
  if (!F.negative_zero && magnitude == 0 && sign != 0) {
    return std::bit_cast<float>(kFloatQuietNan);
  }
  const uint32_t exponent = magnitude >> F.mantissa_bits;
  if (exponent == 0) {
    constexpr auto kUnit = static_cast<uint32_t>(128 - F.bias - F.mantissa_bits)
                           << 23;
    const float value =
        static_cast<float>(mantissa) * std::bit_cast<float>(kUnit);
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(value));
  }
  return std::bit_cast<float>(
      sign | (exponent + static_cast<uint32_t>(127 - F.bias)) << 23 | fraction);
}

}  // namespace

float HalfToFloat(uint16_t code) { return Decode<kHalf>(code); }

uint16_t FloatToHalf(float value) {
  return static_cast<uint16_t>(Encode<kHalf>(WideBits(value), false));
}

uint16_t DoubleToHalf(double value) {
  return static_cast<uint16_t>(
      Encode<kHalf>(std::bit_cast<uint64_t>(value), false));
}

float BFloat16ToFloat(uint16_t code) {
  return std::bit_cast<float>(uint32_t{code} << 16);
}

uint16_t FloatToBFloat16(float value) {
  return static_cast<uint16_t>(Encode<kBFloat16>(WideBits(value), false));
}

float Float8ToFloat(Float8Format format, uint8_t code) {
  switch (format) {
    case Float8Format::kE4M3FN:
      return Decode<kE4M3FN>(code);
    case Float8Format::kE4M3FNUZ:
      return Decode<kE4M3FNUZ>(code);
    case Float8Format::kE5M2:
      return Decode<kE5M2>(code);
    case Float8Format::kE5M2FNUZ:
      return Decode<kE5M2FNUZ>(code);
  }
  internal::CheckFailed(__FILE__, __LINE__, "known float8 format");
}

uint8_t FloatToFloat8(Float8Format format, float value, bool saturate) {
  const uint64_t bits = WideBits(value);
  switch (format) {
    case Float8Format::kE4M3FN:
      return static_cast<uint8_t>(Encode<kE4M3FN>(bits, saturate));
    case Float8Format::kE4M3FNUZ:
      return static_cast<uint8_t>(Encode<kE4M3FNUZ>(bits, saturate));
    case Float8Format::kE5M2:
      return static_cast<uint8_t>(Encode<kE5M2>(bits, saturate));
    case Float8Format::kE5M2FNUZ:
      return static_cast<uint8_t>(Encode<kE5M2FNUZ>(bits, saturate));
  }
  internal::CheckFailed(__FILE__, __LINE__, "known float8 format");
}

float Float8E8M0ToFloat(uint8_t code) {
  if (code == 0xFF) return std::bit_cast<float>(kFloatQuietNan);
  constexpr uint32_t kTwoToMinus127 = 0x400000;  // a subnormal float
  return std::bit_cast<float>(code == 0 ? kTwoToMinus127
                                        : uint32_t{code} << 23);
}

uint8_t FloatToFloat8E8M0(float value, bool saturate, E8M0Rounding rounding) {
  const uint32_t magnitude = std::bit_cast<uint32_t>(value) & 0x7FFFFFFF;
  if (magnitude >= kFloatInfinity) return 0xFF;
  constexpr uint32_t kTwoToMinus127 = 0x400000;
  if (magnitude <= kTwoToMinus127) return 0;
  uint32_t code = magnitude >> 23;
  // The fraction above the power of two below, in units of 2^-23 of it.
  const uint32_t fraction =
      code == 0 ? (magnitude - kTwoToMinus127) * 2 : magnitude & 0x7FFFFF;
  const bool up = rounding == E8M0Rounding::kUp        ? fraction != 0
                  : rounding == E8M0Rounding::kNearest ? fraction >= 0x400000
                                                       : false;
  if (up) ++code;
  return static_cast<uint8_t>(code == 0xFF && saturate ? 0xFE : code);
}

float Float4E2M1ToFloat(uint8_t code) { return Decode<kE2M1>(code); }

uint8_t FloatToFloat4E2M1(float value) {
  return static_cast<uint8_t>(Encode<kE2M1>(WideBits(value), true));
}

void UnpackElements(std::string_view packed, int bits,
                    std::span<uint8_t> elements) {
  ONNXOPT_CHECK(packed.size() == PackedBytes(elements.size(), bits));
  for (size_t i = 0; i < elements.size(); ++i) {
    elements[i] = GetPacked(packed, bits, i);
  }
}

void PackElements(std::span<const uint8_t> elements, int bits,
                  std::span<char> packed) {
  ONNXOPT_CHECK(packed.size() == PackedBytes(elements.size(), bits));
  const size_t per_byte = 8 / static_cast<size_t>(bits);
  for (size_t byte = 0; byte < packed.size(); ++byte) {
    unsigned value = 0;
    for (size_t i = 0; i < per_byte; ++i) {
      const size_t element = byte * per_byte + i;
      if (element == elements.size()) break;
      value |= (elements[element] & ((1u << bits) - 1))
               << (i * static_cast<size_t>(bits));
    }
    packed[byte] = static_cast<char>(value);
  }
}

}  // namespace onnxopt
