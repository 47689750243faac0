// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

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

void SampleResize(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1, 4));
  if (d.failed()) return;
  const bool same = d.rng().Percent(20);
  if (d.rng().Percent(50)) {
    std::vector<double> scales;
    for (int64_t i = 0; i < d.rank(0); ++i) {
      scales.push_back(same || (i < 2 && d.rank(0) > 2)
                           ? 1.0
                           : d.rng().Of({1.0, 2.0, 0.5, 1.5}));
    }
    d.ChooseParameter(2, TensorOf(ElementType::kFloat, {d.rank(0)}, scales));
  } else {
    Ints sizes;
    for (const int64_t dim : d.dims(0)) {
      sizes.push_back(same ? dim : d.rng().Between(1, 5));
    }
    d.ChooseInts(3, sizes);
  }
  if (d.rng().Percent(40)) {
    d.SetString("mode", d.rng().Percent(60) ? "linear" : "nearest");
  }
  if (d.Wants(1, 12)) {
    // A part of the image, or now and then the whole.
    std::vector<double> region(2 * d.rank(0), 0.0);
    const double end = d.rng().Of({1.0, 0.5});
    std::fill(region.begin() + d.rank(0), region.end(), end);
    d.ChooseParameter(1,
                      TensorOf(ElementType::kFloat, {2 * d.rank(0)}, region));
    d.SetString("coordinate_transformation_mode", "tf_crop_and_resize");
  } else if (d.rng().Percent(50)) {
    d.SetString(
        "coordinate_transformation_mode",
        d.rng().Of<std::string_view>({"half_pixel", "asymmetric",
                                      "align_corners", "pytorch_half_pixel"}));
  }
  if (d.rng().Percent(30)) {
    d.SetString("nearest_mode", d.rng().Of<std::string_view>(
                                    {"floor", "ceil", "round_prefer_ceil"}));
  }
}

}  // namespace

SamplerList PoolSamplers() {
  return {
      {"AveragePool"_op, SamplePool, 3},
      {"MaxPool"_op, SamplePool, 3},
      {"GlobalAveragePool"_op, SampleGlobalPool, 3},
      {"GlobalMaxPool"_op, SampleGlobalPool, 3},
      {"Resize"_op, SampleResize, 1, 4},
  };
}

}  // namespace onnxopt::random_graphs
