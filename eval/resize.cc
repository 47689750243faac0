// SPDX-License-Identifier: Apache-2.0
// Resize: each axis has a rule that says which elements make an element of the
// result; interpolation goes through the axes one after the other.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "eval/arguments.h"
#include "eval/doubles.h"
#include "eval/elements.h"
#include "eval/families.h"
#include "eval/move_elements.h"

namespace onnxopt::eval {
namespace {

struct ResizeAxis {
  int64_t from = 0;  // elements
  int64_t to = 0;
  double scale = 1;
  double roi_start = 0;
  double roi_end = 1;
};

constexpr std::string_view kCropAndResize = "tf_crop_and_resize";

// The place in the original of element `i` of the result.
double OriginalPlace(std::string_view transformation, const ResizeAxis& axis,
                     int64_t i) {
  const auto x = static_cast<double>(i);
  const auto last = static_cast<double>(axis.from - 1);
  const double length = axis.scale * static_cast<double>(axis.from);
  if (transformation == "asymmetric") return x / axis.scale;
  if (transformation == "align_corners") {
    return axis.to == 1 ? 0 : x * last / (length - 1);
  }
  if (transformation == kCropAndResize) {
    if (axis.to == 1) return 0.5 * (axis.roi_start + axis.roi_end) * last;
    return axis.roi_start * last +
           x * (axis.roi_end - axis.roi_start) * last / (length - 1);
  }
  if (transformation == "pytorch_half_pixel" && axis.to == 1) return 0;
  double place = (x + 0.5) / axis.scale - 0.5;
  if (transformation == "half_pixel_symmetric") {
    // The centres fall together even if the result is cut to whole elements.
    const double cut = static_cast<double>(axis.to) / length;
    place += static_cast<double>(axis.from) / 2 * (1 - cut);
  }
  return place;
}

bool IsOutside(std::string_view transformation, const ResizeAxis& axis,
               double place) {
  return transformation == kCropAndResize &&
         !(place >= 0 && place <= static_cast<double>(axis.from - 1));
}

int64_t Nearest(std::string_view nearest_mode, double place) {
  if (nearest_mode == "floor") return std::floor(place);
  if (nearest_mode == "ceil") return std::ceil(place);
  if (nearest_mode == "round_prefer_ceil") return std::floor(place + 0.5);
  return std::ceil(place - 0.5);
}

// The cubic convolution kernel.
double Cubic(double x, double a) {
  x = std::fabs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

double Linear(double x) { return std::max(0.0, 1 - std::fabs(x)); }

// The elements of the result along an axis as weighted sums: `taps` indices and
// weights for each.
struct Weights {
  int64_t taps = 0;
  std::vector<int64_t> indices;
  std::vector<double> weights;
  std::vector<bool> outside;
};

struct ResizeRule {
  std::string_view transformation;
  bool cubic = false;
  bool antialias = false;
  bool exclude_outside = false;
  double cubic_a = 0;
};

Weights WeightsOf(const ResizeRule& rule, const ResizeAxis& axis) {
  // Antialiasing stretches the kernel where the result is smaller.
  const double stretch = rule.antialias ? std::min(axis.scale, 1.0) : 1.0;
  const double support = rule.cubic ? 2 : 1;
  // Taps are first..1-first, relative to the element before the place.
  const auto first = static_cast<int64_t>(std::floor(-support / stretch)) + 1;
  Weights result;
  result.taps = 2 - 2 * first;
  for (int64_t i = 0; i < axis.to; ++i) {
    const double place = OriginalPlace(rule.transformation, axis, i);
    result.outside.push_back(IsOutside(rule.transformation, axis, place));
    const double base = result.outside.back() ? 0 : std::ceil(place) - 1;
    const double ratio = result.outside.back() ? 1 : place - base;  // in (0,1]
    const size_t begin = result.weights.size();
    double sum = 0;
    for (int64_t tap = first; tap < first + result.taps; ++tap) {
      const double x = (static_cast<double>(tap) - ratio) * stretch;
      const int64_t index = static_cast<int64_t>(base) + tap;
      const bool excluded =
          rule.exclude_outside && (index < 0 || index >= axis.from);
      const double weight =
          excluded ? 0 : (rule.cubic ? Cubic(x, rule.cubic_a) : Linear(x));
      sum += weight;
      result.indices.push_back(std::clamp<int64_t>(index, 0, axis.from - 1));
      result.weights.push_back(weight);
    }
    if (rule.antialias || rule.exclude_outside) {
      for (size_t k = begin; k < result.weights.size(); ++k) {
        result.weights[k] /= sum;
      }
    }
  }
  return result;
}

absl::StatusOr<TensorBuilder> ResizeOneAxis(TensorBuilder in, size_t axis,
                                            const Weights& weights) {
  TensorDims dims = in.dims();
  const int64_t from = dims[axis];
  const int64_t to = static_cast<int64_t>(weights.outside.size());
  dims[axis] = to;
  const int64_t inner = ProductOf(dims, axis + 1, dims.size());
  const int64_t outer = ProductOf(dims, 0, axis);
  ASSIGN_OR_RETURN(TensorBuilder out,
                   TensorBuilder::Create(ElementType::kDouble, dims));
  const double* source = in.As<double>().data();
  double* target = out.As<double>().data();
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < to; ++i) {
      double* sums = target + (o * to + i) * inner;
      for (int64_t tap = i * weights.taps; tap < (i + 1) * weights.taps;
           ++tap) {
        const double* row = source + (o * from + weights.indices[tap]) * inner;
        const double weight = weights.weights[tap];
        for (int64_t k = 0; k < inner; ++k) sums[k] += weight * row[k];
      }
    }
  }
  return out;
}

TensorDims ResultDims(const std::vector<ResizeAxis>& axes) {
  TensorDims dims;
  for (const ResizeAxis& axis : axes) dims.push_back(axis.to);
  return dims;
}

absl::StatusOr<TensorRef> Interpolate(const Tensor& x, const ResizeRule& rule,
                                      const std::vector<ResizeAxis>& axes,
                                      double extrapolation_value) {
  ASSIGN_OR_RETURN(TensorBuilder doubles, ToDoubles(x));
  std::vector<std::vector<bool>> outside(axes.size());
  for (size_t i = axes.size(); i-- > 0;) {
    const ResizeAxis& axis = axes[i];
    if (axis.scale == 1 && axis.from == axis.to &&
        rule.transformation != kCropAndResize) {
      continue;
    }
    Weights weights = WeightsOf(rule, axis);
    ASSIGN_OR_RETURN(doubles, ResizeOneAxis(std::move(doubles), i, weights));
    outside[i] = std::move(weights.outside);
  }
  const std::span<double> values = doubles.As<double>();
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t inner =
        ProductOf(doubles.dims(), i + 1, doubles.dims().size());
    for (size_t k = 0; k < values.size() && !outside[i].empty(); ++k) {
      if (outside[i][k / inner % axes[i].to]) values[k] = extrapolation_value;
    }
  }
  return FromDoubles(x.type(), std::move(doubles));
}

absl::StatusOr<TensorRef> PickNearest(const KernelArgs& args,
                                      std::string_view transformation,
                                      const std::vector<ResizeAxis>& axes) {
  const Tensor& x = *args.input(0);
  const std::string_view nearest_mode =
      args.attributes().String("nearest_mode", "round_prefer_floor");
  TensorRef outside;
  if (transformation == kCropAndResize) {
    ASSIGN_OR_RETURN(TensorBuilder value,
                     TensorBuilder::Create(ElementType::kDouble, {}));
    value.As<double>()[0] = args.attributes().Float("extrapolation_value", 0);
    ASSIGN_OR_RETURN(outside, FromDoubles(x.type(), std::move(value)));
  }
  return GatheredByAxis(
      x, ResultDims(axes),
      [&](size_t i, int64_t at) {
        const double place = OriginalPlace(transformation, axes[i], at);
        if (IsOutside(transformation, axes[i], place)) return int64_t{-1};
        return std::clamp<int64_t>(Nearest(nearest_mode, place), 0,
                                   axes[i].from - 1);
      },
      outside.get());
}

// Null for a missing input, also one given as an empty list.
const Tensor* GivenInput(const KernelArgs& args, int i) {
  const Tensor* input = args.input(i);
  return input != nullptr && input->num_elements() == 0 ? nullptr : input;
}

// Sets the scales of the axes to reach `sizes`, or the same for all of them.
absl::Status ScaleToSizes(const KernelArgs& args,
                          std::span<ResizeAxis* const> axes) {
  ASSIGN_OR_RETURN(const auto sizes, IntegersOf(*args.input(3)));
  if (sizes.size() != axes.size()) return Invalid("a size is missing");
  std::vector<double> scales;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < 0) return Invalid("a size is negative");
    axes[i]->to = sizes[i];
    axes[i]->scale = scales.emplace_back(static_cast<double>(sizes[i]) /
                                         static_cast<double>(axes[i]->from));
  }
  const std::string_view policy =
      args.attributes().String("keep_aspect_ratio_policy", "stretch");
  if (policy == "stretch") return absl::OkStatus();
  if (policy != "not_larger" && policy != "not_smaller") {
    return Invalid("keep_aspect_ratio_policy is not known");
  }
  const double scale = policy == "not_larger"
                           ? *std::min_element(scales.begin(), scales.end())
                           : *std::max_element(scales.begin(), scales.end());
  for (ResizeAxis* axis : axes) {
    const double size =
        std::floor(scale * static_cast<double>(axis->from) + 0.5);
    if (!(size < 0x1p62)) return Invalid("the result is too large");
    axis->to = static_cast<int64_t>(size);
    axis->scale = scale;
  }
  return absl::OkStatus();
}

absl::Status ScaleByScales(const KernelArgs& args,
                           std::span<ResizeAxis* const> axes) {
  ASSIGN_OR_RETURN(const auto scales, FloatsOf(*args.input(2)));
  if (scales.size() != axes.size()) return Invalid("a scale is missing");
  for (size_t i = 0; i < scales.size(); ++i) {
    // In float, as shapes are inferred.
    const float size = std::floor(static_cast<float>(axes[i]->from) *
                                  static_cast<float>(scales[i]));
    if (!(scales[i] > 0) || !(size < 0x1p62f)) {
      return Invalid("a scale is not positive, or too large");
    }
    axes[i]->to = static_cast<int64_t>(size);
    axes[i]->scale = scales[i];
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ResizeAxis>> ResizeAxesOf(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  std::vector<ResizeAxis> axes;
  for (const int64_t dim : x.dims()) axes.push_back({dim, dim});
  ASSIGN_OR_RETURN(const auto resized,
                   AxesOf(args.attributes().Ints("axes"), RankOf(x)));
  std::vector<ResizeAxis*> chosen;
  for (const int64_t axis : resized) chosen.push_back(&axes[axis]);
  if (const Tensor* roi = GivenInput(args, 1); roi != nullptr) {
    ASSIGN_OR_RETURN(const auto bounds, FloatsOf(*roi));
    if (bounds.size() != 2 * chosen.size()) {
      return Invalid("there are not two roi bounds for each axis");
    }
    for (size_t i = 0; i < chosen.size(); ++i) {
      chosen[i]->roi_start = bounds[i];
      chosen[i]->roi_end = bounds[i + chosen.size()];
    }
  }
  const bool by_scales = GivenInput(args, 2) != nullptr;
  if (by_scales == (GivenInput(args, 3) != nullptr)) {
    if (by_scales || !x.dims().empty()) {
      return Invalid("one of scales and sizes is needed, not both");
    }
    return axes;
  }
  if (by_scales) {
    RETURN_IF_ERROR(ScaleByScales(args, chosen));
  } else {
    RETURN_IF_ERROR(ScaleToSizes(args, chosen));
  }
  for (const ResizeAxis& axis : axes) {
    if (axis.from == 0 && axis.to != 0) {
      return Invalid("an axis without elements cannot be enlarged");
    }
  }
  return axes;
}

constexpr std::string_view kTransformations[] = {
    "align_corners",        "asymmetric",         "half_pixel",
    "half_pixel_symmetric", "pytorch_half_pixel", kCropAndResize};
constexpr std::string_view kNearestModes[] = {
    "ceil", "floor", "round_prefer_ceil", "round_prefer_floor"};

bool IsOneOf(std::string_view name, std::span<const std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

KernelOutputs Resize(const KernelArgs& args) {
  const AttributeView& attributes = args.attributes();
  ResizeRule rule;
  rule.transformation =
      attributes.String("coordinate_transformation_mode", "half_pixel");
  const std::string_view mode = attributes.String("mode", "nearest");
  rule.cubic = mode == "cubic";
  rule.antialias = attributes.Int("antialias", 0) != 0;
  rule.exclude_outside = attributes.Int("exclude_outside", 0) != 0;
  rule.cubic_a = attributes.Float("cubic_coeff_a", -0.75f);
  if (!IsOneOf(rule.transformation, kTransformations) ||
      !IsOneOf(attributes.String("nearest_mode", ""), kNearestModes)) {
    return Invalid("a mode is not known");
  }
  ASSIGN_OR_RETURN(const std::vector<ResizeAxis> axes, ResizeAxesOf(args));
  if (NumElements(ResultDims(axes)) == 0) {
    return Single(GatheredRuns(*args.input(0), ResultDims(axes), {}, 0));
  }
  if (mode == "nearest") {
    return Single(PickNearest(args, rule.transformation, axes));
  }
  if (mode != "linear" && mode != "cubic") {
    return Invalid(absl::StrCat("mode ", std::string(mode), " is not known"));
  }
  return Single(Interpolate(*args.input(0), rule, axes,
                            attributes.Float("extrapolation_value", 0)));
}

}  // namespace

KernelList ResizeKernels() { return {{"Resize"_op, Resize}}; }

}  // namespace onnxopt::eval
