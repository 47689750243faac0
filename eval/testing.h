// SPDX-License-Identifier: Apache-2.0
// Tests of kernels only: arguments and results in a line.
#ifndef ONNXOPT_EVAL_TESTING_H_
#define ONNXOPT_EVAL_TESTING_H_

#include <string>
#include <vector>

#include "eval/kernel.h"
#include "gtest/gtest.h"
#include "ir/op_registry.h"
#include "support/status_matchers.h"

namespace onnxopt::eval {

template <typename T>
TensorRef Make(ElementType type, TensorDims dims, std::vector<T> values) {
  return *Tensor::Owned(type, std::move(dims),
                        {reinterpret_cast<const char*>(values.data()),
                         values.size() * sizeof(T)});
}
inline TensorRef Ints(TensorDims dims, std::vector<int64_t> values) {
  return Make(ElementType::kInt64, std::move(dims), std::move(values));
}
inline TensorRef Ints(std::vector<int64_t> values) {
  return Ints({static_cast<int64_t>(values.size())}, values);
}
inline TensorRef Floats(TensorDims dims, std::vector<float> values) {
  return Make(ElementType::kFloat, std::move(dims), std::move(values));
}
inline TensorRef Texts(TensorDims dims, std::vector<std::string> values) {
  return *Tensor::Strings(std::move(dims), std::move(values));
}

inline Attribute MakeAttribute(std::string_view name, AttrKind kind,
                               AttributeValue value) {
  Attribute attribute;
  attribute.name = name;
  attribute.kind = kind;
  attribute.value = std::move(value);
  return attribute;
}
inline Attribute Int(std::string_view name, int64_t value) {
  return MakeAttribute(name, AttrKind::kInt, value);
}
inline Attribute IntList(std::string_view name, std::vector<int64_t> value) {
  return MakeAttribute(name, AttrKind::kInts, std::move(value));
}
inline Attribute Text(std::string_view name, std::string_view value) {
  return MakeAttribute(name, AttrKind::kString, value);
}

/// Evaluates the newest version of `op`.
inline absl::StatusOr<std::vector<TensorRef>> RunOp(
    std::string_view op, std::vector<TensorRef> inputs,
    std::vector<Attribute> attributes = {}, int num_outputs = 1) {
  const OpDef* def = OpRegistry::Builtin()->Find("", op, kCanonicalOpset);
  return Evaluate(*def, attributes, inputs, num_outputs);
}

template <typename T>
std::vector<T> ValuesOf(const Tensor& tensor) {
  const std::string_view bytes = *tensor.bytes();
  std::vector<T> values(bytes.size() / sizeof(T));
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(values.data()));
  return values;
}

/// Expects output `i` of `result` to have these dims and elements.
template <typename T>
void ExpectOutput(const absl::StatusOr<std::vector<TensorRef>>& result, int i,
                  const TensorDims& dims, const std::vector<T>& values) {
  ASSERT_OK(result);
  const Tensor& tensor = *(*result)[i];
  EXPECT_EQ(tensor.dims(), dims);
  if constexpr (std::is_same_v<T, std::string>) {
    ASSERT_EQ(tensor.type(), ElementType::kString);
    EXPECT_EQ(tensor.strings(), values);
  } else {
    EXPECT_EQ(ValuesOf<T>(tensor), values);
  }
}
inline void ExpectInts(const absl::StatusOr<std::vector<TensorRef>>& result,
                       const TensorDims& dims,
                       const std::vector<int64_t>& values) {
  ExpectOutput<int64_t>(result, 0, dims, values);
}

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_TESTING_H_
