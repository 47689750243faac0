// SPDX-License-Identifier: Apache-2.0
#include "ir/attribute.h"

#include <bit>
#include <cstring>

#include "support/status.h"

namespace onnxopt {
namespace {

bool SameBits(float a, float b) {
  return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b);
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() &&
         (a.empty() ||
          std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

bool SameTypes(const std::vector<TypeRef>& a, const std::vector<TypeRef>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!SameType(a[i], b[i])) return false;
  }
  return true;
}

absl::StatusOr<bool> SameTensors(const std::vector<TensorRef>& a,
                                 const std::vector<TensorRef>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    ASSIGN_OR_RETURN(const bool same, BitwiseEqual(*a[i], *b[i]));
    if (!same) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<bool> SameAttribute(const Attribute& a, const Attribute& b) {
  if (a.name != b.name || a.kind != b.kind || a.reference != b.reference ||
      a.value.index() != b.value.index()) {
    return false;
  }
  if (auto* x = std::get_if<float>(&a.value)) {
    return SameBits(*x, std::get<float>(b.value));
  }
  if (auto* x = std::get_if<std::vector<float>>(&a.value)) {
    return SameBits(*x, std::get<std::vector<float>>(b.value));
  }
  if (auto* x = std::get_if<TensorRef>(&a.value)) {
    return BitwiseEqual(**x, *std::get<TensorRef>(b.value));
  }
  if (auto* x = std::get_if<std::vector<TensorRef>>(&a.value)) {
    return SameTensors(*x, std::get<std::vector<TensorRef>>(b.value));
  }
  if (auto* x = std::get_if<TypeRef>(&a.value)) {
    return SameType(*x, std::get<TypeRef>(b.value));
  }
  if (auto* x = std::get_if<std::vector<TypeRef>>(&a.value)) {
    return SameTypes(*x, std::get<std::vector<TypeRef>>(b.value));
  }
  return a.value == b.value;
}

}  // namespace onnxopt
