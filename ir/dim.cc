// SPDX-License-Identifier: Apache-2.0
#include "ir/dim.h"

#include <algorithm>
#include <utility>

namespace onnxopt {
namespace {

// Adds factor * b to *a; false on overflow.
bool AddScaled(const DimPolynomial& b, int64_t factor, DimPolynomial* a) {
  for (const auto& [key, coefficient] : b) {
    int64_t scaled = 0;
    int64_t& sum = (*a)[key];
    if (__builtin_mul_overflow(coefficient, factor, &scaled) ||
        __builtin_add_overflow(sum, scaled, &sum)) {
      return false;
    }
    if (sum == 0) a->erase(key);
  }
  return true;
}

std::string TermToString(const std::vector<std::string>& names,
                         int64_t coefficient) {
  std::string text;
  if (coefficient != 1 || names.empty()) text = std::to_string(coefficient);
  for (const std::string& name : names) {
    if (!text.empty()) text += '*';
    text += name;
  }
  return text;
}

}  // namespace

Dim Dim::Named(std::string_view name) {
  return Dim(DimPolynomial{{{std::string(name)}, 1}});
}

Dim::Dim(DimPolynomial polynomial) {
  const bool constant =
      polynomial.empty() ||
      (polynomial.size() == 1 && polynomial.begin()->first.empty());
  if (constant) {
    kind_ = Kind::kInteger;
    value_ = polynomial.empty() ? 0 : polynomial.begin()->second;
    return;
  }
  kind_ = Kind::kSymbolic;
  polynomial_ = std::make_shared<const DimPolynomial>(std::move(polynomial));
}

std::string_view Dim::name() const {
  if (!IsSymbolic() || polynomial_->size() != 1) return {};
  const auto& [names, coefficient] = *polynomial_->begin();
  if (names.size() != 1 || coefficient != 1) return {};
  return names[0];
}

std::optional<DimPolynomial> Dim::Polynomial() const {
  switch (kind_) {
    case Kind::kUnknown:
      return std::nullopt;
    case Kind::kInteger:
      return value_ == 0 ? DimPolynomial{} : DimPolynomial{{{}, value_}};
    case Kind::kSymbolic:
      return *polynomial_;
  }
  return std::nullopt;
}

Dim operator+(const Dim& a, const Dim& b) {
  auto sum = a.Polynomial();
  const auto other = b.Polynomial();
  if (!sum || !other || !AddScaled(*other, 1, &*sum)) return Dim();
  return Dim(*std::move(sum));
}

Dim operator-(const Dim& a, const Dim& b) {
  auto difference = a.Polynomial();
  const auto other = b.Polynomial();
  if (!difference || !other || !AddScaled(*other, -1, &*difference)) {
    return Dim();
  }
  return Dim(*std::move(difference));
}

Dim operator*(const Dim& a, const Dim& b) {
  const auto left = a.Polynomial();
  const auto right = b.Polynomial();
  if (!left || !right) return Dim();
  DimPolynomial product;
  for (const auto& [key, coefficient] : *left) {
    DimPolynomial shifted;
    for (const auto& [other_key, other_coefficient] : *right) {
      std::vector<std::string> names;
      std::merge(key.begin(), key.end(), other_key.begin(), other_key.end(),
                 std::back_inserter(names));
      shifted[std::move(names)] = other_coefficient;
    }
    if (!AddScaled(shifted, coefficient, &product)) return Dim();
  }
  return Dim(std::move(product));
}

bool operator==(const Dim& a, const Dim& b) {
  if (a.kind_ != b.kind_) return false;
  if (a.IsSymbolic()) return *a.polynomial_ == *b.polynomial_;
  return a.value_ == b.value_;
}

std::string Dim::ToString() const {
  if (IsUnknown()) return "?";
  if (IsInteger()) return std::to_string(value_);
  std::string text;
  // Highest terms first, the constant term (empty key) last.
  for (auto it = polynomial_->rbegin(); it != polynomial_->rend(); ++it) {
    if (!text.empty()) text += " + ";
    text += TermToString(it->first, it->second);
  }
  return text;
}

DimRelation Compare(const Dim& a, const Dim& b) {
  const Dim difference = a - b;
  if (!difference.IsInteger()) return DimRelation::kUndecided;
  return difference.value() == 0 ? DimRelation::kEqual
                                 : DimRelation::kDifferent;
}

}  // namespace onnxopt
