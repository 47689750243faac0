// SPDX-License-Identifier: Apache-2.0
#include "passes/opset/form.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "passes/shape/inference.h"
#include "support/float_formats.h"

namespace onnxopt::opset {
namespace {

constexpr int64_t kMaxElements = 4096;

template <typename T>
std::string_view BytesOf(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(T)};
}

template <typename T>
TensorRef OneDim(ElementType type, const std::vector<T>& values) {
  const std::string_view bytes(reinterpret_cast<const char*>(values.data()),
                               values.size() * sizeof(T));
  return *Tensor::Owned(type, {static_cast<int64_t>(values.size())}, bytes);
}

template <typename T, typename R>
void Decode(std::string_view bytes, std::vector<R>* values) {
  for (size_t k = 0; k < values->size(); ++k) {
    T element;
    std::memcpy(&element, bytes.data() + k * sizeof(T), sizeof(T));
    (*values)[k] = static_cast<R>(element);
  }
}

// The bytes of a constant that is worth looking at.
std::optional<std::string_view> SmallBytes(const TensorRef& tensor) {
  if (tensor == nullptr || tensor->num_elements() > kMaxElements) {
    return std::nullopt;
  }
  const absl::StatusOr<std::string_view> bytes = tensor->bytes();
  if (!bytes.ok()) return std::nullopt;
  return *bytes;
}

}  // namespace

Form::Form(const Node& node, bool is_conversion)
    : node_(node),
      op_(&node.op()),
      attributes_(node.attributes().begin(), node.attributes().end()),
      is_conversion_(is_conversion) {
  inputs_.reserve(node.num_inputs());
  for (int i = 0; i < node.num_inputs(); ++i) {
    Operand& operand = inputs_.emplace_back();
    operand.value = node.input(i);
    operand.source = i;
  }
}

const Attribute* Form::Find(std::string_view name) const {
  const auto it =
      std::find_if(attributes_.begin(), attributes_.end(),
                   [&](const Attribute& a) { return a.name == name; });
  return it == attributes_.end() ? nullptr : &*it;
}

void Form::Set(Attribute attribute) {
  changed_ = true;
  for (Attribute& existing : attributes_) {
    if (existing.name != attribute.name) continue;
    existing = std::move(attribute);
    return;
  }
  attributes_.push_back(std::move(attribute));
}

void Form::Set(std::string_view name, AttrKind kind, AttributeValue value) {
  Attribute attribute;
  attribute.name = name;
  attribute.kind = kind;
  attribute.value = std::move(value);
  Set(std::move(attribute));
}

void Form::SetInt(std::string_view name, int64_t value) {
  Set(name, AttrKind::kInt, value);
}

void Form::SetFloat(std::string_view name, float value) {
  Set(name, AttrKind::kFloat, value);
}

void Form::SetFloats(std::string_view name, std::vector<float> values) {
  Set(name, AttrKind::kFloats, std::move(values));
}

void Form::SetInts(std::string_view name, std::vector<int64_t> values) {
  Set(name, AttrKind::kInts, std::move(values));
}

void Form::SetString(std::string_view name, std::string_view value) {
  Set(name, AttrKind::kString, value);
}

void Form::SetStrings(std::string_view name,
                      std::vector<std::string_view> values) {
  Set(name, AttrKind::kStrings, std::move(values));
}

void Form::Rename(std::string_view from, std::string_view to) {
  for (Attribute& attribute : attributes_) {
    if (attribute.name != from) continue;
    attribute.name = to;
    attribute.message = {};
    changed_ = true;
  }
}

void Form::Remove(std::string_view name) {
  const size_t erased = std::erase_if(
      attributes_, [&](const Attribute& a) { return a.name == name; });
  if (erased > 0) changed_ = true;
}

void Form::SetInput(int i, Operand operand) {
  changed_ = true;
  if (i >= num_inputs()) inputs_.resize(i + 1);
  inputs_[i] = std::move(operand);
}

void Form::SetInput(int i, TensorRef tensor, std::string_view name) {
  Operand operand;
  operand.tensor = std::move(tensor);
  operand.name = name;
  SetInput(i, std::move(operand));
}

void Form::InsertInput(int i) {
  changed_ = true;
  inputs_.insert(inputs_.begin() + std::min(i, num_inputs()), Operand());
}

void Form::SqueezeInput(int i, std::vector<int64_t> axes) {
  if (axes.empty()) return;
  changed_ = true;
  const TensorRef tensor = constant(i);
  if (tensor == nullptr) {
    inputs_[i].squeeze = std::move(axes);
    inputs_[i].source = std::nullopt;
    return;
  }
  TensorDims dims;
  for (size_t k = 0; k < tensor->dims().size(); ++k) {
    if (std::find(axes.begin(), axes.end(), k) == axes.end()) {
      dims.push_back(tensor->dims()[k]);
    }
  }
  // As many elements as before.
  SetInput(i, *Tensor::WithDims(tensor, std::move(dims)), "squeezed");
}

void Form::ClearInput(int i) {
  if (i >= num_inputs()) return;
  changed_ = true;
  inputs_[i] = {};
  while (!inputs_.empty() && !inputs_.back().present()) inputs_.pop_back();
}

void Form::TrimInputs(int max) {
  while (num_inputs() > max && !inputs_.back().present()) {
    changed_ = true;
    inputs_.pop_back();
  }
}

TypeRef Form::type(int i) const {
  if (!HasInput(i)) return nullptr;
  const Operand& operand = inputs_[i];
  if (operand.value == nullptr) return TypeOf(*operand.tensor);
  TypeRef known = KnownType(*operand.value);
  if (operand.squeeze.empty() || known == nullptr) return known;
  Shape shape;
  for (size_t k = 0; k < known->shape()->size(); ++k) {
    if (std::find(operand.squeeze.begin(), operand.squeeze.end(), k) ==
        operand.squeeze.end()) {
      shape.push_back((*known->shape())[k]);
    }
  }
  return Type::Tensor(known->element(), std::move(shape));
}

ElementType Form::element(int i) const {
  if (const TensorRef tensor = constant(i)) return tensor->type();
  const TypeRef known = type(i);
  return known != nullptr && known->IsTensor() ? known->element()
                                               : ElementType::kUndefined;
}

std::optional<Shape> Form::shape(int i) const {
  const TypeRef known = type(i);
  if (known == nullptr || !known->IsTensor()) return std::nullopt;
  return known->shape();
}

std::optional<int64_t> Form::rank(int i) const {
  const std::optional<Shape> known = shape(i);
  if (!known) return std::nullopt;
  return static_cast<int64_t>(known->size());
}

TensorRef Form::constant(int i) const {
  if (!HasInput(i)) return nullptr;
  const Operand& operand = inputs_[i];
  if (operand.value == nullptr) return operand.tensor;
  return operand.value->IsConstant() ? operand.value->tensor() : nullptr;
}

std::optional<std::vector<int64_t>> Form::ints(int i) const {
  const TensorRef tensor = constant(i);
  const std::optional<std::string_view> bytes = SmallBytes(tensor);
  if (!bytes) return std::nullopt;
  std::vector<int64_t> values(tensor->num_elements());
  switch (tensor->type()) {
    case ElementType::kInt64:
      Decode<int64_t>(*bytes, &values);
      return values;
    case ElementType::kInt32:
      Decode<int32_t>(*bytes, &values);
      return values;
    default:
      return std::nullopt;
  }
}

std::optional<std::vector<float>> Form::floats(int i) const {
  const TensorRef tensor = constant(i);
  const std::optional<std::string_view> bytes = SmallBytes(tensor);
  if (!bytes) return std::nullopt;
  std::vector<float> values(tensor->num_elements());
  switch (tensor->type()) {
    case ElementType::kFloat:
      Decode<float>(*bytes, &values);
      return values;
    case ElementType::kFloat16: {
      std::vector<uint16_t> codes(values.size());
      Decode<uint16_t>(*bytes, &codes);
      std::transform(codes.begin(), codes.end(), values.begin(), HalfToFloat);
      return values;
    }
    case ElementType::kDouble: {
      std::vector<double> wide(values.size());
      Decode<double>(*bytes, &wide);
      for (size_t k = 0; k < wide.size(); ++k) {
        values[k] = static_cast<float>(wide[k]);
        if (static_cast<double>(values[k]) != wide[k]) return std::nullopt;
      }
      return values;
    }
    default:
      return std::nullopt;
  }
}

std::vector<int64_t> Count(int64_t begin, int64_t end) {
  std::vector<int64_t> all(std::max<int64_t>(0, end - begin));
  std::iota(all.begin(), all.end(), begin);
  return all;
}

TensorRef Int64s(std::vector<int64_t> values) {
  return OneDim(ElementType::kInt64, values);
}

TensorRef Int64(int64_t value) {
  return *Tensor::Owned(ElementType::kInt64, {}, BytesOf(value));
}

TensorRef Floats(const std::vector<float>& values) {
  return OneDim(ElementType::kFloat, values);
}

TensorRef Scalar(ElementType type, float value) {
  switch (type) {
    case ElementType::kFloat:
      return *Tensor::Owned(type, {}, BytesOf(value));
    case ElementType::kDouble: {
      const double wide = value;
      return *Tensor::Owned(type, {}, BytesOf(wide));
    }
    case ElementType::kFloat16: {
      const uint16_t code = FloatToHalf(value);
      return *Tensor::Owned(type, {}, BytesOf(code));
    }
    default:
      return nullptr;
  }
}

}  // namespace onnxopt::opset
