// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "test/random_graphs/samplers.h"

namespace onnxopt::random_graphs {
namespace {

void SetEpsilon(NodeDraft& d) {
  if (d.rng().Percent(40)) {
    d.SetFloat("epsilon", d.rng().Of({1e-3F, 1e-5F, 0.25F}));
  }
}

void SampleGroupNormalization(NodeDraft& d) {
  const int64_t groups = d.rng().Of({1, 2, 3});
  TensorDims dims = d.SomeDims(2);
  if (!d.Has(0)) dims[1] = groups * d.rng().Between(1, 3);
  d.Choose(0, dims);
  if (d.failed() || d.rank(0) < 2) return d.Fail();
  for (const int i : {1, 2}) d.Choose(i, {d.dims(0)[1]});
  d.SetInt("num_groups", groups);
  SetEpsilon(d);
}

void SampleLpNormalization(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1));
  if (d.failed()) return;
  if (d.rng().Percent(60)) d.SetInt("axis", d.SomeAxis(d.rank(0)));
  if (d.rng().Percent(60)) d.SetInt("p", d.rng().Between(1, 2));
}

void SampleLrn(NodeDraft& d) {
  d.Choose(0, d.SomeDims(4, 4));
  d.SetInt("size", d.rng().Of({1, 3, 5}));
  if (d.rng().Percent(50)) d.SetFloat("alpha", d.rng().Of({1e-4F, 0.5F, 2.0F}));
  if (d.rng().Percent(50)) d.SetFloat("beta", d.rng().Of({0.75F, 0.5F, 1.0F}));
  if (d.rng().Percent(50)) d.SetFloat("bias", d.rng().Of({1.0F, 2.0F}));
}

void SampleMeanVariance(NodeDraft& d) {
  const bool axes = d.rng().Percent(50);
  d.Choose(0, d.SomeDims(axes ? 1 : 4, 4));
  if (d.failed() || !axes) return;
  std::vector<int64_t> some;
  for (int64_t i = 0; i < d.rank(0); ++i) {
    if (d.rng().Percent(60)) some.push_back(d.Signed(i, d.rank(0)));
  }
  if (some.empty()) return d.Fail();
  d.SetInts("axes", some);
}

}  // namespace

SamplerList NormalizationSamplers() {
  return {
      {"GroupNormalization"_op, SampleGroupNormalization, 2},
      {"LpNormalization"_op, SampleLpNormalization, 1},
      {"LRN"_op, SampleLrn, 4, 4},
      {"MeanVarianceNormalization"_op, SampleMeanVariance, 1, 4},
  };
}

}  // namespace onnxopt::random_graphs
