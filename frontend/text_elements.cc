// SPDX-License-Identifier: Apache-2.0
#include "frontend/text_elements.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fmt/core.h"
#include "support/float_formats.h"
#include "support/status.h"
#include "support/text_escape.h"

namespace onnxopt {
namespace {

using Kind = TextToken::Kind;

absl::Status DoesNotFit(const TextToken& token, std::string_view type) {
  return TextError(token.at, fmt::format("{} does not fit {}",
                                         QuoteForMessage(token.text), type));
}

absl::Status NotANumber(const TextToken& token, std::string_view type) {
  if (token.kind == Kind::kBad) return TextError(token.at, token.text);
  return TextError(token.at,
                   fmt::format("expected a number of type {}, not {}", type,
                               QuoteForMessage(token.text, 40)));
}

bool IsFloatLiteral(const TextToken& token) {
  return token.kind == Kind::kFloat ||
         (token.kind == Kind::kIdentifier && IsFloatWord(token.text));
}

template <typename T>
absl::StatusOr<T> ParseFloating(const TextToken& token, std::string_view type) {
  if (!IsFloatLiteral(token) && token.kind != Kind::kInt) {
    return NotANumber(token, type);
  }
  std::string_view text = token.text;
  const bool negative = text[0] == '-';
  if (negative) text.remove_prefix(1);
  T value = 0;
  if (IsFloatWord(text)) {
    const bool is_nan = text[0] == 'n' || text[0] == 'N';
    value = is_nan ? std::numeric_limits<T>::quiet_NaN()
                   : std::numeric_limits<T>::infinity();
  } else {
    const auto end = text.data() + text.size();
    if (std::from_chars(text.data(), end, value).ec != std::errc()) {
      return DoesNotFit(token, type);
    }
  }
  return std::copysign(value, negative ? T{-1} : T{1});
}

template <typename T>
absl::StatusOr<T> ParseInteger(const TextToken& token, std::string_view type) {
  if (token.kind != Kind::kInt) return NotANumber(token, type);
  T value = 0;
  const char* end = token.text.data() + token.text.size();
  const auto result = std::from_chars(token.text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end) {
    return DoesNotFit(token, type);
  }
  return value;
}

template <typename T>
void AppendFloating(T value, std::string* out) {
  if (std::isnan(value)) {
    *out += std::signbit(value) ? "-nan" : "nan";
    return;
  }
  char buffer[32];
  out->append(buffer, std::to_chars(buffer, std::end(buffer), value).ptr);
}

template <typename T>
void AppendRaw(T value, std::string* bytes) {
  bytes->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <typename T>
T Load(std::string_view bytes, int64_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

bool IsSigned(ElementType type) {
  return type == ElementType::kInt4 || type == ElementType::kInt2;
}

// The bit pattern of `value` in a floating point type of at most 16 bits.
uint16_t Round(ElementType type, float value) {
  constexpr bool kSaturate = true;
  switch (type) {
    case ElementType::kFloat16:
      return FloatToHalf(value);
    case ElementType::kBfloat16:
      return FloatToBFloat16(value);
    case ElementType::kFloat8E4M3FN:
      return FloatToFloat8(Float8Format::kE4M3FN, value, kSaturate);
    case ElementType::kFloat8E4M3FNUZ:
      return FloatToFloat8(Float8Format::kE4M3FNUZ, value, kSaturate);
    case ElementType::kFloat8E5M2:
      return FloatToFloat8(Float8Format::kE5M2, value, kSaturate);
    case ElementType::kFloat8E5M2FNUZ:
      return FloatToFloat8(Float8Format::kE5M2FNUZ, value, kSaturate);
    case ElementType::kFloat8E8M0:
      return FloatToFloat8E8M0(value, kSaturate, E8M0Rounding::kNearest);
    default:
      return FloatToFloat4E2M1(value);
  }
}

bool IsNarrowFloat(ElementType type) {
  switch (type) {
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

// Elements of at most 16 bits, all but int8 and int16: a code of `bits` bits.
absl::StatusOr<uint16_t> ParseCode(ElementType type, const TextToken& token) {
  if (IsNarrowFloat(type) && IsFloatLiteral(token)) {
    ASSIGN_OR_RETURN(const float value, ParseTextFloat(token));
    return Round(type, value);
  }
  const std::string_view name = ElementTypeName(type);
  ASSIGN_OR_RETURN(const int32_t value, ParseInteger<int32_t>(token, name));
  const int bits = BitWidth(type);
  const int32_t min = IsSigned(type) ? -(1 << (bits - 1)) : 0;
  if (value < min || value - min >= 1 << bits) return DoesNotFit(token, name);
  return static_cast<uint16_t>(value & ((1 << bits) - 1));
}

// Appends numbers [first, last) that `append` writes.
template <typename Append>
void AppendList(int64_t first, int64_t last, std::string* out, Append append) {
  for (int64_t i = first; i < last; ++i) {
    if (i > first) *out += ", ";
    append(i);
  }
}

template <typename T>
void AppendFloats(std::string_view bytes, int64_t first, int64_t last,
                  std::string* out) {
  AppendList(first, last, out,
             [&](int64_t i) { AppendFloating(Load<T>(bytes, i), out); });
}

template <typename T>
bool FloatsHaveText(std::string_view bytes) {
  const int64_t count = static_cast<int64_t>(bytes.size() / sizeof(T));
  for (int64_t i = 0; i < count; ++i) {
    const T value = Load<T>(bytes, i);
    if (!std::isnan(value)) continue;
    const T canonical = std::copysign(std::numeric_limits<T>::quiet_NaN(),
                                      std::signbit(value) ? T{-1} : T{1});
    if (std::memcmp(&canonical, &value, sizeof(T)) != 0) return false;
  }
  return true;
}

template <typename T>
void AppendInts(std::string_view bytes, int64_t first, int64_t last,
                std::string* out) {
  AppendList(first, last, out,
             [&](int64_t i) { absl::StrAppend(out, Load<T>(bytes, i)); });
}

void AppendCodes(ElementType type, std::string_view bytes, int64_t first,
                 int64_t last, std::string* out) {
  const int bits = BitWidth(type);
  AppendList(first, last, out, [&](int64_t i) {
    const uint8_t code = GetPacked(bytes, bits, i);
    absl::StrAppend(out, IsSigned(type) ? SignExtend(code, bits) : code);
  });
}

}  // namespace

absl::StatusOr<float> ParseTextFloat(const TextToken& token) {
  return ParseFloating<float>(token, "float");
}

absl::StatusOr<int64_t> ParseTextInt(const TextToken& token) {
  return ParseInteger<int64_t>(token, "int64");
}

void AppendTextNumber(float value, std::string* out) {
  AppendFloating(value, out);
}
void AppendTextNumber(double value, std::string* out) {
  AppendFloating(value, out);
}

absl::Status ElementReader::Add(const TextToken& token) {
  const std::string_view name = ElementTypeName(type_);
  const auto append = [&](auto value) {
    if (value.ok()) AppendRaw(*value, &bytes_);
    return value.status();
  };
  ++num_numbers_;
  switch (type_) {
    case ElementType::kFloat:
    case ElementType::kComplex64:
      return append(ParseFloating<float>(token, name));
    case ElementType::kDouble:
    case ElementType::kComplex128:
      return append(ParseFloating<double>(token, name));
    case ElementType::kInt8:
      return append(ParseInteger<int8_t>(token, name));
    case ElementType::kInt16:
      return append(ParseInteger<int16_t>(token, name));
    case ElementType::kInt32:
      return append(ParseInteger<int32_t>(token, name));
    case ElementType::kInt64:
      return append(ParseInteger<int64_t>(token, name));
    case ElementType::kUint32:
      return append(ParseInteger<uint32_t>(token, name));
    case ElementType::kUint64:
      return append(ParseInteger<uint64_t>(token, name));
    default:
      break;
  }
  ASSIGN_OR_RETURN(const uint16_t code, ParseCode(type_, token));
  if (BitWidth(type_) == 16) {
    AppendRaw(code, &bytes_);
  } else if (BitWidth(type_) == 8) {
    bytes_ += static_cast<char>(code);
  } else {
    codes_.push_back(static_cast<uint8_t>(code));
  }
  return absl::OkStatus();
}

std::string ElementReader::Finish() && {
  if (BitWidth(type_) < 8) {
    bytes_.resize(PackedBytes(codes_.size(), BitWidth(type_)));
    PackElements(codes_, BitWidth(type_), bytes_);
  }
  return std::move(bytes_);
}

void AppendElements(ElementType type, std::string_view bytes, int64_t first,
                    int64_t last, std::string* out) {
  const int64_t numbers = NumbersPerElement(type);
  first *= numbers;
  last *= numbers;
  switch (type) {
    case ElementType::kFloat:
    case ElementType::kComplex64:
      return AppendFloats<float>(bytes, first, last, out);
    case ElementType::kDouble:
    case ElementType::kComplex128:
      return AppendFloats<double>(bytes, first, last, out);
    case ElementType::kInt8:
      AppendInts<int8_t>(bytes, first, last, out);
      return;
    case ElementType::kInt16:
      AppendInts<int16_t>(bytes, first, last, out);
      return;
    case ElementType::kInt32:
      AppendInts<int32_t>(bytes, first, last, out);
      return;
    case ElementType::kInt64:
      AppendInts<int64_t>(bytes, first, last, out);
      return;
    case ElementType::kUint32:
      AppendInts<uint32_t>(bytes, first, last, out);
      return;
    case ElementType::kUint64:
      AppendInts<uint64_t>(bytes, first, last, out);
      return;
    default:
      break;
  }
  if (BitWidth(type) == 16) {
    AppendInts<uint16_t>(bytes, first, last, out);
  } else if (BitWidth(type) == 8) {
    AppendInts<uint8_t>(bytes, first, last, out);
  } else {
    AppendCodes(type, bytes, first, last, out);
  }
}

bool ElementsHaveText(ElementType type, std::string_view bytes) {
  switch (type) {
    case ElementType::kFloat:
    case ElementType::kComplex64:
      return FloatsHaveText<float>(bytes);
    case ElementType::kDouble:
    case ElementType::kComplex128:
      return FloatsHaveText<double>(bytes);
    default:
      return true;
  }
}

}  // namespace onnxopt
