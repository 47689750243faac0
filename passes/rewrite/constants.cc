// SPDX-License-Identifier: Apache-2.0
#include "passes/rewrite/constants.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <string>

#include "passes/shape/inference.h"
#include "support/float_formats.h"
#include "support/status.h"

namespace onnxopt {
namespace {

template <typename T>
T Load(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

template <typename T>
std::string Store(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

std::optional<double> NumberAt(ElementType type, const char* bytes) {
  // Beyond this a double skips integers.
  constexpr int64_t kMaxExact = int64_t{1} << 53;
  switch (type) {
    case ElementType::kFloat:
      return Load<float>(bytes);
    case ElementType::kDouble:
      return Load<double>(bytes);
    case ElementType::kFloat16:
      return HalfToFloat(Load<uint16_t>(bytes));
    case ElementType::kBfloat16:
      return BFloat16ToFloat(Load<uint16_t>(bytes));
    case ElementType::kBool:
    case ElementType::kUint8:
      return Load<uint8_t>(bytes);
    case ElementType::kInt8:
      return Load<int8_t>(bytes);
    case ElementType::kUint16:
      return Load<uint16_t>(bytes);
    case ElementType::kInt16:
      return Load<int16_t>(bytes);
    case ElementType::kUint32:
      return Load<uint32_t>(bytes);
    case ElementType::kInt32:
      return Load<int32_t>(bytes);
    case ElementType::kInt64: {
      const auto value = Load<int64_t>(bytes);
      if (value > kMaxExact || value < -kMaxExact) return std::nullopt;
      return static_cast<double>(value);
    }
    case ElementType::kUint64: {
      const auto value = Load<uint64_t>(bytes);
      if (value > static_cast<uint64_t>(kMaxExact)) return std::nullopt;
      return static_cast<double>(value);
    }
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<std::vector<double>> ConstantNumbers(const Value* value,
                                                   int64_t limit) {
  if (value == nullptr || !value->IsConstant()) return std::nullopt;
  const Tensor& tensor = *value->tensor();
  if (tensor.num_elements() > limit) return std::nullopt;
  const int width = BitWidth(tensor.type());
  if (width < 8) return std::nullopt;
  const absl::StatusOr<std::string_view> bytes = tensor.bytes();
  if (!bytes.ok()) return std::nullopt;
  std::vector<double> numbers;
  numbers.reserve(tensor.num_elements());
  for (int64_t i = 0; i < tensor.num_elements(); ++i) {
    const auto number =
        NumberAt(tensor.type(), bytes->data() + i * (width / 8));
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

std::optional<std::vector<int64_t>> ConstantInts(const Value* value) {
  if (value == nullptr || !value->IsConstant()) return std::nullopt;
  const Tensor& tensor = *value->tensor();
  const bool wide = tensor.type() == ElementType::kInt64;
  if ((!wide && tensor.type() != ElementType::kInt32) ||
      tensor.num_elements() > 1024) {
    return std::nullopt;
  }
  const absl::StatusOr<std::string_view> bytes = tensor.bytes();
  if (!bytes.ok()) return std::nullopt;
  std::vector<int64_t> ints;
  for (int64_t i = 0; i < tensor.num_elements(); ++i) {
    ints.push_back(wide ? Load<int64_t>(bytes->data() + 8 * i)
                        : Load<int32_t>(bytes->data() + 4 * i));
  }
  return ints;
}

bool IsConstantOf(const Value* value, double number) {
  const auto numbers = ConstantNumbers(value);
  if (!numbers || numbers->empty()) return false;
  for (const double element : *numbers) {
    if (std::bit_cast<uint64_t>(element) != std::bit_cast<uint64_t>(number)) {
      return false;
    }
  }
  return true;
}

TensorRef IntsTensor(const std::vector<int64_t>& values) {
  const std::string_view bytes(reinterpret_cast<const char*>(values.data()),
                               values.size() * sizeof(int64_t));
  auto tensor = Tensor::Owned(ElementType::kInt64,
                              {static_cast<int64_t>(values.size())}, bytes);
  ONNXOPT_CHECK(tensor.ok());
  return *std::move(tensor);
}

absl::StatusOr<TensorRef> ScalarTensor(ElementType type, double value) {
  switch (type) {
    case ElementType::kFloat:
      return Tensor::Owned(type, {}, Store(static_cast<float>(value)));
    case ElementType::kDouble:
      return Tensor::Owned(type, {}, Store(value));
    case ElementType::kFloat16:
      return Tensor::Owned(type, {}, Store(DoubleToHalf(value)));
    case ElementType::kBfloat16:
      return Tensor::Owned(type, {},
                           Store(FloatToBFloat16(static_cast<float>(value))));
    case ElementType::kInt32:
      return Tensor::Owned(type, {}, Store(static_cast<int32_t>(value)));
    case ElementType::kInt64:
      return Tensor::Owned(type, {}, Store(static_cast<int64_t>(value)));
    default:
      return absl::UnimplementedError("no scalar of this element type");
  }
}

std::optional<Shape> ShapeOf(const Value* value) {
  if (value == nullptr) return std::nullopt;
  const TypeRef type = KnownType(*value);
  if (type == nullptr || !type->IsTensor()) return std::nullopt;
  return type->shape();
}

std::optional<std::vector<int64_t>> StaticDims(const Value* value) {
  const std::optional<Shape> shape = ShapeOf(value);
  if (!shape) return std::nullopt;
  std::vector<int64_t> dims;
  for (const Dim& dim : *shape) {
    if (!dim.IsInteger()) return std::nullopt;
    dims.push_back(dim.value());
  }
  return dims;
}

ElementType ElementOf(const Value* value) {
  if (value == nullptr) return ElementType::kUndefined;
  if (value->IsConstant()) return value->tensor()->type();
  if (value->type() == nullptr || !value->type()->IsTensor()) {
    return ElementType::kUndefined;
  }
  return value->type()->element();
}

}  // namespace onnxopt
