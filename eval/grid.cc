// SPDX-License-Identifier: Apache-2.0
// Sampling at the points of a grid, and grids.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "eval/arguments.h"
#include "eval/doubles.h"
#include "eval/families.h"

namespace onnxopt::eval {
namespace {

enum class Sampling { kNearest, kLinear, kCubic };
enum class Padding { kZeros, kBorder, kReflection };

struct GridRule {
  Sampling sampling = Sampling::kLinear;
  Padding padding = Padding::kZeros;
  bool align_corners = false;
  bool in_float = true;  // places are computed in float
};

// Weights of elements along one axis; index -1: outside, that is zero.
struct AxisTaps {
  int count = 0;
  std::array<int64_t, 4> indices{};
  std::array<double, 4> weights{};
};

// -1..1 to a place among `length` elements.
template <typename T>
T Denormalize(T x, T length, bool align_corners) {
  return align_corners ? (x + 1) / 2 * (length - 1)
                       : ((x + 1) * length - 1) / 2;
}

double Reflect(double x, double low, double high) {
  const double range = high - low;
  if (range <= 0) return low;
  if (x >= low && x <= high) return x;
  const double distance = x < low ? low - x : x - high;
  const double turns = std::floor(distance / range);
  const double rest = distance - turns * range;
  const bool from_low = (x < low) == (std::fmod(turns, 2) == 0);
  return from_low ? low + rest : high - rest;
}

int64_t PadIndex(const GridRule& rule, int64_t i, int64_t length) {
  if (i >= 0 && i < length) return i;
  switch (rule.padding) {
    case Padding::kZeros:
      return -1;
    case Padding::kBorder:
      return std::clamp<int64_t>(i, 0, length - 1);
    case Padding::kReflection:
      break;
  }
  const double edge = rule.align_corners ? 0 : 0.5;
  const double at = Reflect(static_cast<double>(i), -edge,
                            static_cast<double>(length - 1) + edge);
  return std::clamp<int64_t>(static_cast<int64_t>(at), 0, length - 1);
}

// Keys' cubic convolution with a = -0.75 between elements 1 and 2 of 4.
std::array<double, 4> CubicWeights(double x) {
  constexpr double kA = -0.75;
  const auto near = [](double d) {
    return ((kA + 2) * d - (kA + 3)) * d * d + 1;
  };
  const auto far = [](double d) {
    return ((kA * d - 5 * kA) * d + 8 * kA) * d - 4 * kA;
  };
  return {far(x + 1), near(x), near(1 - x), far(2 - x)};
}

AxisTaps TapsOf(const GridRule& rule, double normalized, int64_t length) {
  double x = rule.in_float
                 ? Denormalize(static_cast<float>(normalized),
                               static_cast<float>(length), rule.align_corners)
                 : Denormalize(normalized, static_cast<double>(length),
                               rule.align_corners);
  const auto last = static_cast<double>(length - 1);
  if (std::isnan(x)) x = -1;
  if (rule.sampling == Sampling::kNearest) {
    x = std::nearbyint(x);  // ties to even
  }
  const double edge = rule.align_corners ? 0 : 0.5;
  if (x < -edge || x > last + edge) {
    if (rule.padding == Padding::kBorder) x = std::clamp(x, 0.0, last);
    if (rule.padding == Padding::kReflection) {
      x = std::isinf(x) ? 0 : Reflect(x, -edge, last + edge);
    }
  }
  // Farther out all is the same, and integers do not overflow.
  x = std::clamp(x, -8.0, last + 8);
  AxisTaps taps;
  const double floor = std::floor(x);
  auto first = static_cast<int64_t>(floor);
  switch (rule.sampling) {
    case Sampling::kNearest:
      // After a reflection, a place may be between elements.
      first = static_cast<int64_t>(x);
      taps = {1, {}, {1}};
      break;
    case Sampling::kLinear:
      taps = {2, {}, {1 - (x - floor), x - floor}};
      break;
    case Sampling::kCubic:
      taps = {4, {}, CubicWeights(x - floor)};
      --first;
      break;
  }
  for (int i = 0; i < taps.count; ++i) {
    taps.indices[i] = PadIndex(rule, first + i, length);
  }
  return taps;
}

// The weighted sum of elements of `data`, of rank axes.size() - from_axis.
double Sample(std::span<const AxisTaps> axes, const Strides& strides,
              const double* data) {
  if (axes.empty()) return *data;
  double sum = 0;
  for (int i = 0; i < axes[0].count; ++i) {
    if (axes[0].indices[i] < 0) continue;
    sum += axes[0].weights[i] *
           Sample(axes.subspan(1), strides,
                  data + axes[0].indices[i] *
                             strides[strides.size() - axes.size()]);
  }
  return sum;
}

absl::StatusOr<GridRule> GridRuleOf(const KernelArgs& args) {
  GridRule rule;
  const std::string_view mode = args.attributes().String("mode", "linear");
  const std::string_view padding =
      args.attributes().String("padding_mode", "zeros");
  if (mode == "nearest") {
    rule.sampling = Sampling::kNearest;
  } else if (mode == "cubic") {
    rule.sampling = Sampling::kCubic;
  } else if (mode != "linear") {
    return Invalid(absl::StrCat("mode ", std::string(mode), " is not known"));
  }
  if (padding == "border") {
    rule.padding = Padding::kBorder;
  } else if (padding == "reflection") {
    rule.padding = Padding::kReflection;
  } else if (padding != "zeros") {
    return Invalid("padding_mode is not known");
  }
  rule.align_corners = args.attributes().Int("align_corners", 0) != 0;
  rule.in_float = args.input(1)->type() != ElementType::kDouble;
  return rule;
}

KernelOutputs GridSample(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  const Tensor& grid = *args.input(1);
  ASSIGN_OR_RETURN(const GridRule rule, GridRuleOf(args));
  const size_t rank = x.dims().size();
  if (rank < 3 || grid.dims().size() != rank || grid.dims()[0] != x.dims()[0] ||
      grid.dims().back() != static_cast<int64_t>(rank - 2)) {
    return Invalid(absl::StrCat("grid ", grid.TypeString(), " does not fit ",
                                x.TypeString()));
  }
  const size_t axes = rank - 2;
  TensorDims dims = {x.dims()[0], x.dims()[1]};
  dims.insert(dims.end(), grid.dims().begin() + 1, grid.dims().end() - 1);
  ASSIGN_OR_RETURN(TensorBuilder out,
                   TensorBuilder::Create(ElementType::kDouble, dims));
  if (out.num_elements() > 0 && x.num_elements() == 0) {
    return Invalid("there is nothing to sample");
  }
  if (out.num_elements() == 0)
    return Single(FromDoubles(x.type(), std::move(out)));
  ASSIGN_OR_RETURN(const TensorBuilder data, ToDoubles(x));
  ASSIGN_OR_RETURN(const TensorBuilder places, ToDoubles(grid));
  const Strides all = RowMajorStrides(x.dims());
  const Strides strides(all.begin() + 2, all.end());
  const int64_t points = ProductOf(dims, 2, rank);
  const int64_t channels = dims[1];
  std::vector<AxisTaps> taps(axes);
  for (int64_t n = 0; n < dims[0]; ++n) {
    for (int64_t point = 0; point < points; ++point) {
      const double* place =
          places.As<double>().data() + (n * points + point) * axes;
      // The coordinates are in the reverse order of axes: x, y, z.
      for (size_t i = 0; i < axes; ++i) {
        taps[i] = TapsOf(rule, place[axes - 1 - i], x.dims()[i + 2]);
      }
      for (int64_t c = 0; c < channels; ++c) {
        const int64_t image = n * channels + c;
        out.As<double>()[image * points + point] =
            Sample(taps, strides, data.As<double>().data() + image * all[1]);
      }
    }
  }
  return Single(FromDoubles(x.type(), std::move(out)));
}

// Place `i` of `length` in -1..1.
double Normalized(int64_t i, int64_t length, bool align_corners) {
  const auto n = static_cast<double>(length);
  if (align_corners) {
    return length == 1 ? -1 : static_cast<double>(2 * i) / (n - 1) - 1;
  }
  return static_cast<double>(2 * i + 1) / n - 1;
}

KernelOutputs AffineGrid(const KernelArgs& args) {
  const Tensor& theta = *args.input(0);
  ASSIGN_OR_RETURN(const auto size, IntegersOf(*args.input(1)));
  const bool align_corners = args.attributes().Int("align_corners", 0) != 0;
  const auto axes = static_cast<int64_t>(size.size()) - 2;
  if ((axes != 2 && axes != 3) || size[0] < 0 ||
      theta.dims() != TensorDims{size[0], axes, axes + 1}) {
    return Invalid(absl::StrCat("size does not fit ", theta.TypeString()));
  }
  TensorDims dims = {size[0]};
  dims.insert(dims.end(), size.begin() + 2, size.end());
  dims.push_back(axes);
  ASSIGN_OR_RETURN(TensorBuilder out,
                   TensorBuilder::Create(ElementType::kDouble, dims));
  ASSIGN_OR_RETURN(const TensorBuilder matrices, ToDoubles(theta));
  const std::span<double> grid = out.As<double>();
  const std::span<const double> matrix = matrices.As<double>();
  const int64_t points = grid.empty() ? 0 : ProductOf(dims, 1, axes + 1);
  for (int64_t i = 0; i < size[0] * points; ++i) {
    // x, y, z, 1: the last axis first.
    std::array<double, 4> place{};
    int64_t rest = i % points;
    for (int64_t k = 0; k < axes; ++k) {
      const int64_t length = dims[axes - k];
      place[k] = Normalized(rest % length, length, align_corners);
      rest /= length;
    }
    place[axes] = 1;
    for (int64_t row = 0; row < axes; ++row) {
      const double* m = matrix.data() + (i / points * axes + row) * (axes + 1);
      double sum = 0;
      for (int64_t k = 0; k <= axes; ++k) sum += m[k] * place[k];
      grid[i * axes + row] = sum;
    }
  }
  return Single(FromDoubles(theta.type(), std::move(out)));
}

}  // namespace

KernelList GridKernels() {
  return {{"AffineGrid"_op, AffineGrid}, {"GridSample"_op, GridSample}};
}

}  // namespace onnxopt::eval
