// SPDX-License-Identifier: Apache-2.0
#include "passes/shape/body_inputs.h"

#include <utility>

#include "passes/shape/families.h"

namespace onnxopt::shape {
namespace {

// The axis along which a Scan reads its scan input `k`, which has that rank.
std::optional<int64_t> ScanAxis(const InferenceContext& c, size_t k,
                                size_t rank) {
  const auto* axes = c.attributes().Ints("scan_input_axes");
  if (axes == nullptr && c.attributes().IsGiven("scan_input_axes")) {
    return std::nullopt;
  }
  return Normalize(axes != nullptr && k < axes->size() ? (*axes)[k] : 0, rank);
}

// One slice of the scan input `k`, input `i` of the node.
TypeRef SliceOf(const InferenceContext& c, int i, int k) {
  const std::optional<Shape>& shape = c.shape(i);
  if (!shape) return WithoutShape(c.type(i));
  const auto axis = ScanAxis(c, k, shape->size());
  if (!axis) return WithoutShape(c.type(i));
  Shape slice = *shape;
  slice.erase(slice.begin() + *axis);
  return Type::Tensor(c.element(i), std::move(slice));
}

}  // namespace

TypeRef WithoutShape(const TypeRef& type) {
  if (type == nullptr || !type->IsTensor()) return nullptr;
  return Type::Tensor(type->element(), std::nullopt);
}

Dim ScanLength(const InferenceContext& c, int states) {
  Dim length;
  for (int i = states; i < c.num_inputs(); ++i) {
    const std::optional<Shape>& shape = c.shape(i);
    if (!shape) continue;
    const auto axis = ScanAxis(c, i - states, shape->size());
    if (axis && !length.IsInteger() && !(*shape)[*axis].IsUnknown()) {
      length = (*shape)[*axis];
    }
  }
  return length;
}

BodyInput BodyInputOf(const InferenceContext& c, int i) {
  if (!c.node().op().is_canonical()) return {};
  switch (c.node().op().id()) {
    case "Loop"_op:
      // Inputs: M, cond, states; of the body: number, condition, states;
      // outputs of the body: condition, states.
      return {c.type(i), i - 1};
    case "Scan"_op: {
      const int64_t scans = c.attributes().Int("num_scan_inputs", 0);
      if (scans < 1 || scans > c.num_inputs()) return {};
      const int states = c.num_inputs() - static_cast<int>(scans);
      if (i < states) return {c.type(i), i};
      return {SliceOf(c, i, i - states)};
    }
    case "SequenceMap"_op: {
      const TypeRef& type = c.type(i);
      const bool sequence =
          type != nullptr && type->kind() == Type::Kind::kSequence;
      return {sequence ? type->inner() : type};
    }
    default:
      return {};
  }
}

}  // namespace onnxopt::shape
