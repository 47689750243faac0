// SPDX-License-Identifier: Apache-2.0
#include "passes/shape/inference.h"

#include <cstring>
#include <utility>

#include "fmt/core.h"
#include "ir/graph.h"
#include "passes/shape/families.h"
#include "support/status.h"

namespace onnxopt {

InferenceContext::InferenceContext(const Node& node)
    : node_(node), attributes_(node), outputs_(node.num_outputs()) {}

TypeRef InferenceContext::type(int i) const {
  const Value* value = node_.input(i);
  return value == nullptr ? nullptr : KnownType(*value);
}

ElementType InferenceContext::element(int i) const {
  const TypeRef known = type(i);
  return known != nullptr && known->IsTensor() ? known->element()
                                               : ElementType::kUndefined;
}

std::optional<Shape> InferenceContext::shape(int i) const {
  const TypeRef known = type(i);
  if (known == nullptr || !known->IsTensor()) return std::nullopt;
  return known->shape();
}

std::optional<std::vector<int64_t>> InferenceContext::ints(int i) const {
  const Value* value = node_.input(i);
  if (value == nullptr || !value->IsConstant()) return std::nullopt;
  const Tensor& tensor = *value->tensor();
  const bool wide = tensor.type() == ElementType::kInt64;
  if ((!wide && tensor.type() != ElementType::kInt32) ||
      tensor.dims().size() > 1 || tensor.num_elements() > kMaxShapeElements) {
    return std::nullopt;
  }
  const absl::StatusOr<std::string_view> bytes = tensor.bytes();
  if (!bytes.ok()) return std::nullopt;
  std::vector<int64_t> all(tensor.num_elements());
  for (size_t k = 0; k < all.size(); ++k) {
    if (wide) {
      std::memcpy(&all[k], bytes->data() + 8 * k, 8);
    } else {
      int32_t narrow;
      std::memcpy(&narrow, bytes->data() + 4 * k, 4);
      all[k] = narrow;
    }
  }
  return all;
}

void InferenceContext::SetOutput(int i, TypeRef type) {
  if (i < num_outputs()) outputs_[i] = std::move(type);
}

void InferenceContext::SetOutput(int i, ElementType element,
                                 std::optional<Shape> shape) {
  if (element == ElementType::kUndefined) return;
  SetOutput(i, Type::Tensor(element, std::move(shape)));
}

InferFunction FindInferFunction(const OpDef& op) {
  if (!op.is_canonical()) return nullptr;
  for (const auto find :
       {shape::FindMovement, shape::FindReduction, shape::FindLinear,
        shape::FindSelection, shape::FindMisc}) {
    if (const InferFunction function = find(op.id())) return function;
  }
  return shape::FindElementwise(op);
}

absl::StatusOr<std::vector<TypeRef>> InferTypes(const Node& node) {
  InferenceContext context(node);
  if (node.function() != nullptr || context.attributes().HasReferences()) {
    return std::move(context.outputs());
  }
  if (const InferFunction infer = FindInferFunction(node.op())) {
    RETURN_IF_ERROR(infer(context));
  }
  return std::move(context.outputs());
}

TypeRef KnownType(const Value& value) {
  if (value.IsConstant()) return TypeOf(*value.tensor());
  const TypeRef& type = value.type();
  // What a body is given may change its shape from one run to the next.
  if (value.IsInput() && value.graph()->parent() != nullptr &&
      type != nullptr && type->IsTensor()) {
    return Type::Tensor(type->element(), std::nullopt);
  }
  return type;
}

void InferOutputs(Node& node) {
  if (!node.op().is_canonical() || node.function() != nullptr) {
    for (Value* output : node.outputs()) {
      if (output == nullptr || output->type() != nullptr ||
          output->declared_type() == nullptr) {
        continue;
      }
      node.graph()->SetType(output, output->declared_type());
    }
    return;
  }
  const absl::StatusOr<std::vector<TypeRef>> types = InferTypes(node);
  if (!types.ok()) return;
  for (int i = 0; i < node.num_outputs(); ++i) {
    Value* output = node.output(i);
    if (output == nullptr || (*types)[i] == nullptr) continue;
    const TypeRef merged = MergeTypes((*types)[i], output->type());
    if (!SameType(merged, output->type())) {
      node.graph()->SetType(output, merged);
    }
  }
}

TypeRef TypeOf(const Tensor& tensor) {
  Shape shape;
  for (const int64_t dim : tensor.dims()) shape.emplace_back(dim);
  return Type::Tensor(tensor.type(), std::move(shape));
}

TypeRef MergeTypes(const TypeRef& a, const TypeRef& b) {
  if (a == nullptr) return b;
  if (b == nullptr || Contradict(a, b) || !a->IsTensor() || !b->shape()) {
    return a;
  }
  if (!a->shape()) return Type::Tensor(a->element(), b->shape());
  Shape merged = *a->shape();
  for (size_t i = 0; i < merged.size(); ++i) {
    const Dim& other = (*b->shape())[i];
    if (!merged[i].IsInteger() &&
        (other.IsInteger() || merged[i].IsUnknown())) {
      merged[i] = other;
    }
  }
  return Type::Tensor(a->element(), std::move(merged));
}

namespace shape {

absl::Status Invalid(const InferenceContext& c, const std::string& message) {
  return absl::InvalidArgumentError(
      fmt::format("{}: {}", c.node().op().FullName(), message));
}

Dim Common(const Dim& a, const Dim& b) { return a == b ? a : Dim(); }

std::optional<Shape> Broadcast(const Shape& a, const Shape& b) {
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape result = longer;
  const size_t offset = longer.size() - shorter.size();
  for (size_t i = 0; i < shorter.size(); ++i) {
    const Dim& x = longer[offset + i];
    const Dim& y = shorter[i];
    if (y.IsInteger() && y.value() == 1) continue;
    if (x.IsInteger() && x.value() == 1) {
      result[offset + i] = y;
    } else if (x.IsInteger() && y.IsInteger()) {
      if (x.value() != y.value()) return std::nullopt;
    } else if (y.IsInteger()) {
      // The other is 1 or the same; a 0 would make 0 of a 1.
      result[offset + i] = y;
    } else if (!x.IsInteger() && (x.IsUnknown() || !(x == y))) {
      result[offset + i] = Dim();
    }
  }
  return result;
}

std::optional<int64_t> Normalize(int64_t axis, size_t rank) {
  const auto n = static_cast<int64_t>(rank);
  if (axis < -n || axis >= n) return std::nullopt;
  return axis < 0 ? axis + n : axis;
}

Shape UnknownShape(size_t rank) { return Shape(rank); }

Dim Product(const Shape& shape, size_t begin, size_t end) {
  Dim product(1);
  for (size_t i = begin; i < end; ++i) product = product * shape[i];
  return product;
}

}  // namespace shape
}  // namespace onnxopt
