// SPDX-License-Identifier: Apache-2.0
// Operators that pick elements by index or condition.
#include <cmath>
#include <cstring>

#include "passes/shape/families.h"

namespace onnxopt::shape {
namespace {

absl::Status Gather(InferenceContext& c) {
  const std::optional<Shape>& data = c.shape(0);
  const std::optional<Shape>& indices = c.shape(1);
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
  const std::optional<Shape>& data = c.shape(0);
  const std::optional<Shape>& indices = c.shape(1);
  const int64_t batch = c.attributes().Int("batch_dims", 0);
  std::optional<Shape> shape;
  if (data && indices && !indices->empty() && indices->back().IsInteger()) {
    const int64_t length = indices->back().value();
    const auto rank = static_cast<int64_t>(data->size());
    if (batch < 0 || batch > rank || length < 0 || length > rank - batch) {
      return Invalid(c, "the indices are longer than the rank");
    }
    const int64_t from = batch + length;
    shape = Shape(indices->begin(), indices->end() - 1);
    shape->insert(shape->end(), data->begin() + from, data->end());
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

absl::Status NonZero(InferenceContext& c) {
  const std::optional<Shape>& x = c.shape(0);
  c.SetOutput(
      0, ElementType::kInt64,
      Shape{x && !x->empty() ? Dim(static_cast<int64_t>(x->size())) : Dim(),
            Dim()});
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
    const auto depth = ScalarOf(c, 1);
    shape->insert(shape->begin() + *axis, depth ? Dim(*depth) : Dim());
  }
  c.SetOutput(0, c.element(2), shape);
  return absl::OkStatus();
}

absl::Status NonMaxSuppression(InferenceContext& c) {
  c.SetOutput(0, ElementType::kInt64, Shape{Dim(), Dim(3)});
  return absl::OkStatus();
}

absl::Status Unique(InferenceContext& c) {
  const std::optional<Shape>& x = c.shape(0);
  std::optional<Shape> shape;
  Dim inverse;
  if (const auto given = c.attributes().Int("axis")) {
    if (x) {
      const auto axis = Normalize(*given, x->size());
      if (!axis) return Invalid(c, "axis is out of range");
      shape = x;
      inverse = (*x)[*axis];
      (*shape)[*axis] = Dim();
    }
  } else {
    shape = UnknownShape(1);
    if (x) inverse = Product(*x, 0, x->size());
  }
  c.SetOutput(0, c.element(0), shape);
  c.SetOutput(1, ElementType::kInt64, UnknownShape(1));
  c.SetOutput(2, ElementType::kInt64, Shape{inverse});
  c.SetOutput(3, ElementType::kInt64, UnknownShape(1));
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
  if (!scales.empty()) {
    std::memcpy(scales.data(), bytes->data(), bytes->size());
  }
  return scales;
}

// floor(dim * scale) where no rounding can be in doubt.
Dim Scaled(const Dim& dim, float scale) {
  constexpr double kExact = 1 << 24;  // integers up to here are floats
  if (!(scale > 0) || scale > kExact) return Dim();
  if (scale == std::floor(scale)) return dim * Dim(static_cast<int64_t>(scale));
  if (!dim.IsInteger() || dim.value() > (1 << 24)) return Dim();
  const double size = static_cast<double>(dim.value()) * scale;
  const double whole = std::floor(size);
  if (size == whole && size <= kExact) return Dim(static_cast<int64_t>(whole));
  const bool clear = size - whole > 0.01 && size - whole < 0.99;
  return clear && size < 10000 ? Dim(static_cast<int64_t>(whole)) : Dim();
}

// The axes that Resize resizes, in the order of its scales and sizes.
std::optional<std::vector<int64_t>> ResizedAxes(const InferenceContext& c,
                                                size_t rank) {
  std::vector<int64_t> axes;
  std::vector<bool> seen(rank, false);
  const auto* given = c.attributes().Ints("axes");
  for (size_t i = 0; i < (given != nullptr ? given->size() : rank); ++i) {
    const auto axis = Normalize(
        given != nullptr ? (*given)[i] : static_cast<int64_t>(i), rank);
    if (!axis || seen[*axis]) return std::nullopt;
    seen[*axis] = true;
    axes.push_back(*axis);
  }
  return axes;
}

absl::Status Resize(InferenceContext& c) {
  std::optional<Shape> shape = c.shape(0);
  if (!shape) {
    c.SetOutput(0, c.element(0), std::nullopt);
    return absl::OkStatus();
  }
  const auto axes = ResizedAxes(c, shape->size());
  if (!axes) return Invalid(c, "the axes are not valid");
  const auto sizes = c.ints(3);
  const std::vector<float> scales = ScalesOf(c);
  // The region of interest scales too, or the aspect ratio rules.
  const bool by_scales =
      c.attributes().String("coordinate_transformation_mode", "half_pixel") !=
      "tf_crop_and_resize";
  const bool by_sizes =
      c.attributes().String("keep_aspect_ratio_policy", "stretch") == "stretch";
  for (size_t i = 0; i < axes->size(); ++i) {
    Dim& dim = (*shape)[(*axes)[i]];
    if (by_sizes && sizes && sizes->size() == axes->size()) {
      dim = Dim((*sizes)[i]);
    } else if (by_scales && !c.HasInput(3) && scales.size() == axes->size()) {
      dim = Scaled(dim, scales[i]);
    } else {
      dim = Dim();
    }
  }
  c.SetOutput(0, c.element(0), std::move(shape));
  return absl::OkStatus();
}

absl::Status GridSample(InferenceContext& c) {
  const std::optional<Shape>& x = c.shape(0);
  const std::optional<Shape>& grid = c.shape(1);
  std::optional<Shape> shape;
  if (x && grid && x->size() == grid->size() && x->size() > 2) {
    shape = Shape{(*x)[0], (*x)[1]};
    shape->insert(shape->end(), grid->begin() + 1, grid->end() - 1);
  }
  c.SetOutput(0, c.element(0), shape);
  return absl::OkStatus();
}

}  // namespace

InferList SelectionFunctions() {
  return {
      {"Compress"_op, Compress},
      {"Gather"_op, Gather},
      {"GatherElements"_op, GatherElements},
      {"GatherND"_op, GatherND},
      {"GridSample"_op, GridSample},
      {"NonMaxSuppression"_op, NonMaxSuppression},
      {"NonZero"_op, NonZero},
      {"OneHot"_op, OneHot},
      {"Resize"_op, Resize},
      {"Unique"_op, Unique},
  };
}

}  // namespace onnxopt::shape
