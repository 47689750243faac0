// SPDX-License-Identifier: Apache-2.0
// Operators that pick elements by index or condition.
#include <cmath>
#include <cstring>

#include "passes/shape/families.h"

namespace onnxopt::shape {
namespace {

absl::Status Gather(InferenceContext& c) {
  const std::optional<Shape> data = c.shape(0);
  const std::optional<Shape> indices = c.shape(1);
  std::optional<Shape> shape;
  if (data && indices) {
    const auto axis = Normalize(c.attributes().Int("axis", 0), data->size());
    if (!axis) return Invalid(c, "axis is out of range");
    shape = Shape(data->begin(), data->begin() + *axis);
    shape->insert(shape->end(), indices->begin(), indices->end());
    shape->insert(shape->end(), data->begin() + *axis + 1, data->end());
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

absl::Status GatherElements(InferenceContext& c) {
  c.SetOutput(0, c.element(0), c.shape(1));
  return absl::OkStatus();
}

absl::Status GatherND(InferenceContext& c) {
  const std::optional<Shape> data = c.shape(0);
  const std::optional<Shape> indices = c.shape(1);
  const int64_t batch = c.attributes().Int("batch_dims", 0);
  std::optional<Shape> shape;
  if (data && indices && !indices->empty() && indices->back().IsInteger()) {
    const int64_t from = batch + indices->back().value();
    if (from < 0 || from > static_cast<int64_t>(data->size())) {
      return Invalid(c, "the indices are longer than the rank");
    }
    shape = Shape(indices->begin(), indices->end() - 1);
    shape->insert(shape->end(), data->begin() + from, data->end());
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

absl::Status NonZero(InferenceContext& c) {
  const std::optional<Shape> x = c.shape(0);
  c.SetOutput(0, ElementType::kInt64,
              Shape{x ? Dim(static_cast<int64_t>(x->size())) : Dim(), Dim()});
  return absl::OkStatus();
}

absl::Status Compress(InferenceContext& c) {
  std::optional<Shape> shape = c.shape(0);
  if (const auto given = c.attributes().Int("axis")) {
    if (shape) {
      const auto axis = Normalize(*given, shape->size());
      if (!axis) return Invalid(c, "axis is out of range");
      (*shape)[*axis] = Dim();
    }
  } else {
    shape = UnknownShape(1);
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

absl::Status OneHot(InferenceContext& c) {
  std::optional<Shape> shape = c.shape(0);
  if (shape) {
    const auto axis =
        Normalize(c.attributes().Int("axis", -1), shape->size() + 1);
    if (!axis) return Invalid(c, "axis is out of range");
    const auto depth = c.ints(1);
    shape->insert(shape->begin() + *axis,
                  depth && depth->size() == 1 ? Dim((*depth)[0]) : Dim());
  }
  c.SetOutput(0, c.element(2), shape);
  return absl::OkStatus();
}

absl::Status NonMaxSuppression(InferenceContext& c) {
  c.SetOutput(0, ElementType::kInt64, Shape{Dim(), Dim(3)});
  return absl::OkStatus();
}

std::vector<float> ScalesOf(const InferenceContext& c) {
  const Value* value = c.node().input(2);
  if (value == nullptr || !value->IsConstant() ||
      value->tensor()->type() != ElementType::kFloat ||
      value->tensor()->num_elements() > kMaxShapeElements) {
    return {};
  }
  const absl::StatusOr<std::string_view> bytes = value->tensor()->bytes();
  if (!bytes.ok()) return {};
  std::vector<float> scales(value->tensor()->num_elements());
  std::memcpy(scales.data(), bytes->data(), bytes->size());
  return scales;
}

// floor(dim * scale) where no rounding can be in doubt.
Dim Scaled(const Dim& dim, float scale) {
  if (scale == 1.0F) return dim;
  if (!dim.IsInteger() || !(scale > 0) || dim.value() > (1 << 24)) return Dim();
  const double size = static_cast<double>(dim.value()) * scale;
  const double whole = std::floor(size);
  return size == whole && whole < 1e9 ? Dim(static_cast<int64_t>(whole))
                                      : Dim();
}

absl::Status Resize(InferenceContext& c) {
  const std::optional<Shape> x = c.shape(0);
  std::optional<Shape> shape;
  if (x) {
    shape = UnknownShape(x->size());
    const auto sizes = c.ints(3);
    const auto* axes = c.attributes().Ints("axes");
    const bool stretch = c.attributes().String("keep_aspect_ratio_policy",
                                               "stretch") == "stretch";
    if (sizes && stretch && axes == nullptr && sizes->size() == x->size()) {
      for (size_t i = 0; i < x->size(); ++i) (*shape)[i] = Dim((*sizes)[i]);
    }
    const std::vector<float> scales = ScalesOf(c);
    if (axes == nullptr && scales.size() == x->size()) {
      for (size_t i = 0; i < x->size(); ++i) {
        (*shape)[i] = Scaled((*x)[i], scales[i]);
      }
    }
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

absl::Status GridSample(InferenceContext& c) {
  const std::optional<Shape> x = c.shape(0);
  const std::optional<Shape> grid = c.shape(1);
  std::optional<Shape> shape;
  if (x && grid && x->size() == grid->size() && x->size() > 2) {
    shape = Shape{(*x)[0], (*x)[1]};
    shape->insert(shape->end(), grid->begin() + 1, grid->end() - 1);
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

}  // namespace

InferFunction FindSelection(OpId op) {
  switch (op) {
    case "Gather"_op:
      return Gather;
    case "GatherElements"_op:
      return GatherElements;
    case "GatherND"_op:
      return GatherND;
    case "NonZero"_op:
      return NonZero;
    case "Compress"_op:
      return Compress;
    case "OneHot"_op:
      return OneHot;
    case "NonMaxSuppression"_op:
      return NonMaxSuppression;
    case "Resize"_op:
      return Resize;
    case "GridSample"_op:
      return GridSample;
    default:
      return nullptr;
  }
}

}  // namespace onnxopt::shape
