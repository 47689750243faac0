// SPDX-License-Identifier: Apache-2.0
// Support vector machines of ai.onnx.ml.
#include <numeric>

#include "test/random_graphs/samplers.h"

namespace onnxopt::random_graphs {
namespace {

// Features, of which there are few, so that powers of sums stay small.
int64_t ChooseFeatures(NodeDraft& d) {
  const int64_t width = d.rng().Between(1, 3);
  d.Choose(0,
           d.rng().Percent(15) ? TensorDims{width}
                               : TensorDims{d.rng().Between(1, 5), width},
           std::nullopt, MostlyFloat(d));
  return width;
}

std::vector<float> SmallFloats(Rng& rng, int64_t count) {
  std::vector<float> floats = SomeFloats(rng, count);
  for (float& number : floats) number /= 4;
  return floats;
}

void SetKernel(NodeDraft& d) {
  const std::string_view type =
      d.rng().Of<std::string_view>({"LINEAR", "POLY", "RBF", "SIGMOID"});
  if (type != "LINEAR" || d.rng().Percent(90)) d.SetString("kernel_type", type);
  const float degree = d.rng().Of({1.0F, 2.0F, 3.0F});
  d.SetFloats("kernel_params", {d.rng().Of({0.25F, 0.5F, 1.0F}),
                                d.rng().Of({0.0F, 0.5F}), degree});
}

void SampleSvmRegressor(NodeDraft& d) {
  const int64_t width = ChooseFeatures(d);
  const int64_t supports = d.rng().Percent(30) ? 0 : d.rng().Between(1, 4);
  d.SetInt("n_supports", supports);
  SetKernel(d);
  if (supports > 0) {
    d.SetFloats("support_vectors", SmallFloats(d.rng(), supports * width));
  }
  d.SetFloats("coefficients",
              SmallFloats(d.rng(), supports > 0 ? supports : width));
  d.SetFloats("rho", SmallFloats(d.rng(), 1));
  if (d.rng().Percent(50)) d.SetInt("one_class", d.rng().Between(0, 1));
}

void SampleSvmClassifier(NodeDraft& d) {
  const int64_t width = ChooseFeatures(d);
  const int64_t classes = d.rng().Between(2, 4);
  const int64_t pairs = classes * (classes - 1) / 2;
  SetClassLabels(d, "classlabels_ints", classes);
  SetPostTransform(d);
  d.SetOutputs(2);
  SetKernel(d);
  if (d.rng().Percent(25)) {
    d.SetFloats("coefficients", SmallFloats(d.rng(), classes * width));
    d.SetFloats("rho", SmallFloats(d.rng(), 1));
    return;
  }
  std::vector<int64_t> sizes(classes);
  for (int64_t& size : sizes) size = d.rng().Between(1, 2);
  const int64_t count = std::accumulate(sizes.begin(), sizes.end(), int64_t{0});
  d.SetInts("vectors_per_class", sizes);
  d.SetFloats("support_vectors", SmallFloats(d.rng(), count * width));
  d.SetFloats("coefficients", SmallFloats(d.rng(), count * (classes - 1)));
  d.SetFloats("rho", SmallFloats(d.rng(), pairs));
  if (d.rng().Percent(40)) {
    d.SetFloats("prob_a", SmallFloats(d.rng(), pairs));
    d.SetFloats("prob_b", SmallFloats(d.rng(), pairs));
  }
}

}  // namespace

SamplerList SvmSamplers() {
  return {
      {"ai.onnx.ml.SVMClassifier"_op, SampleSvmClassifier},
      {"ai.onnx.ml.SVMRegressor"_op, SampleSvmRegressor},
  };
}

}  // namespace onnxopt::random_graphs
