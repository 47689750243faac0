// SPDX-License-Identifier: Apache-2.0
// Control flow, sequences and Einsum.
#include <string>

#include "ir/graph.h"
#include "passes/shape/families.h"

namespace onnxopt::shape {
namespace {

// What holds for a value that is of one type or of the other.
TypeRef Join(const TypeRef& a, const TypeRef& b) {
  if (a == nullptr || b == nullptr || a->kind() != b->kind()) return nullptr;
  if (!a->IsTensor()) return SameType(a, b) ? a : nullptr;
  if (a->element() != b->element()) return nullptr;
  if (!a->shape() || !b->shape() || a->shape()->size() != b->shape()->size()) {
    return Type::Tensor(a->element(), std::nullopt);
  }
  Shape shape;
  for (size_t i = 0; i < a->shape()->size(); ++i) {
    shape.push_back(Common((*a->shape())[i], (*b->shape())[i]));
  }
  return Type::Tensor(a->element(), std::move(shape));
}

absl::Status If(InferenceContext& c) {
  const Graph* then_branch = c.attributes().Body("then_branch");
  const Graph* else_branch = c.attributes().Body("else_branch");
  if (then_branch == nullptr || else_branch == nullptr) {
    return absl::OkStatus();
  }
  for (int i = 0; i < c.num_outputs(); ++i) {
    if (i >= static_cast<int>(then_branch->outputs().size()) ||
        i >= static_cast<int>(else_branch->outputs().size())) {
      return Invalid(c, "a branch has too few outputs");
    }
    c.SetOutput(i, Join(KnownType(*then_branch->outputs()[i]),
                        KnownType(*else_branch->outputs()[i])));
  }
  return absl::OkStatus();
}

// Only what cannot change from one iteration to the next: element types.
absl::Status Loop(InferenceContext& c) {
  for (int i = 0; i < c.num_outputs() && i + 2 < c.num_inputs(); ++i) {
    const TypeRef initial = c.type(i + 2);
    if (initial != nullptr && initial->IsTensor()) {
      c.SetOutput(i, initial->element(), std::nullopt);
    } else {
      c.SetOutput(i, initial);
    }
  }
  return absl::OkStatus();
}

// Implicit output: not needed by any model we have seen, so only the explicit
// form of equations without "..." is read.
absl::Status Einsum(InferenceContext& c) {
  std::string equation;
  for (const char letter : c.attributes().String("equation", "")) {
    if (letter != ' ') equation += letter;
  }
  const size_t arrow = equation.find("->");
  if (arrow == std::string::npos || equation.find('.') != std::string::npos) {
    c.SetOutput(0, c.element(0), std::nullopt);
    return absl::OkStatus();
  }
  std::vector<Dim> seen[256];
  int input = 0;
  size_t axis = 0;
  for (size_t i = 0; i < arrow; ++i) {
    const auto label = static_cast<unsigned char>(equation[i]);
    if (label == ',') {
      ++input;
      axis = 0;
      continue;
    }
    const std::optional<Shape> shape = c.shape(input);
    if (shape && axis < shape->size()) {
      const Dim& dim = (*shape)[axis];
      seen[label].push_back(dim);
    } else {
      c.SetOutput(0, c.element(0), std::nullopt);
      return absl::OkStatus();
    }
    ++axis;
  }
  Shape shape;
  for (size_t i = arrow + 2; i < equation.size(); ++i) {
    Shape all;
    for (const Dim& dim : seen[static_cast<unsigned char>(equation[i])]) {
      const std::optional<Shape> both = Broadcast(all, Shape{dim});
      if (!both) return Invalid(c, "dims of one label differ");
      all = *both;
    }
    if (all.empty()) return Invalid(c, "the output has an unknown label");
    shape.push_back(all[0]);
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

absl::Status SequenceAt(InferenceContext& c) {
  const TypeRef sequence = c.type(0);
  if (sequence != nullptr && sequence->kind() == Type::Kind::kSequence) {
    const TypeRef& inner = sequence->inner();
    if (inner != nullptr && inner->IsTensor()) {
      c.SetOutput(0, inner->element(), std::nullopt);
    }
  }
  return absl::OkStatus();
}

absl::Status ConcatFromSequence(InferenceContext& c) { return SequenceAt(c); }

}  // namespace

InferFunction FindMisc(OpId op) {
  switch (op) {
    case "If"_op:
      return If;
    case "Loop"_op:
      return Loop;
    case "Einsum"_op:
      return Einsum;
    case "SequenceAt"_op:
      return SequenceAt;
    case "ConcatFromSequence"_op:
      return ConcatFromSequence;
    default:
      return nullptr;
  }
}

}  // namespace onnxopt::shape
