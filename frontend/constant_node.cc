// SPDX-License-Identifier: Apache-2.0
#include "frontend/constant_node.h"

#include <bit>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "support/status.h"

namespace onnxopt {
namespace {

static_assert(std::endian::native == std::endian::little);

template <typename T>
std::string_view BytesOf(const T* data, size_t count) {
  return {reinterpret_cast<const char*>(data), count * sizeof(T)};
}

TensorDims DimsOf(size_t count) { return {static_cast<int64_t>(count)}; }

}  // namespace

absl::StatusOr<TensorRef> ConstantTensor(const Attribute& attribute) {
  if (auto* tensor = std::get_if<TensorRef>(&attribute.value)) return *tensor;
  if (auto* value = std::get_if<float>(&attribute.value)) {
    return Tensor::Owned(ElementType::kFloat, {}, BytesOf(value, 1));
  }
  if (auto* value = std::get_if<int64_t>(&attribute.value)) {
    return Tensor::Owned(ElementType::kInt64, {}, BytesOf(value, 1));
  }
  if (auto* value = std::get_if<std::string_view>(&attribute.value)) {
    return Tensor::Strings({}, {std::string(*value)});
  }
  if (auto* values = std::get_if<std::vector<float>>(&attribute.value)) {
    return Tensor::Owned(ElementType::kFloat, DimsOf(values->size()),
                         BytesOf(values->data(), values->size()));
  }
  if (auto* values = std::get_if<std::vector<int64_t>>(&attribute.value)) {
    return Tensor::Owned(ElementType::kInt64, DimsOf(values->size()),
                         BytesOf(values->data(), values->size()));
  }
  if (auto* values =
          std::get_if<std::vector<std::string_view>>(&attribute.value)) {
    return Tensor::Strings(
        DimsOf(values->size()),
        std::vector<std::string>(values->begin(), values->end()));
  }
  return TensorRef();
}

}  // namespace onnxopt
