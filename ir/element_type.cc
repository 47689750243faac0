// SPDX-License-Identifier: Apache-2.0
#include "ir/element_type.h"

#include <array>

namespace onnxopt {
namespace {

struct ElementTypeInfo {
  std::string_view name;
  int bits;
};

constexpr std::array<ElementTypeInfo, kNumElementTypes> kInfo = {{
    {"undefined", 0},      {"float", 32},     {"uint8", 8},
    {"int8", 8},           {"uint16", 16},    {"int16", 16},
    {"int32", 32},         {"int64", 64},     {"string", 0},
    {"bool", 8},           {"float16", 16},   {"double", 64},
    {"uint32", 32},        {"uint64", 64},    {"complex64", 64},
    {"complex128", 128},   {"bfloat16", 16},  {"float8e4m3fn", 8},
    {"float8e4m3fnuz", 8}, {"float8e5m2", 8}, {"float8e5m2fnuz", 8},
    {"uint4", 4},          {"int4", 4},       {"float4e2m1", 4},
    {"float8e8m0", 8},     {"uint2", 2},      {"int2", 2},
}};

}  // namespace

std::optional<ElementType> ElementTypeFromNumber(int64_t number) {
  if (number < 0 || number >= kNumElementTypes) return std::nullopt;
  return static_cast<ElementType>(number);
}

std::string_view ElementTypeName(ElementType type) {
  return kInfo[static_cast<size_t>(type)].name;
}

std::optional<ElementType> ElementTypeFromName(std::string_view name) {
  for (int i = 1; i < kNumElementTypes; ++i) {
    if (kInfo[i].name == name) return static_cast<ElementType>(i);
  }
  return std::nullopt;
}

int BitWidth(ElementType type) { return kInfo[static_cast<size_t>(type)].bits; }

std::optional<int64_t> ByteSize(ElementType type, int64_t count) {
  int64_t bits = 0;
  if (count < 0 || __builtin_mul_overflow(count, BitWidth(type), &bits) ||
      __builtin_add_overflow(bits, 7, &bits)) {
    return std::nullopt;
  }
  return bits / 8;
}

}  // namespace onnxopt
