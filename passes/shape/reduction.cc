// SPDX-License-Identifier: Apache-2.0
#include "passes/shape/families.h"

namespace onnxopt::shape {
namespace {

absl::Status Reduce(InferenceContext& c) {
  const std::optional<Shape>& input = c.shape(0);
  const bool keep = c.attributes().Int("keepdims", 1) != 0;
  std::optional<std::vector<int64_t>> axes = c.ints(1);
  std::optional<Shape> shape;
  if (input && c.HasInput(1) && !axes) {
    if (keep) shape = UnknownShape(input->size());
  } else if (!input) {
    const bool all = !c.HasInput(1) || (axes && axes->empty());
    if (all && !keep && c.attributes().Int("noop_with_empty_axes", 0) == 0) {
      shape.emplace();
    }
  } else {
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
    const auto k = ScalarOf(c, 1);
    (*shape)[*axis] = k ? Dim(*k) : Dim();
  }
  c.SetOutput(0, c.element(0), shape);
  c.SetOutput(1, ElementType::kInt64, shape);
  return absl::OkStatus();
}

// NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss.
absl::Status Loss(InferenceContext& c) {
  const bool reduced = c.attributes().String("reduction", "mean") != "none";
  c.SetOutput(0, c.element(0), reduced ? std::optional(Shape()) : c.shape(1));
  c.SetOutput(1, c.element(0), c.shape(0));
  return absl::OkStatus();
}

}  // namespace

InferList ReductionFunctions() {
  InferList list = {
      {"ArgMax"_op, Arg},
      {"ArgMin"_op, Arg},
      {"NegativeLogLikelihoodLoss"_op, Loss},
      {"SoftmaxCrossEntropyLoss"_op, Loss},
      {"TopK"_op, TopK},
  };
  for (const OpId op :
       {"ReduceL1"_op, "ReduceL2"_op, "ReduceLogSum"_op, "ReduceLogSumExp"_op,
        "ReduceMax"_op, "ReduceMean"_op, "ReduceMin"_op, "ReduceProd"_op,
        "ReduceSum"_op, "ReduceSumSquare"_op}) {
    list.push_back({op, Reduce});
  }
  return list;
}

}  // namespace onnxopt::shape
