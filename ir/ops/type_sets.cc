// SPDX-License-Identifier: Apache-2.0

#include "ir/ops/type_sets.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fmt/core.h"
#include "support/status.h"

namespace onnxopt {
namespace {

// The type constructors that a set can be wrapped in, ascending.
struct Wrapper {
  std::string_view open;
  std::string_view close;
};
constexpr Wrapper kWrappers[] = {
    {"optional(seq(", "))"}, {"optional(", ")"}, {"seq(", ")"}, {"", ""}};

// An element type as the tensor type wrapped in each of kWrappers.
struct ElementType {
  constexpr std::string_view name() const {
    const std::string_view tensor = wrapped[std::size(kWrappers) - 1];
    constexpr std::string_view kOpen = "tensor(";
    return tensor.substr(kOpen.size(), tensor.size() - kOpen.size() - 1);
  }

  std::string_view wrapped[std::size(kWrappers)];
};

#define ONNXOPT_ELEMENT_TYPE(name)                                      \
  {                                                                     \
    {"optional(seq(tensor(" #name ")))", "optional(tensor(" #name "))", \
     "seq(tensor(" #name "))", "tensor(" #name ")"},                    \
  }

// Ascending, so that the types of a mask come out in order.
constexpr ElementType kElementTypes[] = {
    ONNXOPT_ELEMENT_TYPE(bfloat16),     ONNXOPT_ELEMENT_TYPE(bool),
    ONNXOPT_ELEMENT_TYPE(complex128),   ONNXOPT_ELEMENT_TYPE(complex64),
    ONNXOPT_ELEMENT_TYPE(double),       ONNXOPT_ELEMENT_TYPE(float),
    ONNXOPT_ELEMENT_TYPE(float16),      ONNXOPT_ELEMENT_TYPE(float4e2m1),
    ONNXOPT_ELEMENT_TYPE(float8e4m3fn), ONNXOPT_ELEMENT_TYPE(float8e4m3fnuz),
    ONNXOPT_ELEMENT_TYPE(float8e5m2),   ONNXOPT_ELEMENT_TYPE(float8e5m2fnuz),
    ONNXOPT_ELEMENT_TYPE(float8e8m0),   ONNXOPT_ELEMENT_TYPE(int16),
    ONNXOPT_ELEMENT_TYPE(int2),         ONNXOPT_ELEMENT_TYPE(int32),
    ONNXOPT_ELEMENT_TYPE(int4),         ONNXOPT_ELEMENT_TYPE(int64),
    ONNXOPT_ELEMENT_TYPE(int8),         ONNXOPT_ELEMENT_TYPE(string),
    ONNXOPT_ELEMENT_TYPE(uint16),       ONNXOPT_ELEMENT_TYPE(uint2),
    ONNXOPT_ELEMENT_TYPE(uint32),       ONNXOPT_ELEMENT_TYPE(uint4),
    ONNXOPT_ELEMENT_TYPE(uint64),       ONNXOPT_ELEMENT_TYPE(uint8),
};
#undef ONNXOPT_ELEMENT_TYPE

// Bit i stands for kElementTypes[i].
using TypeMask = uint32_t;
static_assert(std::size(kElementTypes) <= 32);

struct TypeSetText {
  std::string_view name;
  std::string_view members;
};
constexpr TypeSetText kTypeSetTexts[] = {
#include "ir/ops/type_sets.inc"
};

struct TypeSet {
  std::string_view name;
  TypeMask types = 0;
};
using TypeSets = std::array<TypeSet, std::size(kTypeSetTexts)>;

// The types that the name of an element type or a set stands for; 0: neither.
constexpr TypeMask FindTypes(const TypeSets& sets, std::string_view name) {
  for (size_t i = 0; i < std::size(kElementTypes); ++i) {
    if (kElementTypes[i].name() == name) return TypeMask{1} << i;
  }
  for (const TypeSet& set : sets) {
    if (set.name == name) return set.types;
  }
  return 0;
}

// Not constexpr: calling it while compiling is the error message.
void TypeSetsIncNamesAnUnknownType() {}

consteval TypeSets ResolveTypeSets() {
  TypeSets sets;
  for (size_t i = 0; i < sets.size(); ++i) {
    std::string_view rest = kTypeSetTexts[i].members;
    while (!rest.empty()) {
      const std::string_view name = rest.substr(0, rest.find('|'));
      rest.remove_prefix(std::min(name.size() + 1, rest.size()));
      const TypeMask types = FindTypes(sets, name);
      if (types == 0) TypeSetsIncNamesAnUnknownType();
      sets[i].types |= types;
    }
    sets[i].name = kTypeSetTexts[i].name;
  }
  return sets;
}

constexpr TypeSets kTypeSets = ResolveTypeSets();

// A set of concrete types.
struct TypeUnion {
  TypeMask wrapped[std::size(kWrappers)] = {};  // parallel to kWrappers
  std::vector<std::string_view> maps;
};

absl::Status AddTerm(std::string_view term, TypeUnion& types) {
  for (size_t w = 0; w < std::size(kWrappers); ++w) {
    const auto& [open, close] = kWrappers[w];
    if (!term.starts_with(open) || !term.ends_with(close) ||
        term.size() < open.size() + close.size()) {
      continue;
    }
    const std::string_view inner =
        term.substr(open.size(), term.size() - open.size() - close.size());
    const TypeMask found = FindTypes(kTypeSets, inner);
    types.wrapped[w] |= found;
    if (found != 0) return absl::OkStatus();
    if (inner.starts_with("map(") && inner.ends_with(")")) {
      types.maps.push_back(term);
      return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(
      fmt::format("unknown type or set of types '{}'", term));
}

std::vector<std::string_view> ToList(const TypeUnion& types) {
  size_t size = types.maps.size();
  for (const TypeMask mask : types.wrapped) size += std::popcount(mask);
  std::vector<std::string_view> list;
  list.reserve(size);
  for (size_t w = 0; w < std::size(kWrappers); ++w) {
    for (size_t i = 0; i < std::size(kElementTypes); ++i) {
      if (types.wrapped[w] >> i & 1) {
        list.push_back(kElementTypes[i].wrapped[w]);
      }
    }
  }
  if (!types.maps.empty()) {
    list.insert(list.end(), types.maps.begin(), types.maps.end());
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  }
  return list;
}

}  // namespace

absl::StatusOr<std::vector<std::string_view>> ExpandTypes(
    std::string_view text) {
  TypeUnion types;
  for (;;) {
    const size_t end = text.find('|');
    RETURN_IF_ERROR(AddTerm(text.substr(0, end), types));
    if (end == std::string_view::npos) return ToList(types);
    text.remove_prefix(end + 1);
  }
}

bool IsConcreteType(std::string_view type) {
  if (type.find("map(") != std::string_view::npos) return true;
  for (const ElementType& element : kElementTypes) {
    for (const std::string_view wrapped : element.wrapped) {
      if (wrapped == type) return true;
    }
  }
  return false;
}

}  // namespace onnxopt
