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

// Output `i` has the shape of `like`, and is of the same type if possible:
// nothing is copied then.
void SetLike(InferenceContext& c, int i, const TypeRef& like,
             ElementType element) {
  if (like != nullptr && like->IsTensor() && like->element() == element &&
      like->message().empty()) {
    c.SetOutput(i, like);
  } else {
    c.SetOutput(
        i, element,
        like != nullptr && like->IsTensor() ? like->shape() : std::nullopt);
  }
}

absl::Status Cast(InferenceContext& c) {
  SetLike(c, 0, c.type(0), ElementNamed(c, "to", ElementType::kUndefined));
  return absl::OkStatus();
}

absl::Status CastLike(InferenceContext& c) {
  SetLike(c, 0, c.type(0), c.element(1));
  return absl::OkStatus();
}

absl::Status BitCast(InferenceContext& c) {
  const ElementType to = ElementNamed(c, "to", ElementType::kUndefined);
  const bool same_width = BitWidth(to) == BitWidth(c.element(0));
  c.SetOutput(0, to, same_width ? c.shape(0) : std::nullopt);
  return absl::OkStatus();
}

absl::Status Identity(InferenceContext& c) {
  c.SetOutput(0, c.type(0));
  return absl::OkStatus();
}

absl::Status Quantize(InferenceContext& c) {
  const int64_t given = c.attributes().Int("output_dtype", 0);
  ElementType element = c.element(2);
  if (given != 0) {
    element = ElementNamed(c, "output_dtype", ElementType::kUndefined);
  } else if (!c.HasInput(2)) {
    element = ElementType::kUint8;
  }
  SetLike(c, 0, c.type(0), element);
  return absl::OkStatus();
}

absl::Status Dequantize(InferenceContext& c) {
  const int64_t given = c.attributes().Int("output_dtype", 0);
  SetLike(c, 0, c.type(0),
          given == 0
              ? c.element(1)
              : ElementNamed(c, "output_dtype", ElementType::kUndefined));
  return absl::OkStatus();
}

absl::Status DynamicQuantize(InferenceContext& c) {
  c.SetOutput(0, ElementType::kUint8, c.shape(0));
  c.SetOutput(1, ElementType::kFloat, Shape());
  c.SetOutput(2, ElementType::kUint8, Shape());
  return absl::OkStatus();
}

// EyeLike and the random operators named ...Like, and Bernoulli.
absl::Status LikeWithType(InferenceContext& c) {
  SetLike(c, 0, c.type(0), ElementNamed(c, "dtype", c.element(0)));
  return absl::OkStatus();
}

}  // namespace

absl::Status InferElementwise(InferenceContext& c) {
  const ElementType element = ElementFromSchema(c, 0);
  const TypeRef& first = c.type(0);
  bool same = first != nullptr && first->IsTensor() && first->shape();
  for (int i = 1; same && i < c.num_inputs(); ++i) {
    same = c.shape(i) && *c.shape(i) == *first->shape();
  }
  // Two unknown dims compare equal, but need not be.
  if (same && (c.num_inputs() == 1 ||
               std::none_of(first->shape()->begin(), first->shape()->end(),
                            [](const Dim& d) { return d.IsUnknown(); }))) {
    SetLike(c, 0, first, element);
    return absl::OkStatus();
  }
  std::optional<Shape> shape = Shape();
  for (int i = 0; i < c.num_inputs(); ++i) {
    if (!c.HasInput(i)) continue;
    const std::optional<Shape>& next = c.shape(i);
    if (!next) {
      c.SetOutput(0, element, std::nullopt);
      return absl::OkStatus();
    }
    shape = Broadcast(*shape, *next);
    if (!shape) return Invalid(c, "the shapes of the inputs do not broadcast");
  }
  c.SetOutput(0, element, std::move(shape));
  return absl::OkStatus();
}

absl::Status InferLikeFirstInput(InferenceContext& c) {
  const int count =
      std::min<int>(c.num_outputs(), c.node().op().outputs().size());
  for (int i = 0; i < count; ++i) {
    SetLike(c, i, c.type(0), ElementFromSchema(c, i));
  }
  return absl::OkStatus();
}

InferList ElementwiseFunctions() {
  InferList list = {
      {"BitCast"_op, BitCast},
      {"Cast"_op, Cast},
      {"CastLike"_op, CastLike},
      {"Identity"_op, Identity},
      {"QuantizeLinear"_op, Quantize},
      {"DequantizeLinear"_op, Dequantize},
      {"DynamicQuantizeLinear"_op, DynamicQuantize},
      {"EyeLike"_op, LikeWithType},
      {"Bernoulli"_op, LikeWithType},
      {"RandomNormalLike"_op, LikeWithType},
      {"RandomUniformLike"_op, LikeWithType},
  };
  for (const OpId op :
       {"Clip"_op, "CumProd"_op, "CumSum"_op, "Dropout"_op,
        "GroupNormalization"_op, "Hardmax"_op, "InstanceNormalization"_op,
        "LRN"_op, "LogSoftmax"_op, "LpNormalization"_op,
        "MeanVarianceNormalization"_op, "RMSNormalization"_op,
        "ReverseSequence"_op, "RotaryEmbedding"_op, "ScatterElements"_op,
        "ScatterND"_op, "Softmax"_op, "TensorScatter"_op, "Trilu"_op}) {
    list.push_back({op, InferLikeFirstInput});
  }
  return list;
}

}  // namespace onnxopt::shape
