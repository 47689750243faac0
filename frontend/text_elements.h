// SPDX-License-Identifier: Apache-2.0
// Elements of tensors in text.
//
// Integers are written as such, float, double and complex numbers in the
// shortest decimal form that gives the same number, complex numbers as two
// numbers each, and the narrow floating point types as integers that are their
// bit patterns, which is ONNX's convention.
#ifndef ONNXOPT_FRONTEND_TEXT_ELEMENTS_H_
#define ONNXOPT_FRONTEND_TEXT_ELEMENTS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "frontend/text_lexer.h"
#include "ir/element_type.h"

namespace onnxopt {

absl::StatusOr<float> ParseTextFloat(const TextToken& token);
absl::StatusOr<int64_t> ParseTextInt(const TextToken& token);

/// Appends the number as ONNX's parser accepts it: shortest, "nan", "-inf".
void AppendTextNumber(float value, std::string* out);
void AppendTextNumber(double value, std::string* out);

/// Builds TensorProto.raw_data from tokens.
class ElementReader {
 public:
  /// `type` is neither string nor undefined.
  explicit ElementReader(ElementType type) : type_(type) {}

  /// Besides the forms above: a number with a decimal point (or nan, inf) for
  /// a narrow floating point type is rounded to that type.
  absl::Status Add(const TextToken& token);
  /// Number of elements so far, in numbers written: two for a complex one.
  int64_t num_numbers() const { return num_numbers_; }
  std::string Finish() &&;

 private:
  ElementType type_;
  int64_t num_numbers_ = 0;
  std::string bytes_;           // of elements of whole bytes
  std::vector<uint8_t> codes_;  // of narrower ones
};

/// Numbers that are written for one element.
constexpr int64_t NumbersPerElement(ElementType type) {
  return type == ElementType::kComplex64 || type == ElementType::kComplex128
             ? 2
             : 1;
}

/// Appends elements [first, last) of the raw data `bytes`, separated by ", ".
void AppendElements(ElementType type, std::string_view bytes, int64_t first,
                    int64_t last, std::string* out);

/// Whether the elements in `bytes` come back from text bit for bit: there is
/// no NaN with a payload among them.
bool ElementsHaveText(ElementType type, std::string_view bytes);

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_TEXT_ELEMENTS_H_
