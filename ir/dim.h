// SPDX-License-Identifier: Apache-2.0
// One dimension of a shape: an integer, a symbolic expression, or unknown.
#ifndef ONNXOPT_IR_DIM_H_
#define ONNXOPT_IR_DIM_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace onnxopt {

/// A polynomial with integer coefficients over named dims, canonical: equal
/// polynomials compare equal. Keys are sorted lists of names (with
/// repetition), so `2*N*N + M` is {{"M"}: 1, {"N","N"}: 2}; the constant term
/// has the empty key. No coefficient is zero.
using DimPolynomial = std::map<std::vector<std::string>, int64_t>;

/// Answer to "are these two dims equal for every run?".
enum class DimRelation { kEqual, kDifferent, kUndecided };

/// Immutable and cheap to copy.
class Dim {
 public:
  /// Unknown.
  Dim() = default;
  explicit Dim(int64_t value) : kind_(Kind::kInteger), value_(value) {}
  static Dim Named(std::string_view name);

  bool IsUnknown() const { return kind_ == Kind::kUnknown; }
  bool IsInteger() const { return kind_ == Kind::kInteger; }
  bool IsSymbolic() const { return kind_ == Kind::kSymbolic; }
  /// Requires IsInteger().
  int64_t value() const { return value_; }
  /// The name when the dim is exactly one named dim, else empty.
  std::string_view name() const;

  /// Sum, difference and product. Unknown when an operand is, or on overflow.
  friend Dim operator+(const Dim& a, const Dim& b);
  friend Dim operator-(const Dim& a, const Dim& b);
  friend Dim operator*(const Dim& a, const Dim& b);

  /// Same integer, same polynomial or both unknown: structural identity, not
  /// equality at run time (see Compare).
  friend bool operator==(const Dim& a, const Dim& b);

  /// "3", "N", "2*N + 1", "?".
  std::string ToString() const;

 private:
  enum class Kind : uint8_t { kUnknown, kInteger, kSymbolic };
  explicit Dim(DimPolynomial polynomial);
  std::optional<DimPolynomial> Polynomial() const;

  Kind kind_ = Kind::kUnknown;
  int64_t value_ = 0;
  std::shared_ptr<const DimPolynomial> polynomial_;
};

/// Two dims are equal when their difference is the constant 0 and different
/// when it is another constant; everything else is undecided.
DimRelation Compare(const Dim& a, const Dim& b);

}  // namespace onnxopt

#endif  // ONNXOPT_IR_DIM_H_
