// SPDX-License-Identifier: Apache-2.0
#include "passes/shape/families.h"

namespace onnxopt::shape {
namespace {

absl::Status Reduce(InferenceContext& c) {
  const std::optional<Shape> input = c.shape(0);
  const bool keep = c.attributes().Int("keepdims", 1) != 0;
  std::optional<std::vector<int64_t>> axes = c.ints(1);
  std::optional<Shape> shape;
  if (input && c.HasInput(1) && !axes) {
    if (keep) shape = UnknownShape(input->size());
  } else if (input) {
    if (!axes) axes.emplace();
    const bool all = axes->empty();
    if (all && c.attributes().Int("noop_with_empty_axes", 0) != 0) {
      c.SetOutput(0, c.element(0), input);
      return absl::OkStatus();
    }
    std::vector<bool> reduced(input->size(), all);
    for (const int64_t given : *axes) {
      const auto axis = Normalize(given, input->size());
      if (!axis) return Invalid(c, "an axis is out of range");
      reduced[*axis] = true;
    }
    shape.emplace();
    for (size_t i = 0; i < input->size(); ++i) {
      if (!reduced[i]) {
        shape->push_back((*input)[i]);
      } else if (keep) {
        shape->emplace_back(1);
      }
    }
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

absl::Status Arg(InferenceContext& c) {
  std::optional<Shape> shape = c.shape(0);
  if (shape) {
    const auto axis = Normalize(c.attributes().Int("axis", 0), shape->size());
    if (!axis) return Invalid(c, "axis is out of range");
    if (c.attributes().Int("keepdims", 1) != 0) {
      (*shape)[*axis] = Dim(1);
    } else {
      shape->erase(shape->begin() + *axis);
    }
  }
  c.SetOutput(0, ElementType::kInt64, shape);
  return absl::OkStatus();
}

absl::Status TopK(InferenceContext& c) {
  std::optional<Shape> shape = c.shape(0);
  if (shape) {
    const auto axis = Normalize(c.attributes().Int("axis", -1), shape->size());
    if (!axis) return Invalid(c, "axis is out of range");
    const auto k = c.ints(1);
    (*shape)[*axis] = k && k->size() == 1 ? Dim((*k)[0]) : Dim();
  }
  c.SetOutput(0, c.element(0), shape);
  c.SetOutput(1, ElementType::kInt64, shape);
  return absl::OkStatus();
}

}  // namespace

InferFunction FindReduction(OpId op) {
  switch (op) {
    case "ReduceSum"_op:
    case "ReduceMean"_op:
    case "ReduceMax"_op:
    case "ReduceMin"_op:
    case "ReduceProd"_op:
    case "ReduceL1"_op:
    case "ReduceL2"_op:
    case "ReduceLogSum"_op:
    case "ReduceLogSumExp"_op:
    case "ReduceSumSquare"_op:
      return Reduce;
    case "ArgMax"_op:
    case "ArgMin"_op:
      return Arg;
    case "TopK"_op:
      return TopK;
    default:
      return nullptr;
  }
}

}  // namespace onnxopt::shape
