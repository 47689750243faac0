// SPDX-License-Identifier: Apache-2.0
// Shared by the tests of kernels.
#ifndef ONNXOPT_EVAL_EVAL_TEST_UTIL_H_
#define ONNXOPT_EVAL_EVAL_TEST_UTIL_H_

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "eval/kernel.h"
#include "ir/op_registry.h"
#include "support/status_matchers.h"

namespace onnxopt {

template <typename T>
TensorRef MakeTensor(ElementType type, TensorDims dims,
                     const std::vector<T>& values) {
  auto tensor = Tensor::Owned(type, std::move(dims),
                              {reinterpret_cast<const char*>(values.data()),
                               values.size() * sizeof(T)});
  EXPECT_THAT(tensor, IsOk());
  return tensor.ok() ? *tensor : nullptr;
}
inline TensorRef Floats(TensorDims dims, const std::vector<float>& values) {
  return MakeTensor(ElementType::kFloat, std::move(dims), values);
}

inline Attribute IntOf(std::string_view name, int64_t value) {
  Attribute attribute;
  attribute.name = name;
  attribute.kind = AttrKind::kInt;
  attribute.value = value;
  return attribute;
}
inline Attribute IntsOf(std::string_view name, std::vector<int64_t> values) {
  Attribute attribute;
  attribute.name = name;
  attribute.kind = AttrKind::kInts;
  attribute.value = std::move(values);
  return attribute;
}
inline Attribute StringOf(std::string_view name, std::string_view value) {
  Attribute attribute;
  attribute.name = name;
  attribute.kind = AttrKind::kString;
  attribute.value = value;
  return attribute;
}

/// Evaluates the newest version of a standard operator.
inline absl::StatusOr<std::vector<TensorRef>> Eval(
    std::string_view op, const std::vector<TensorRef>& inputs,
    const std::vector<Attribute>& attributes = {}, int num_outputs = 1) {
  const OpDef* def = OpRegistry::Builtin()->Find("", op, 27);
  EXPECT_NE(def, nullptr) << op;
  if (def == nullptr) return absl::NotFoundError("no such operator");
  return Evaluate(*def, attributes, inputs, num_outputs);
}

/// The elements of a tensor of a type as large as T.
template <typename T>
std::vector<T> ElementsOf(const Tensor& tensor) {
  const auto bytes = tensor.bytes();
  EXPECT_THAT(bytes, IsOk());
  std::vector<T> values(bytes->size() / sizeof(T));
  bytes->copy(reinterpret_cast<char*>(values.data()), bytes->size());
  return values;
}

}  // namespace onnxopt

#endif  // ONNXOPT_EVAL_EVAL_TEST_UTIL_H_
