// SPDX-License-Identifier: Apache-2.0
// Operators whose result has the broadcast shape of their operands; the schema
// says which element type.
#include <algorithm>

#include "passes/shape/families.h"

namespace onnxopt::shape {
namespace {

// The element type of output `i`: a fixed one, or that of an input with the
// same type constraint.
ElementType ElementFromSchema(const InferenceContext& c, int i) {
  const OpDef& op = c.node().op();
  const std::string_view type = op.outputs()[i].type;
  if (type.starts_with("tensor(") && type.ends_with(")")) {
    return ElementTypeFromName(type.substr(7, type.size() - 8))
        .value_or(ElementType::kUndefined);
  }
  for (int k = 0; k < c.num_inputs(); ++k) {
    const size_t formal = std::min<size_t>(k, op.inputs().size() - 1);
    if (op.inputs()[formal].type == type &&
        c.element(k) != ElementType::kUndefined) {
      return c.element(k);
    }
  }
  const TypeConstraint* constraint = op.FindTypeConstraint(type);
  if (constraint != nullptr && constraint->types.size() == 1) {
    const std::string_view only = constraint->types[0];
    if (only.starts_with("tensor(")) {
      return ElementTypeFromName(only.substr(7, only.size() - 8))
          .value_or(ElementType::kUndefined);
    }
  }
  return ElementType::kUndefined;
}

absl::Status Elementwise(InferenceContext& c) {
  std::optional<Shape> shape = Shape();
  for (int i = 0; i < c.num_inputs(); ++i) {
    if (!c.HasInput(i)) continue;
    const std::optional<Shape> next = c.shape(i);
    if (!next) {
      shape = std::nullopt;
      break;
    }
    shape = Broadcast(*shape, *next);
    if (!shape) return Invalid(c, "the shapes of the inputs do not broadcast");
  }
  c.SetOutput(0, ElementFromSchema(c, 0), shape);
  return absl::OkStatus();
}

// The shape of input 0; further inputs are parameters.
absl::Status LikeFirstInput(InferenceContext& c) {
  for (int i = 0;
       i < std::min<int>(c.num_outputs(), c.node().op().outputs().size());
       ++i) {
    c.SetOutput(i, ElementFromSchema(c, i), c.shape(0));
  }
  return absl::OkStatus();
}

absl::Status Cast(InferenceContext& c) {
  const auto to = c.attributes().Int("to");
  const auto element = to ? ElementTypeFromNumber(*to) : std::nullopt;
  if (element) c.SetOutput(0, *element, c.shape(0));
  return absl::OkStatus();
}

absl::Status CastLike(InferenceContext& c) {
  c.SetOutput(0, c.element(1), c.shape(0));
  return absl::OkStatus();
}

absl::Status Identity(InferenceContext& c) {
  c.SetOutput(0, c.type(0));
  return absl::OkStatus();
}

absl::Status Quantize(InferenceContext& c) {
  ElementType element = c.element(2);
  if (!c.HasInput(2)) {
    const int64_t given = c.attributes().Int("output_dtype", 0);
    element =
        given == 0
            ? ElementType::kUint8
            : ElementTypeFromNumber(given).value_or(ElementType::kUndefined);
  }
  c.SetOutput(0, element, c.shape(0));
  return absl::OkStatus();
}

absl::Status Dequantize(InferenceContext& c) {
  const int64_t given = c.attributes().Int("output_dtype", 0);
  c.SetOutput(0,
              given == 0 ? c.element(1)
                         : ElementTypeFromNumber(given).value_or(
                               ElementType::kUndefined),
              c.shape(0));
  return absl::OkStatus();
}

}  // namespace

InferFunction FindElementwise(const OpDef& op) {
  switch (op.id()) {
    case "Cast"_op:
      return Cast;
    case "CastLike"_op:
      return CastLike;
    case "Identity"_op:
      return Identity;
    case "QuantizeLinear"_op:
      return Quantize;
    case "DequantizeLinear"_op:
      return Dequantize;
    case "Clip"_op:
    case "Dropout"_op:
    case "Softmax"_op:
    case "LogSoftmax"_op:
    case "Hardmax"_op:
    case "InstanceNormalization"_op:
    case "GroupNormalization"_op:
    case "RMSNormalization"_op:
    case "LpNormalization"_op:
    case "LRN"_op:
    case "MeanVarianceNormalization"_op:
    case "CumSum"_op:
    case "Trilu"_op:
    case "ReverseSequence"_op:
    case "ScatterElements"_op:
    case "ScatterND"_op:
      return LikeFirstInput;
    default:
      return op.Has(Trait::kElementwise) && op.outputs().size() == 1
                 ? Elementwise
                 : nullptr;
  }
}

}  // namespace onnxopt::shape
