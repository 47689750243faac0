// SPDX-License-Identifier: Apache-2.0
// Sequences and optionals.
#include "passes/shape/families.h"

namespace onnxopt::shape {
namespace {

// The type of all elements of the sequence `type`; null if not known.
TypeRef ElementOf(const TypeRef& type) {
  return type != nullptr && type->kind() == Type::Kind::kSequence
             ? type->inner()
             : nullptr;
}

absl::Status SequenceEmpty(InferenceContext& c) {
  const ElementType element = ElementNamed(c, "dtype", ElementType::kFloat);
  c.SetOutput(0, Type::Sequence(Type::Tensor(element, std::nullopt)));
  return absl::OkStatus();
}

absl::Status SequenceConstruct(InferenceContext& c) {
  TypeRef all = c.type(0);
  for (int i = 1; i < c.num_inputs(); ++i) all = JoinTypes(all, c.type(i));
  c.SetOutput(0, Type::Sequence(all));
  return absl::OkStatus();
}

absl::Status SequenceInsert(InferenceContext& c) {
  c.SetOutput(0, Type::Sequence(JoinTypes(ElementOf(c.type(0)), c.type(1))));
  return absl::OkStatus();
}

absl::Status SequenceErase(InferenceContext& c) {
  c.SetOutput(0, c.type(0));
  return absl::OkStatus();
}

absl::Status SequenceAt(InferenceContext& c) {
  c.SetOutput(0, ElementOf(c.type(0)));
  return absl::OkStatus();
}

absl::Status SequenceLength(InferenceContext& c) {
  c.SetOutput(0, ElementType::kInt64, Shape());
  return absl::OkStatus();
}

absl::Status ConcatFromSequence(InferenceContext& c) {
  const TypeRef element = ElementOf(c.type(0));
  if (element == nullptr || !element->IsTensor()) return absl::OkStatus();
  std::optional<Shape> shape = element->shape();
  if (shape) {
    const bool stack = c.attributes().Int("new_axis", 0) != 0;
    const auto axis = Normalize(c.attributes().Int("axis", 0),
                                shape->size() + (stack ? 1 : 0));
    if (!axis) return Invalid(c, "axis is out of range");
    if (stack) {
      shape->insert(shape->begin() + *axis, Dim());
    } else {
      (*shape)[*axis] = Dim();
    }
  }
  c.SetOutput(0, element->element(), std::move(shape));
  return absl::OkStatus();
}

absl::Status SplitToSequence(InferenceContext& c) {
  std::optional<Shape> shape = c.shape(0);
  if (c.element(0) == ElementType::kUndefined) return absl::OkStatus();
  if (shape) {
    const auto axis = Normalize(c.attributes().Int("axis", 0), shape->size());
    if (!axis) return Invalid(c, "axis is out of range");
    Dim& dim = (*shape)[*axis];
    if (!c.HasInput(1)) {
      dim = Dim(1);
      if (c.attributes().Int("keepdims", 1) == 0) {
        shape->erase(shape->begin() + *axis);
      }
    } else {
      // Known only for one size that leaves no rest.
      const auto size = ScalarOf(c, 1);
      const bool one_size = size && *size > 0 && c.shape(1)->empty();
      dim = one_size && dim.IsInteger() && dim.value() % *size == 0 ? Dim(*size)
                                                                    : Dim();
    }
  }
  c.SetOutput(0, Type::Sequence(Type::Tensor(c.element(0), std::move(shape))));
  return absl::OkStatus();
}

absl::Status Optional(InferenceContext& c) {
  // An absent input makes an empty optional of the type given.
  const TypeRef inner = c.HasInput(0) ? c.type(0) : c.attributes().Type("type");
  c.SetOutput(0, Type::Optional(inner));
  return absl::OkStatus();
}

absl::Status OptionalGetElement(InferenceContext& c) {
  const TypeRef& type = c.type(0);
  if (type == nullptr) return absl::OkStatus();
  c.SetOutput(0, type->kind() == Type::Kind::kOptional ? type->inner() : type);
  return absl::OkStatus();
}

absl::Status OptionalHasElement(InferenceContext& c) {
  c.SetOutput(0, ElementType::kBool, Shape());
  return absl::OkStatus();
}

}  // namespace

InferList SequenceFunctions() {
  return {
      {"ConcatFromSequence"_op, ConcatFromSequence},
      {"Optional"_op, Optional},
      {"OptionalGetElement"_op, OptionalGetElement},
      {"OptionalHasElement"_op, OptionalHasElement},
      {"SequenceAt"_op, SequenceAt},
      {"SequenceConstruct"_op, SequenceConstruct},
      {"SequenceEmpty"_op, SequenceEmpty},
      {"SequenceErase"_op, SequenceErase},
      {"SequenceInsert"_op, SequenceInsert},
      {"SequenceLength"_op, SequenceLength},
      {"SplitToSequence"_op, SplitToSequence},
  };
}

}  // namespace onnxopt::shape
