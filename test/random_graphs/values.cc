// SPDX-License-Identifier: Apache-2.0
#include "test/random_graphs/values.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "eval/elements.h"
#include "support/status.h"

namespace onnxopt::random_graphs {
namespace {

bool IsUnsignedOrBool(ElementType type) {
  return type == ElementType::kBool || eval::IsUnsigned(type);
}

// Bit patterns of one element of `bits` bits with `mantissa` bits of fraction.
uint64_t SpecialFloat(Rng& rng, int bits, int mantissa, bool nonzero) {
  const uint64_t sign = rng.Next() & 1;
  const uint64_t exponents = (uint64_t{1} << (bits - 1 - mantissa)) - 1;
  const uint64_t fractions = (uint64_t{1} << mantissa) - 1;
  uint64_t exponent = 0;
  uint64_t fraction = 0;
  switch (rng.Between(nonzero ? 1 : 0, 5)) {
    case 0:  // 0
      break;
    case 1:  // Inf
      exponent = exponents;
      break;
    case 2:  // NaN
      exponent = exponents;
      fraction = uint64_t{1} << (mantissa - 1);
      break;
    case 3:  // denormal
      fraction = (rng.Next() & fractions) | 1;
      break;
    case 4:  // any number
      exponent = rng.Next() % exponents;
      fraction = rng.Next() & fractions;
      exponent = std::max<uint64_t>(exponent, 1);
      break;
    default:  // the largest
      exponent = exponents - 1;
      fraction = fractions;
      break;
  }
  return (sign << (bits - 1)) | (exponent << mantissa) | fraction;
}

uint64_t SpecialInteger(Rng& rng, ElementType type, bool nonzero) {
  const int bits = BitWidth(type);
  const uint64_t all = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
  const uint64_t top = IsUnsignedOrBool(type) ? all : all >> 1;
  switch (rng.Between(nonzero ? 1 : 0, 4)) {
    case 0:
      return 0;
    case 1:
      return top;
    case 2:
      return IsUnsignedOrBool(type) ? 1 : top + 1;
    case 3:
      return all;  // -1
    default:
      return (rng.Next() & all) | (nonzero ? 1 : 0);
  }
}

double Moderate(Rng& rng, ElementType type, bool nonzero, bool positive) {
  if (!IsFloat(type)) {
    const int64_t low = positive || nonzero ? 1 : 0;
    const auto number = static_cast<double>(rng.Between(low, 5));
    return positive || IsUnsignedOrBool(type) || rng.Percent(50) ? number
                                                                 : -number;
  }
  if (!nonzero && !positive && rng.Percent(8)) return rng.Of({0.0, -0.0});
  const double number = static_cast<double>(rng.Between(16, 256)) / 64;
  return positive || rng.Percent(50) ? number : -number;
}

void Store(ElementType type, const std::vector<double>& numbers,
           std::string* bytes) {
  if (eval::IsFloating(type)) {
    eval::StoreFloating(type, numbers, 0, {bytes->data(), bytes->size()});
    return;
  }
  std::vector<int64_t> integers;
  for (const double number : numbers) {
    integers.push_back(std::isfinite(number) ? static_cast<int64_t>(number)
                                             : 0);
  }
  eval::StoreIntegers(type, integers, 0, {bytes->data(), bytes->size()});
}

std::string EmptyBytes(ElementType type, const TensorDims& dims) {
  const auto count = NumElements(dims);
  ONNXOPT_CHECK(count.has_value());
  return std::string(*ByteSize(type, *count), '\0');
}

TensorRef Own(ElementType type, const TensorDims& dims,
              const std::string& bytes) {
  absl::StatusOr<TensorRef> tensor = Tensor::Owned(type, dims, bytes);
  ONNXOPT_CHECK(tensor.ok());
  return *std::move(tensor);
}

}  // namespace

const std::vector<ElementType>& DrawableTypes() {
  static const auto& types = *new std::vector<ElementType>{
      ElementType::kFloat,    ElementType::kDouble, ElementType::kFloat16,
      ElementType::kBfloat16, ElementType::kInt8,   ElementType::kInt16,
      ElementType::kInt32,    ElementType::kInt64,  ElementType::kUint8,
      ElementType::kUint16,   ElementType::kUint32, ElementType::kUint64,
      ElementType::kBool};
  return types;
}

bool IsFloat(ElementType type) {
  return type == ElementType::kFloat || type == ElementType::kDouble ||
         type == ElementType::kFloat16 || type == ElementType::kBfloat16;
}

TensorRef TensorOf(ElementType type, const TensorDims& dims,
                   const std::vector<double>& numbers) {
  std::string bytes = EmptyBytes(type, dims);
  Store(type, numbers, &bytes);
  return Own(type, dims, bytes);
}

TensorRef SplatOf(ElementType type, const TensorDims& dims, double number) {
  return TensorOf(
      type, dims,
      std::vector<double>(static_cast<size_t>(*NumElements(dims)), number));
}

TensorRef TensorOfTexts(const TensorDims& dims,
                        const std::vector<std::string_view>& texts) {
  absl::StatusOr<TensorRef> tensor =
      Tensor::Strings(dims, {texts.begin(), texts.end()});
  ONNXOPT_CHECK(tensor.ok());
  return *std::move(tensor);
}

TensorRef RandomTexts(Rng& rng, const std::vector<std::string_view>& words,
                      const TensorDims& dims) {
  std::vector<std::string_view> texts(*NumElements(dims));
  for (std::string_view& text : texts) text = rng.Of(words);
  return TensorOfTexts(dims, texts);
}

std::vector<float> SomeFloats(Rng& rng, int64_t count) {
  std::vector<float> floats(count);
  for (float& number : floats) {
    number =
        static_cast<float>(Moderate(rng, ElementType::kFloat, /*nonzero=*/false,
                                    /*positive=*/false));
  }
  return floats;
}

TensorRef TensorOfInts(const std::vector<int64_t>& values) {
  const std::string_view bytes(reinterpret_cast<const char*>(values.data()),
                               values.size() * sizeof(int64_t));
  return Own(ElementType::kInt64, {static_cast<int64_t>(values.size())},
             std::string(bytes));
}

TensorRef RandomTensor(Rng& rng, ElementType type, const TensorDims& dims,
                       Numbers numbers) {
  const auto count = static_cast<size_t>(*NumElements(dims));
  const bool nonzero =
      numbers == Numbers::kNonzero || numbers == Numbers::kSpecialNonzero;
  std::vector<double> moderate(count);
  for (double& number : moderate) {
    number = Moderate(rng, type, nonzero, numbers == Numbers::kPositive);
  }
  std::string bytes = EmptyBytes(type, dims);
  Store(type, moderate, &bytes);
  const bool special =
      numbers == Numbers::kSpecial || numbers == Numbers::kSpecialNonzero;
  if (special && type != ElementType::kBool) {
    const int bits = BitWidth(type);
    const int fraction = type == ElementType::kFloat      ? 23
                         : type == ElementType::kDouble   ? 52
                         : type == ElementType::kFloat16  ? 10
                         : type == ElementType::kBfloat16 ? 7
                                                          : 0;
    for (size_t i = 0; i < count; ++i) {
      if (!rng.Percent(40)) continue;
      const uint64_t code = fraction > 0
                                ? SpecialFloat(rng, bits, fraction, nonzero)
                                : SpecialInteger(rng, type, nonzero);
      std::memcpy(bytes.data() + i * bits / 8, &code, bits / 8);
    }
  }
  return Own(type, dims, bytes);
}

}  // namespace onnxopt::random_graphs
