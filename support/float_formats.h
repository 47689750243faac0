// SPDX-License-Identifier: Apache-2.0
//
// Bit-exact conversion between float and the narrow floating point formats of
// ONNX, and packing of elements narrower than a byte. Conversions to a narrow
// format round to nearest, ties to even, whatever the rounding mode of the
// processor is. Codes are bit patterns in the low bits of an integer.
#ifndef ONNXOPT_SUPPORT_FLOAT_FORMATS_H_
#define ONNXOPT_SUPPORT_FLOAT_FORMATS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace onnxopt {

// IEEE binary16 and bfloat16. Overflow gives infinity. A NaN keeps its sign and
// as much of its payload as fits, so narrow -> float -> narrow is the identity
// on all codes.
float HalfToFloat(uint16_t code);
uint16_t FloatToHalf(float value);
// Rounds once, which FloatToHalf(static_cast<float>(value)) does not.
uint16_t DoubleToHalf(double value);
float BFloat16ToFloat(uint16_t code);
uint16_t FloatToBFloat16(float value);

enum class Float8Format {
  kE4M3FN,    // bias 7, no infinity, NaN = S.1111.111, largest 448
  kE4M3FNUZ,  // bias 8, no infinity, no -0, NaN = 0x80, largest 240
  kE5M2,      // bias 15, infinity and NaN as in IEEE 754, largest 57344
  kE5M2FNUZ,  // bias 16, no infinity, no -0, NaN = 0x80, largest 57344
};

float Float8ToFloat(Float8Format format, uint8_t code);
// `saturate` as in Cast since opset 24: what is out of range, infinity
// included, becomes the largest finite value of its sign; else infinity or, if
// there is none, NaN.
uint8_t FloatToFloat8(Float8Format format, float value, bool saturate);

// Powers of two: code c is 2^(c - 127), 0xFF is NaN. Conversion ignores the
// sign; magnitudes below 2^-127 become that, infinity becomes NaN, and what
// rounds up beyond 2^127 becomes that with `saturate`, else NaN. kNearest
// rounds the middle between two powers up.
enum class E8M0Rounding { kUp, kDown, kNearest };
float Float8E8M0ToFloat(uint8_t code);
uint8_t FloatToFloat8E8M0(float value, bool saturate, E8M0Rounding rounding);

// 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives. Conversion saturates, and
// makes -0 of NaN.
float Float4E2M1ToFloat(uint8_t code);
uint8_t FloatToFloat4E2M1(float value);

// Packed elements of 2 or 4 bits: the first element is in the lowest bits of
// the first byte; unused bits of the last byte are zero.
constexpr size_t PackedBytes(size_t count, int bits) {
  const size_t per_byte = 8 / static_cast<size_t>(bits);
  return count / per_byte + (count % per_byte != 0);
}
constexpr uint8_t GetPacked(std::string_view packed, int bits, size_t index) {
  const size_t per_byte = 8 / static_cast<size_t>(bits);
  const auto byte = static_cast<uint8_t>(packed[index / per_byte]);
  return static_cast<uint8_t>(
      (byte >> (index % per_byte * static_cast<size_t>(bits))) &
      ((1 << bits) - 1));
}
// The two's complement value of the low `bits` of `code`.
constexpr int8_t SignExtend(uint8_t code, int bits) {
  const int sign = 1 << (bits - 1);
  return static_cast<int8_t>(((code & (2 * sign - 1)) ^ sign) - sign);
}
// One code per element, zero-extended. packed.size() must be
// PackedBytes(elements.size(), bits).
void UnpackElements(std::string_view packed, int bits,
                    std::span<uint8_t> elements);
// The low `bits` of every element.
void PackElements(std::span<const uint8_t> elements, int bits,
                  std::span<char> packed);

}  // namespace onnxopt

#endif  // ONNXOPT_SUPPORT_FLOAT_FORMATS_H_
