// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "test/random_graphs/samplers.h"

namespace onnxopt::random_graphs {
namespace {

using Ints = std::vector<int64_t>;

void SamplePool(NodeDraft& d) {
  d.Choose(0, d.SomeDims(3));
  if (d.failed() || d.rank(0) < 3) return d.Fail();
  const int64_t spatial = d.rank(0) - 2;
  Ints kernel, pads(2 * spatial), strides, dilations;
  for (int64_t i = 0; i < spatial; ++i) {
    kernel.push_back(
        d.rng().Between(1, std::clamp<int64_t>(d.dims(0)[i + 2], 1, 3)));
    pads[i] = d.rng().Between(0, std::min<int64_t>(1, kernel[i] - 1));
    pads[i + spatial] = d.rng().Between(0, std::min<int64_t>(1, kernel[i] - 1));
    strides.push_back(d.rng().Between(1, 2));
    dilations.push_back(d.rng().Between(1, 2));
  }
  d.SetInts("kernel_shape", kernel);
  if (d.rng().Percent(15)) {
    d.SetString("auto_pad", d.rng().Of<std::string_view>(
                                {"SAME_UPPER", "SAME_LOWER", "VALID"}));
  } else if (d.rng().Percent(40)) {
    d.SetInts("pads", pads);
  }
  if (d.rng().Percent(40)) d.SetInts("strides", strides);
  if (d.rng().Percent(15)) d.SetInts("dilations", dilations);
  if (d.rng().Percent(15)) d.SetInt("ceil_mode", 1);
  if (d.op().id() == "AveragePool"_op && d.rng().Percent(40)) {
    d.SetInt("count_include_pad", d.rng().Between(0, 1));
  }
  if (d.op().id() == "MaxPool"_op && d.rng().Percent(10)) d.SetOutputs(2);
}

void SampleGlobalPool(NodeDraft& d) { d.Choose(0, d.SomeDims(3)); }

void SetPower(NodeDraft& d) {
  if (d.rng().Percent(60)) d.SetInt("p", d.rng().Between(1, 3));
}

void SampleLpPool(NodeDraft& d) {
  SamplePool(d);
  SetPower(d);
}

void SampleGlobalLpPool(NodeDraft& d) {
  SampleGlobalPool(d);
  SetPower(d);
}

// What is interpolated how. Cubic ones and antialiasing are drawn less often,
// as no rule knows them.
void SetInterpolation(NodeDraft& d) {
  if (d.rng().Percent(50)) {
    d.SetString("mode", d.rng().Of<std::string_view>(
                            {"linear", "linear", "nearest", "cubic"}));
  }
  if (d.rng().Percent(30)) {
    d.SetString("nearest_mode", d.rng().Of<std::string_view>(
                                    {"floor", "ceil", "round_prefer_ceil",
                                     "round_prefer_floor"}));
  }
  if (d.rng().Percent(10)) d.SetInt("antialias", 1);
  if (d.rng().Percent(10)) d.SetInt("exclude_outside", 1);
  if (d.rng().Percent(10)) d.SetFloat("cubic_coeff_a", -0.5F);
}

void SampleResize(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1, 4));
  if (d.failed()) return;
  Ints axes(d.rank(0));
  std::iota(axes.begin(), axes.end(), 0);
  if (d.rng().Percent(15)) {
    d.rng().Shuffle(axes);
    axes.resize(d.rng().Between(1, d.rank(0)));
    d.SetInts("axes", axes);
  }
  const auto count = static_cast<int64_t>(axes.size());
  const bool same = d.rng().Percent(20);
  if (d.rng().Percent(50)) {
    std::vector<double> scales;
    for (const int64_t axis : axes) {
      scales.push_back(same || (axis < 2 && d.rank(0) > 2)
                           ? 1.0
                           : d.rng().Of({1.0, 2.0, 0.5, 1.5}));
    }
    d.ChooseParameter(2, TensorOf(ElementType::kFloat, {count}, scales));
  } else {
    const bool spatial = d.rank(0) > 2 && d.rng().Percent(50);
    Ints sizes;
    for (const int64_t axis : axes) {
      sizes.push_back(same || (spatial && axis < 2) ? d.dims(0)[axis]
                                                    : d.rng().Between(1, 5));
    }
    d.ChooseInts(3, sizes);
    if (d.rng().Percent(10)) {
      d.SetString("keep_aspect_ratio_policy",
                  d.rng().Percent(50) ? "not_larger" : "not_smaller");
    }
  }
  SetInterpolation(d);
  if (d.Wants(1, 12)) {
    // A part of the image, or now and then the whole, or more. Never of batch
    // and channels.
    std::vector<double> region(2 * count, 0.0);
    const double end = d.rng().Of({1.0, 0.5, 1.25});
    for (int64_t i = 0; i < count; ++i) {
      region[count + i] = d.rank(0) > 2 && axes[i] < 2 ? 1.0 : end;
    }
    d.ChooseParameter(1, TensorOf(ElementType::kFloat, {2 * count}, region));
    d.SetString("coordinate_transformation_mode", "tf_crop_and_resize");
    if (d.rng().Percent(40)) d.SetFloat("extrapolation_value", 0.5F);
  } else if (d.rng().Percent(50)) {
    d.SetString("coordinate_transformation_mode",
                d.rng().Of<std::string_view>(
                    {"half_pixel", "asymmetric", "align_corners",
                     "pytorch_half_pixel", "half_pixel_symmetric"}));
  }
}

}  // namespace

SamplerList PoolSamplers() {
  return {
      {"AveragePool"_op, SamplePool, 3},
      {"MaxPool"_op, SamplePool, 3},
      {"GlobalAveragePool"_op, SampleGlobalPool, 3},
      {"GlobalMaxPool"_op, SampleGlobalPool, 3},
      {"LpPool"_op, SampleLpPool, 3},
      {"GlobalLpPool"_op, SampleGlobalLpPool, 3},
      {"Resize"_op, SampleResize, 1, 4},
  };
}

}  // namespace onnxopt::random_graphs
