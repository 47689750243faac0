// SPDX-License-Identifier: Apache-2.0
// Operators on regions (boxes) of images.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "eval/arguments.h"
#include "eval/doubles.h"
#include "eval/families.h"

namespace onnxopt::eval {
namespace {

// Samples of one image at one point: four elements with weights.
struct Corners {
  std::array<int64_t, 4> offsets{};
  std::array<double, 4> weights{};
};

Corners CornersOf(double y, double x, int64_t height, int64_t width) {
  const auto h = static_cast<double>(height);
  const auto w = static_cast<double>(width);
  // Points farther out count as zero; NaN is out.
  if (!(y >= -1 && y <= h && x >= -1 && x <= w)) return {};
  y = std::clamp(y, 0.0, h - 1);
  x = std::clamp(x, 0.0, w - 1);
  const auto top = static_cast<int64_t>(y);
  const auto left = static_cast<int64_t>(x);
  const int64_t bottom = std::min(top + 1, height - 1);
  const int64_t right = std::min(left + 1, width - 1);
  const double dy = y - static_cast<double>(top);
  const double dx = x - static_cast<double>(left);
  return {{top * width + left, top * width + right, bottom * width + left,
           bottom * width + right},
          {(1 - dy) * (1 - dx), (1 - dy) * dx, dy * (1 - dx), dy * dx}};
}

struct RoiAlignRule {
  int64_t pooled_height = 1;
  int64_t pooled_width = 1;
  int64_t sampling_ratio = 0;
  float spatial_scale = 1;
  bool half_pixel = true;
  bool max = false;
};

// The sampling points along one axis of a region: `per_bin` in each bin.
struct Bins {
  double start = 0;
  double size = 0;  // of a bin
  int64_t per_bin = 0;

  double Point(int64_t bin, int64_t i) const {
    return start + static_cast<double>(bin) * size +
           (static_cast<double>(i) + 0.5) * size / static_cast<double>(per_bin);
  }
};

absl::StatusOr<Bins> BinsOf(const RoiAlignRule& rule, double start, double end,
                            int64_t pooled) {
  // In float: how many points there are must not depend on more precision.
  const float offset = rule.half_pixel ? 0.5f : 0;
  const float first = static_cast<float>(start) * rule.spatial_scale - offset;
  float length = static_cast<float>(end) * rule.spatial_scale - offset - first;
  if (!rule.half_pixel) length = std::max(length, 1.0f);
  const float size = length / static_cast<float>(pooled);
  const auto points = static_cast<double>(
      rule.sampling_ratio > 0 ? static_cast<float>(rule.sampling_ratio)
                              : std::ceil(size));
  constexpr double kMaxPoints = 1 << 16;
  if (!(points <= kMaxPoints)) return Invalid("a region is too large");
  return Bins{first, size, static_cast<int64_t>(std::max(points, 0.0))};
}

// One element of the result: the mean or the largest of the weighted samples.
double PoolBin(const RoiAlignRule& rule, const double* image,
               std::span<const Corners> points) {
  double result = 0;
  bool first = true;
  for (const Corners& point : points) {
    for (int i = 0; i < 4; ++i) {
      const double value = point.weights[i] * image[point.offsets[i]];
      result = !rule.max ? result + value
                         : (first ? value : std::max(result, value));
      first = false;
    }
  }
  const auto count = static_cast<double>(std::max<size_t>(1, points.size()));
  return rule.max ? result : result / count;
}

absl::StatusOr<RoiAlignRule> RoiAlignRuleOf(const KernelArgs& args) {
  const AttributeView& attributes = args.attributes();
  const std::string_view mode = attributes.String("mode", "avg");
  const std::string_view transformation =
      attributes.String("coordinate_transformation_mode", "half_pixel");
  const RoiAlignRule rule = {
      .pooled_height = attributes.Int("output_height", 1),
      .pooled_width = attributes.Int("output_width", 1),
      .sampling_ratio = attributes.Int("sampling_ratio", 0),
      .spatial_scale = attributes.Float("spatial_scale", 1),
      .half_pixel = transformation == "half_pixel",
      .max = mode == "max"};
  if ((mode != "avg" && mode != "max") ||
      (!rule.half_pixel && transformation != "output_half_pixel")) {
    return Invalid("a mode is not known");
  }
  if (rule.pooled_height <= 0 || rule.pooled_width <= 0 ||
      rule.sampling_ratio < 0) {
    return Invalid("a size is not positive");
  }
  return rule;
}

KernelOutputs RoiAlign(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  ASSIGN_OR_RETURN(const RoiAlignRule rule, RoiAlignRuleOf(args));
  ASSIGN_OR_RETURN(const auto batches, IntegersOf(*args.input(2)));
  const auto count = static_cast<int64_t>(batches.size());
  if (RankOf(x) != 4 || args.input(1)->dims() != TensorDims{count, 4} ||
      x.num_elements() == 0) {
    return Invalid("the dims of X, rois and batch_indices do not fit");
  }
  ASSIGN_OR_RETURN(const auto rois, FloatsOf(*args.input(1)));
  const int64_t channels = x.dims()[1];
  const int64_t height = x.dims()[2];
  const int64_t width = x.dims()[3];
  ASSIGN_OR_RETURN(TensorBuilder out,
                   TensorBuilder::Create(ElementType::kDouble,
                                         {count, channels, rule.pooled_height,
                                          rule.pooled_width}));
  ASSIGN_OR_RETURN(const TensorBuilder data, ToDoubles(x));
  double* result = out.As<double>().data();
  const int64_t bins = rule.pooled_height * rule.pooled_width;
  for (int64_t n = 0; n < count; ++n) {
    if (batches[n] < 0 || batches[n] >= x.dims()[0]) {
      return Invalid(absl::StrCat("batch ", batches[n], " is out of range"));
    }
    const double* roi = rois.data() + 4 * n;
    ASSIGN_OR_RETURN(const Bins across,
                     BinsOf(rule, roi[0], roi[2], rule.pooled_width));
    ASSIGN_OR_RETURN(const Bins down,
                     BinsOf(rule, roi[1], roi[3], rule.pooled_height));
    if (across.per_bin * down.per_bin > (1 << 20)) {
      return Invalid("a region is too large");
    }
    for (int64_t bin = 0; bin < bins; ++bin) {
      std::vector<Corners> points;
      for (int64_t i = 0; i < down.per_bin; ++i) {
        for (int64_t j = 0; j < across.per_bin; ++j) {
          points.push_back(CornersOf(down.Point(bin / rule.pooled_width, i),
                                     across.Point(bin % rule.pooled_width, j),
                                     height, width));
        }
      }
      for (int64_t c = 0; c < channels; ++c) {
        const double* image = data.As<double>().data() +
                              (batches[n] * channels + c) * height * width;
        result[(n * channels + c) * bins + bin] = PoolBin(rule, image, points);
      }
    }
  }
  return Single(FromDoubles(x.type(), std::move(out)));
}

// Rows (or columns) [begin, end) of bin `i` of a region of whole pixels.
struct PixelRange {
  int64_t begin = 0;
  int64_t end = 0;
};

PixelRange PixelsOf(double start, double end, int64_t i, int64_t pooled,
                    int64_t limit) {
  const double size = std::max(end - start + 1, 1.0);
  const double bin = size / static_cast<double>(pooled);
  const auto clamped = [limit](double at) {
    return static_cast<int64_t>(
        std::clamp(at, 0.0, static_cast<double>(limit)));
  };
  return {clamped(std::floor(static_cast<double>(i) * bin) + start),
          clamped(std::ceil(static_cast<double>(i + 1) * bin) + start)};
}

KernelOutputs MaxRoiPool(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  const auto* shape = args.attributes().Ints("pooled_shape");
  const float scale = args.attributes().Float("spatial_scale", 1);
  if (RankOf(x) != 4 || RankOf(*args.input(1)) != 2 ||
      args.input(1)->dims()[1] != 5 || shape == nullptr || shape->size() != 2 ||
      (*shape)[0] <= 0 || (*shape)[1] <= 0) {
    return Invalid("the dims of X, rois and pooled_shape do not fit");
  }
  ASSIGN_OR_RETURN(const auto rois, FloatsOf(*args.input(1)));
  const TensorDims& d = x.dims();
  ASSIGN_OR_RETURN(TensorBuilder out,
                   TensorBuilder::Create(ElementType::kDouble,
                                         {args.input(1)->dims()[0], d[1],
                                          (*shape)[0], (*shape)[1]}));
  ASSIGN_OR_RETURN(const TensorBuilder data, ToDoubles(x));
  const std::span<const double> pixels = data.As<double>();
  const std::span<double> result = out.As<double>();
  const int64_t bins = (*shape)[0] * (*shape)[1];
  for (int64_t at = 0; at < out.num_elements(); ++at) {
    const double* roi = rois.data() + at / (bins * d[1]) * 5;
    if (!(roi[0] >= 0 && roi[0] < static_cast<double>(d[0]))) {
      return Invalid("the batch of a region is out of range");
    }
    std::array<double, 4> box;
    for (int i = 0; i < 4; ++i) {
      box[i] = std::round(static_cast<float>(roi[i + 1]) * scale);
      if (!std::isfinite(box[i])) return Invalid("a region is not finite");
    }
    const int64_t bin = at % bins;
    const PixelRange rows =
        PixelsOf(box[1], box[3], bin / (*shape)[1], (*shape)[0], d[2]);
    const PixelRange columns =
        PixelsOf(box[0], box[2], bin % (*shape)[1], (*shape)[1], d[3]);
    const int64_t image =
        (static_cast<int64_t>(roi[0]) * d[1] + at / bins % d[1]) * d[2] * d[3];
    bool first = true;  // the result of an empty bin is 0
    for (int64_t row = rows.begin; row < rows.end; ++row) {
      for (int64_t column = columns.begin; column < columns.end; ++column) {
        const double value = pixels[image + row * d[3] + column];
        result[at] = first ? value : std::max(result[at], value);
        first = false;
      }
    }
  }
  return Single(FromDoubles(x.type(), std::move(out)));
}

struct Box {
  float left, top, right, bottom;
};

Box BoxOf(const float* box, bool center_point) {
  if (center_point) {
    const float half_width = box[2] / 2;
    const float half_height = box[3] / 2;
    return {box[0] - half_width, box[1] - half_height, box[0] + half_width,
            box[1] + half_height};
  }
  // Any two opposite corners: y, x, y, x.
  return {std::min(box[1], box[3]), std::min(box[0], box[2]),
          std::max(box[1], box[3]), std::max(box[0], box[2])};
}

float AreaOf(const Box& box) {
  return std::max(0.0f, box.right - box.left) *
         std::max(0.0f, box.bottom - box.top);
}

bool Overlap(const Box& a, const Box& b, float threshold) {
  const Box common = {std::max(a.left, b.left), std::max(a.top, b.top),
                      std::min(a.right, b.right), std::min(a.bottom, b.bottom)};
  const float intersection = AreaOf(common);
  const float all = AreaOf(a) + AreaOf(b) - intersection;
  return intersection > 0 && all > 0 && intersection / all > threshold;
}

// The limits that inputs 2 to 4 set.
struct Limits {
  int64_t max_boxes = 0;
  float overlap = 0;
  std::optional<float> score;
};

absl::StatusOr<Limits> LimitsOf(const KernelArgs& args) {
  Limits limits;
  if (args.input(2) != nullptr) {
    ASSIGN_OR_RETURN(limits.max_boxes, ScalarOf(*args.input(2)));
  }
  const auto number = [&](int i) -> absl::StatusOr<std::optional<float>> {
    const Tensor* input = args.input(i);
    if (input == nullptr) return std::optional<float>();
    ASSIGN_OR_RETURN(const auto values, FloatsOf(*input));
    if (values.size() != 1) return Invalid("a threshold is not one number");
    return std::optional<float>(static_cast<float>(values[0]));
  };
  ASSIGN_OR_RETURN(const auto overlap, number(3));
  limits.overlap = overlap.value_or(0);
  ASSIGN_OR_RETURN(limits.score, number(4));
  return limits;
}

// The boxes to keep, best first.
std::vector<int64_t> Suppressed(const float* boxes, const float* scores,
                                int64_t count, bool center_point,
                                const Limits& limits) {
  std::vector<int64_t> candidates;
  for (int64_t i = 0; i < count; ++i) {
    // Never NaN, which has no place in the order.
    if (!std::isnan(scores[i]) &&
        (!limits.score || scores[i] > *limits.score)) {
      candidates.push_back(i);
    }
  }
  std::stable_sort(
      candidates.begin(), candidates.end(),
      [scores](int64_t a, int64_t b) { return scores[a] > scores[b]; });
  std::vector<int64_t> kept;
  for (const int64_t i : candidates) {
    if (static_cast<int64_t>(kept.size()) >= limits.max_boxes) break;
    const Box box = BoxOf(boxes + 4 * i, center_point);
    const bool overlaps = std::any_of(kept.begin(), kept.end(), [&](int64_t j) {
      return Overlap(box, BoxOf(boxes + 4 * j, center_point), limits.overlap);
    });
    if (!overlaps) kept.push_back(i);
  }
  return kept;
}

KernelOutputs NonMaxSuppression(const KernelArgs& args) {
  const TensorDims& b = args.input(0)->dims();
  const TensorDims& s = args.input(1)->dims();
  if (b.size() != 3 || s.size() != 3 || b[0] != s[0] || b[1] != s[2] ||
      b[2] != 4) {
    return Invalid("the dims of boxes and scores do not fit");
  }
  ASSIGN_OR_RETURN(const Limits limits, LimitsOf(args));
  const int64_t center_point = args.attributes().Int("center_point_box", 0);
  if (center_point != 0 && center_point != 1) {
    return Invalid("center_point_box is neither 0 nor 1");
  }
  ASSIGN_OR_RETURN(const auto boxes, Elements<float>::Of(*args.input(0)));
  ASSIGN_OR_RETURN(const auto scores, Elements<float>::Of(*args.input(1)));
  std::vector<int64_t> selected;
  for (int64_t i = 0; i < s[0] * s[1] && scores.size() > 0; ++i) {
    for (const int64_t box : Suppressed(boxes.data() + i / s[1] * b[1] * 4,
                                        scores.data() + i * s[2], s[2],
                                        center_point == 1, limits)) {
      selected.insert(selected.end(), {i / s[1], i % s[1], box});
    }
  }
  ASSIGN_OR_RETURN(const TensorRef list, MakeInt64s(selected));
  return Single(
      Tensor::WithDims(list, {static_cast<int64_t>(selected.size() / 3), 3}));
}

}  // namespace

KernelList RegionKernels() {
  return {{"MaxRoiPool"_op, MaxRoiPool},
          {"NonMaxSuppression"_op, NonMaxSuppression},
          {"RoiAlign"_op, RoiAlign}};
}

}  // namespace onnxopt::eval
