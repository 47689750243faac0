// SPDX-License-Identifier: Apache-2.0
#include "eval/kernel_testing.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "eval/arithmetic.h"
#include "eval/kernel.h"
#include "fmt/format.h"
#include "ir/op_registry.h"
#include "support/status.h"

namespace onnxopt::eval_testing {
namespace {

template <typename T>
std::vector<std::string> Elements(std::string_view bytes) {
  std::vector<std::string> texts;
  for (size_t i = 0; i < bytes.size(); i += sizeof(T)) {
    T value;
    std::memcpy(&value, bytes.data() + i, sizeof(T));
    // The sign of a NaN means nothing.
    texts.push_back(eval::IsNotANumber(value) ? "nan"
                                              : fmt::format("{}", value));
  }
  return texts;
}

std::vector<std::string> ElementsOf(ElementType type, std::string_view bytes) {
  switch (type) {
    case ElementType::kFloat:
      return Elements<float>(bytes);
    case ElementType::kDouble:
      return Elements<double>(bytes);
    case ElementType::kInt8:
      return Elements<int8_t>(bytes);
    case ElementType::kInt16:
      return Elements<int16_t>(bytes);
    case ElementType::kInt32:
      return Elements<int32_t>(bytes);
    case ElementType::kInt64:
      return Elements<int64_t>(bytes);
    case ElementType::kBool:
    case ElementType::kUint8:
      return Elements<uint8_t>(bytes);
    case ElementType::kUint16:
      return Elements<uint16_t>(bytes);
    case ElementType::kUint32:
      return Elements<uint32_t>(bytes);
    case ElementType::kUint64:
      return Elements<uint64_t>(bytes);
    default: {
      std::vector<std::string> texts;
      for (const char byte : bytes) {
        texts.push_back(fmt::format("0x{:02x}", static_cast<uint8_t>(byte)));
      }
      return texts;
    }
  }
}

std::string ToText(const Tensor& tensor) {
  const std::vector<std::string> elements =
      tensor.type() == ElementType::kString
          ? tensor.strings()
          : ElementsOf(tensor.type(), tensor.bytes().value());
  return absl::StrCat(tensor.TypeString(), "{", absl::StrJoin(elements, ", "),
                      "}");
}

Attribute MakeAttribute(std::string_view name, AttrKind kind,
                        AttributeValue value) {
  Attribute attribute;
  attribute.name = name;
  attribute.kind = kind;
  attribute.value = std::move(value);
  return attribute;
}

}  // namespace

TensorRef FromBytes(ElementType type, TensorDims dims, std::string_view bytes) {
  return Tensor::Owned(type, std::move(dims), bytes).value();
}

TensorRef Floats(TensorDims dims, std::vector<float> values) {
  return Make(ElementType::kFloat, std::move(dims), std::move(values));
}
TensorRef Int64s(TensorDims dims, std::vector<int64_t> values) {
  return Make(ElementType::kInt64, std::move(dims), std::move(values));
}
TensorRef Bools(TensorDims dims, std::vector<uint8_t> values) {
  return Make(ElementType::kBool, std::move(dims), std::move(values));
}
TensorRef Strings(TensorDims dims, std::vector<std::string> values) {
  return Tensor::Strings(std::move(dims), std::move(values)).value();
}

Attribute Int(std::string_view name, int64_t value) {
  return MakeAttribute(name, AttrKind::kInt, value);
}
Attribute Float(std::string_view name, float value) {
  return MakeAttribute(name, AttrKind::kFloat, value);
}
Attribute String(std::string_view name, std::string_view value) {
  return MakeAttribute(name, AttrKind::kString, value);
}

std::string Eval(std::string_view op, std::vector<TensorRef> inputs,
                 std::vector<Attribute> attributes) {
  const OpDef* def = OpRegistry::Builtin()->Find("", op, kCanonicalOpset);
  ONNXOPT_CHECK(def != nullptr);
  const absl::StatusOr<std::vector<TensorRef>> outputs =
      Evaluate(*def, attributes, inputs, 1);
  if (!outputs.ok()) return outputs.status().ToString();
  return ToText(*outputs->at(0));
}

}  // namespace onnxopt::eval_testing
