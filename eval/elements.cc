// SPDX-License-Identifier: Apache-2.0
#include "eval/elements.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "support/float_formats.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

template <typename T>
T Get(std::string_view bytes, int64_t i) {
  T value;
  std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
  return value;
}

template <typename T>
void Put(T value, int64_t i, std::span<char> bytes) {
  std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
}

template <typename T, typename Out>
void LoadPlain(std::string_view bytes, int64_t begin, std::span<Out> out) {
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<Out>(Get<T>(bytes, begin + static_cast<int64_t>(i)));
  }
}

// `decode` makes a number of the element's code.
template <typename Code, typename Out, typename Decode>
void LoadCodes(std::string_view bytes, int64_t begin, std::span<Out> out,
               Decode decode) {
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<Out>(
        decode(Get<Code>(bytes, begin + static_cast<int64_t>(i))));
  }
}

template <typename T>
void StorePlain(std::span<const int64_t> values, int64_t begin,
                std::span<char> bytes) {
  for (size_t i = 0; i < values.size(); ++i) {
    Put(static_cast<T>(values[i]), begin + static_cast<int64_t>(i), bytes);
  }
}

template <typename Encode>
void StoreCodes(std::span<const double> values, int64_t begin,
                std::span<char> bytes, Encode encode) {
  for (size_t i = 0; i < values.size(); ++i) {
    Put(encode(values[i]), begin + static_cast<int64_t>(i), bytes);
  }
}

// Packed codes of kBlock elements at most; `begin` starts a byte.
template <typename Values, typename Encode>
void StorePacked(int bits, Values values, int64_t begin, std::span<char> bytes,
                 Encode encode) {
  std::array<uint8_t, kBlock> codes;
  for (size_t done = 0; done < values.size();) {
    const size_t n = std::min<size_t>(kBlock, values.size() - done);
    for (size_t i = 0; i < n; ++i) codes[i] = encode(values[done + i]);
    const size_t first =
        static_cast<size_t>(begin + static_cast<int64_t>(done)) * bits / 8;
    PackElements(std::span(codes).first(n), bits,
                 bytes.subspan(first, PackedBytes(n, bits)));
    done += n;
  }
}

// A float that any format of at most 22 bits rounds to the same as `value`:
// what is between two floats becomes the one with an odd last bit.
float RoundToOdd(double value) {
  const auto nearest = static_cast<float>(value);
  if (!(static_cast<double>(nearest) != value) || !std::isfinite(nearest) ||
      std::isnan(value)) {
    return nearest;
  }
  auto bits = std::bit_cast<uint32_t>(nearest);
  if (std::fabs(static_cast<double>(nearest)) > std::fabs(value)) --bits;
  return std::bit_cast<float>(bits | 1);
}

int64_t Truncate(ElementType type, double value) {
  const double whole = std::trunc(value);
  if (type == ElementType::kUint64 && whole >= 0x1p63 && whole < 0x1p64) {
    return static_cast<int64_t>(static_cast<uint64_t>(whole));
  }
  const bool wide = BitWidth(type) == 64 || type == ElementType::kUint32;
  const double limit = wide ? 0x1p63 : 0x1p31;
  if (whole >= -limit && whole < limit) return static_cast<int64_t>(whole);
  return wide ? INT64_MIN : INT32_MIN;
}

float AnyFloat8ToFloat(ElementType type, uint8_t code) {
  switch (type) {
    case ElementType::kFloat8E4M3FN:
      return Float8ToFloat(Float8Format::kE4M3FN, code);
    case ElementType::kFloat8E4M3FNUZ:
      return Float8ToFloat(Float8Format::kE4M3FNUZ, code);
    case ElementType::kFloat8E5M2:
      return Float8ToFloat(Float8Format::kE5M2, code);
    case ElementType::kFloat8E5M2FNUZ:
      return Float8ToFloat(Float8Format::kE5M2FNUZ, code);
    default:
      return Float8E8M0ToFloat(code);
  }
}

}  // namespace

bool IsFloating(ElementType type) {
  switch (type) {
    case ElementType::kFloat:
    case ElementType::kDouble:
    case ElementType::kFloat16:
    case ElementType::kBfloat16:
    case ElementType::kFloat8E4M3FN:
    case ElementType::kFloat8E4M3FNUZ:
    case ElementType::kFloat8E5M2:
    case ElementType::kFloat8E5M2FNUZ:
    case ElementType::kFloat8E8M0:
    case ElementType::kFloat4E2M1:
      return true;
    default:
      return false;
  }
}

bool IsInteger(ElementType type) {
  switch (type) {
    case ElementType::kInt8:
    case ElementType::kInt16:
    case ElementType::kInt32:
    case ElementType::kInt64:
    case ElementType::kInt4:
    case ElementType::kInt2:
      return true;
    default:
      return IsUnsigned(type);
  }
}

bool IsUnsigned(ElementType type) {
  switch (type) {
    case ElementType::kUint8:
    case ElementType::kUint16:
    case ElementType::kUint32:
    case ElementType::kUint64:
    case ElementType::kUint4:
    case ElementType::kUint2:
      return true;
    default:
      return false;
  }
}

void LoadFloating(ElementType type, std::string_view bytes, int64_t begin,
                  std::span<double> out) {
  switch (type) {
    case ElementType::kFloat:
      return LoadPlain<float>(bytes, begin, out);
    case ElementType::kDouble:
      return LoadPlain<double>(bytes, begin, out);
    case ElementType::kFloat16:
      return LoadCodes<uint16_t>(bytes, begin, out, HalfToFloat);
    case ElementType::kBfloat16:
      return LoadCodes<uint16_t>(bytes, begin, out, BFloat16ToFloat);
    case ElementType::kFloat4E2M1:
      for (size_t i = 0; i < out.size(); ++i) {
        out[i] = Float4E2M1ToFloat(GetPacked(bytes, 4, begin + i));
      }
      return;
    default:
      return LoadCodes<uint8_t>(bytes, begin, out, [type](uint8_t code) {
        return AnyFloat8ToFloat(type, code);
      });
  }
}

void LoadIntegers(ElementType type, std::string_view bytes, int64_t begin,
                  std::span<int64_t> out) {
  switch (type) {
    case ElementType::kBool:
      return LoadCodes<uint8_t>(bytes, begin, out,
                                [](uint8_t code) { return code != 0; });
    case ElementType::kUint8:
      return LoadPlain<uint8_t>(bytes, begin, out);
    case ElementType::kInt8:
      return LoadPlain<int8_t>(bytes, begin, out);
    case ElementType::kUint16:
      return LoadPlain<uint16_t>(bytes, begin, out);
    case ElementType::kInt16:
      return LoadPlain<int16_t>(bytes, begin, out);
    case ElementType::kUint32:
      return LoadPlain<uint32_t>(bytes, begin, out);
    case ElementType::kInt32:
      return LoadPlain<int32_t>(bytes, begin, out);
    case ElementType::kUint64:
    case ElementType::kInt64:
      return LoadPlain<int64_t>(bytes, begin, out);
    default: {
      const int bits = BitWidth(type);
      ONNXOPT_CHECK(bits == 2 || bits == 4);
      const bool is_unsigned = IsUnsigned(type);
      for (size_t i = 0; i < out.size(); ++i) {
        const uint8_t code = GetPacked(bytes, bits, begin + i);
        out[i] = is_unsigned ? static_cast<int64_t>(code)
                             : static_cast<int64_t>(SignExtend(code, bits));
      }
    }
  }
}

void LoadNumbers(ElementType type, std::string_view bytes, int64_t begin,
                 std::span<double> out) {
  if (IsFloating(type)) return LoadFloating(type, bytes, begin, out);
  std::array<int64_t, kBlock> block;
  for (size_t done = 0; done < out.size();) {
    const size_t n = std::min<size_t>(kBlock, out.size() - done);
    LoadIntegers(type, bytes, begin + static_cast<int64_t>(done),
                 std::span(block).first(n));
    for (size_t i = 0; i < n; ++i) {
      out[done + i] = type == ElementType::kUint64
                          ? static_cast<double>(static_cast<uint64_t>(block[i]))
                          : static_cast<double>(block[i]);
    }
    done += n;
  }
}

void StoreFloating(ElementType type, std::span<const double> values,
                   int64_t begin, std::span<char> bytes,
                   Float8Rounding rounding) {
  const auto float8 = [&](Float8Format format) {
    StoreCodes(values, begin, bytes, [=](double value) {
      return FloatToFloat8(format, RoundToOdd(value), rounding.saturate);
    });
  };
  switch (type) {
    case ElementType::kFloat:
      return StoreCodes(values, begin, bytes,
                        [](double value) { return static_cast<float>(value); });
    case ElementType::kDouble:
      return StoreCodes(values, begin, bytes,
                        [](double value) { return value; });
    case ElementType::kFloat16:
      return StoreCodes(values, begin, bytes, DoubleToHalf);
    case ElementType::kBfloat16:
      return StoreCodes(values, begin, bytes, [](double value) {
        return FloatToBFloat16(RoundToOdd(value));
      });
    case ElementType::kFloat8E4M3FN:
      return float8(Float8Format::kE4M3FN);
    case ElementType::kFloat8E4M3FNUZ:
      return float8(Float8Format::kE4M3FNUZ);
    case ElementType::kFloat8E5M2:
      return float8(Float8Format::kE5M2);
    case ElementType::kFloat8E5M2FNUZ:
      return float8(Float8Format::kE5M2FNUZ);
    case ElementType::kFloat4E2M1:
      return StorePacked(4, values, begin, bytes, [](double value) {
        return FloatToFloat4E2M1(RoundToOdd(value));
      });
    default:
      ONNXOPT_CHECK(type == ElementType::kFloat8E8M0);
      return StoreCodes(values, begin, bytes, [=](double value) {
        return FloatToFloat8E8M0(RoundToOdd(value), rounding.saturate,
                                 rounding.e8m0);
      });
  }
}

void StoreIntegers(ElementType type, std::span<const int64_t> values,
                   int64_t begin, std::span<char> bytes) {
  switch (type) {
    case ElementType::kBool:
      for (size_t i = 0; i < values.size(); ++i) {
        bytes[begin + i] = values[i] != 0 ? 1 : 0;
      }
      return;
    case ElementType::kUint8:
    case ElementType::kInt8:
      return StorePlain<uint8_t>(values, begin, bytes);
    case ElementType::kUint16:
    case ElementType::kInt16:
      return StorePlain<uint16_t>(values, begin, bytes);
    case ElementType::kUint32:
    case ElementType::kInt32:
      return StorePlain<uint32_t>(values, begin, bytes);
    case ElementType::kUint64:
    case ElementType::kInt64:
      return StorePlain<int64_t>(values, begin, bytes);
    default: {
      const int bits = BitWidth(type);
      ONNXOPT_CHECK(bits == 2 || bits == 4);
      return StorePacked(bits, values, begin, bytes, [](int64_t value) {
        return static_cast<uint8_t>(value);
      });
    }
  }
}

void StoreNumbers(ElementType type, std::span<const double> values,
                  int64_t begin, std::span<char> bytes,
                  Float8Rounding rounding) {
  if (IsFloating(type)) {
    return StoreFloating(type, values, begin, bytes, rounding);
  }
  std::array<int64_t, kBlock> block;
  for (size_t done = 0; done < values.size();) {
    const size_t n = std::min<size_t>(kBlock, values.size() - done);
    for (size_t i = 0; i < n; ++i) {
      const double value = values[done + i];
      block[i] =
          type == ElementType::kBool ? value != 0 : Truncate(type, value);
    }
    StoreIntegers(type, std::span(block).first(n),
                  begin + static_cast<int64_t>(done), bytes);
    done += n;
  }
}

}  // namespace onnxopt::eval
