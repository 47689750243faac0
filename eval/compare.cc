// SPDX-License-Identifier: Apache-2.0
#include "eval/compare.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "eval/dense.h"
#include "eval/elements.h"
#include "fmt/format.h"
#include "support/float_formats.h"
#include "support/status.h"

namespace onnxopt {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The element's bits in the order of the numbers they stand for, as a double:
// the difference of two counts the steps between them.
double Ordinal(ElementType type, std::string_view bytes, int64_t index) {
  const int bits = BitWidth(type);
  uint64_t code = 0;
  if (bits < 8) {
    code = GetPacked(bytes, bits, index);
  } else {
    std::memcpy(&code, bytes.data() + index * (bits / 8), bits / 8);
  }
  if (type == ElementType::kFloat8E8M0) return static_cast<double>(code);
  const uint64_t sign = uint64_t{1} << (bits - 1);
  const auto magnitude = static_cast<double>(code & (sign - 1));
  return (code & sign) != 0 ? -magnitude : magnitude;
}

void Note(const Tensor& expected, int64_t index, std::string values,
          Comparison* result) {
  result->equal = false;
  ++result->num_different;
  if (result->first_index >= 0) return;
  result->first_index = index;
  std::string position;
  int64_t rest = index;
  const eval::Strides strides = eval::RowMajorStrides(expected.dims());
  for (const int64_t stride : strides) {
    position += fmt::format("{}{}", position.empty() ? "" : ",", rest / stride);
    rest %= stride;
  }
  result->difference = fmt::format("element [{}] of {} is {}", position,
                                   expected.TypeString(), values);
}

class FloatingComparison {
 public:
  FloatingComparison(const CompareOptions& options, Comparison* result)
      : options_(options), result_(result) {}

  absl::Status Run(const Tensor& expected, const Tensor& actual) {
    ASSIGN_OR_RETURN(const std::string_view a, expected.bytes());
    ASSIGN_OR_RETURN(const std::string_view b, actual.bytes());
    if (a == b) return absl::OkStatus();
    const int64_t count = expected.num_elements();
    if (options_.relative_to_largest) FindLargest(expected.type(), a, count);
    std::vector<double> from(eval::kBlock);
    std::vector<double> to(eval::kBlock);
    for (int64_t begin = 0; begin < count; begin += eval::kBlock) {
      const int64_t size = std::min(eval::kBlock, count - begin);
      const auto n = static_cast<size_t>(size);
      eval::LoadFloating(expected.type(), a, begin, {from.data(), n});
      eval::LoadFloating(expected.type(), b, begin, {to.data(), n});
      for (int64_t i = 0; i < size; ++i) {
        if (from[i] == to[i] || (std::isnan(from[i]) && std::isnan(to[i]))) {
          continue;
        }
        NoteUlps(expected.type(), a, b, begin + i);
        if (Agree(from[i], to[i])) continue;
        Note(expected, begin + i,
             result_->first_index >= 0
                 ? ""
                 : fmt::format("{} instead of {}", to[i], from[i]),
             result_);
      }
    }
    return absl::OkStatus();
  }

 private:
  void FindLargest(ElementType type, std::string_view bytes, int64_t count) {
    std::vector<double> block(eval::kBlock);
    for (int64_t begin = 0; begin < count; begin += eval::kBlock) {
      const auto n = static_cast<size_t>(std::min(eval::kBlock, count - begin));
      eval::LoadFloating(type, bytes, begin, {block.data(), n});
      for (size_t i = 0; i < n; ++i) {
        if (std::isfinite(block[i])) {
          largest_ = std::max(largest_, std::abs(block[i]));
        }
      }
    }
  }

  // Of different numbers.
  bool Agree(double expected, double actual) {
    if (!std::isfinite(expected) || !std::isfinite(actual)) {
      result_->max_abs_error = kInfinity;
      result_->max_rel_error = kInfinity;
      result_->max_ulp_error = kInfinity;
      return false;
    }
    const double error = std::abs(actual - expected);
    const double magnitude =
        options_.relative_to_largest ? largest_ : std::abs(expected);
    result_->max_abs_error = std::max(result_->max_abs_error, error);
    result_->max_rel_error =
        std::max(result_->max_rel_error, error / magnitude);
    return error <= options_.atol + options_.rtol * magnitude;
  }

  void NoteUlps(ElementType type, std::string_view a, std::string_view b,
                int64_t index) {
    const double ulps =
        std::abs(Ordinal(type, a, index) - Ordinal(type, b, index));
    result_->max_ulp_error = std::max(result_->max_ulp_error, ulps);
  }

  const CompareOptions& options_;
  Comparison* result_;
  double largest_ = 0;
};

// One element for people.
std::string ElementText(ElementType type, std::string_view bytes,
                        int64_t index) {
  if (eval::IsInteger(type) || type == ElementType::kBool) {
    int64_t value = 0;
    eval::LoadIntegers(type, bytes, index, {&value, 1});
    return eval::IsUnsigned(type)
               ? fmt::format("{}", static_cast<uint64_t>(value))
               : fmt::format("{}", value);
  }
  return "another value";
}

absl::Status CompareExactly(const Tensor& expected, const Tensor& actual,
                            Comparison* result) {
  if (expected.type() == ElementType::kString) {
    for (int64_t i = 0; i < expected.num_elements(); ++i) {
      if (expected.strings()[i] == actual.strings()[i]) continue;
      Note(expected, i,
           fmt::format("'{}' instead of '{}'", actual.strings()[i],
                       expected.strings()[i]),
           result);
    }
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string_view a, expected.bytes());
  ASSIGN_OR_RETURN(const std::string_view b, actual.bytes());
  if (a == b) return absl::OkStatus();
  const ElementType type = expected.type();
  const int bits = BitWidth(type);
  for (int64_t i = 0; i < expected.num_elements(); ++i) {
    const bool same = bits < 8 ? GetPacked(a, bits, i) == GetPacked(b, bits, i)
                               : a.substr(i * bits / 8, bits / 8) ==
                                     b.substr(i * bits / 8, bits / 8);
    if (same) continue;
    Note(expected, i,
         result->first_index >= 0
             ? ""
             : fmt::format("{} instead of {}", ElementText(type, b, i),
                           ElementText(type, a, i)),
         result);
  }
  return absl::OkStatus();
}

// Complex numbers are pairs of floating-point numbers.
absl::StatusOr<TensorRef> AsReal(const TensorRef& tensor) {
  const bool is_narrow = tensor->type() == ElementType::kComplex64;
  if (!is_narrow && tensor->type() != ElementType::kComplex128) return tensor;
  ASSIGN_OR_RETURN(const std::string_view bytes, tensor->bytes());
  TensorDims dims = tensor->dims();
  dims.push_back(2);
  return Tensor::Borrowed(
      is_narrow ? ElementType::kFloat : ElementType::kDouble, std::move(dims),
      bytes, ViewBytes(bytes));
}

absl::Status CompareTensors(const TensorRef& expected, const TensorRef& actual,
                            const CompareOptions& options, Comparison* result) {
  if (expected->type() != actual->type() ||
      expected->dims() != actual->dims()) {
    result->equal = false;
    result->difference = fmt::format(
        "it is {} instead of {}", actual->TypeString(), expected->TypeString());
    return absl::OkStatus();
  }
  result->num_elements += expected->num_elements();
  ASSIGN_OR_RETURN(const TensorRef a, AsReal(expected));
  ASSIGN_OR_RETURN(const TensorRef b, AsReal(actual));
  if (!eval::IsFloating(a->type())) return CompareExactly(*a, *b, result);
  return FloatingComparison(options, result).Run(*a, *b);
}

absl::Status CompareData(const Datum& expected, const Datum& actual,
                         const CompareOptions& options, Comparison* result) {
  if (expected.kind() != actual.kind() ||
      expected.elements().size() != actual.elements().size()) {
    result->equal = false;
    result->difference = fmt::format("it is {} instead of {}",
                                     actual.Describe(), expected.Describe());
    return absl::OkStatus();
  }
  if (expected.IsTensor()) {
    return CompareTensors(expected.tensor(), actual.tensor(), options, result);
  }
  for (size_t i = 0; i < expected.elements().size(); ++i) {
    const bool was_equal = result->equal;
    RETURN_IF_ERROR(CompareData(expected.elements()[i], actual.elements()[i],
                                options, result));
    if (!was_equal || result->equal) continue;
    if (expected.IsSequence()) {
      result->difference =
          fmt::format("position {}: {}", i, result->difference);
    } else if (expected.IsMap()) {
      result->difference = fmt::format(
          "{} of the map: {}", i == 0 ? "keys" : "values", result->difference);
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string ErrorsText(double max_abs, double max_rel, double max_ulp) {
  return fmt::format(
      "largest error: absolute {:.3g}, relative {:.3g}, {:.3g} ULP", max_abs,
      max_rel, max_ulp);
}

absl::StatusOr<Comparison> Compare(const Datum& expected, const Datum& actual,
                                   const CompareOptions& options) {
  Comparison result;
  RETURN_IF_ERROR(CompareData(expected, actual, options, &result));
  return result;
}

}  // namespace onnxopt
