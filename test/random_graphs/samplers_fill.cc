// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "test/random_graphs/samplers.h"

namespace onnxopt::random_graphs {
namespace {

void SampleConstantOfShape(NodeDraft& d) {
  const TensorDims dims = d.SomeDims(0, 4);
  d.ChooseInts(0, dims);
  if (d.rng().Percent(80)) {
    const ElementType type = d.rng().Of(DrawableTypes());
    d.SetTensor("value", RandomTensor(d.rng(), type, {1}, Numbers::kSpecial));
  }
}

void SampleEyeLike(NodeDraft& d) {
  d.Choose(0, d.SomeDims(2, 2));
  if (d.rng().Percent(60)) d.SetInt("k", d.rng().Between(-3, 3));
  if (d.rng().Percent(60)) {
    d.SetInt("dtype",
             static_cast<int64_t>(d.rng().Of(AllowedTypes(d.op(), 0))));
  }
}

void SampleRange(NodeDraft& d) {
  const ElementType type = d.ElementFor(0);
  if (d.failed()) return;
  const double scale = IsFloat(type) ? 0.25 : 1;
  const double start = static_cast<double>(d.rng().Between(-8, 8)) * scale;
  double step = static_cast<double>(d.rng().Between(1, 6)) * scale;
  if (d.rng().Percent(40)) step = -step;
  const double limit = start +
                       step * static_cast<double>(d.rng().Between(-2, 12)) +
                       static_cast<double>(d.rng().Between(0, 2)) * scale;
  d.ChooseParameter(0, SplatOf(type, {}, start));
  d.ChooseParameter(1, SplatOf(type, {}, limit));
  d.ChooseParameter(2, SplatOf(type, {}, step));
}

void SampleDet(NodeDraft& d) {
  TensorDims dims = d.SomeDims(2, 4);
  dims[dims.size() - 2] = dims.back();
  d.Choose(0, dims);
}

// Scores [N, C, d...], a class [N, d...] for each, a weight for each class.
void SampleLoss(NodeDraft& d) {
  TensorDims dims = d.SomeDims(2, 4);
  for (int64_t& dim : dims) dim = std::max<int64_t>(dim, 1);
  d.Choose(0, dims);
  if (d.failed() || d.rank(0) < 2) return d.Fail();
  const int64_t classes = d.dims(0)[1];
  TensorDims target = d.dims(0);
  target.erase(target.begin() + 1);
  const bool ignores = d.rng().Percent(40);
  const int64_t ignored = d.rng().Of<int64_t>({-1, 0, classes});
  std::vector<double> labels(*NumElements(target));
  for (double& label : labels) {
    label = static_cast<double>(ignores && d.rng().Percent(30)
                                    ? ignored
                                    : d.rng().Between(0, classes - 1));
  }
  d.ChooseParameter(
      1, TensorOf(d.rng().Of({ElementType::kInt64, ElementType::kInt32}),
                  target, labels));
  if (d.Wants(2, 40)) d.Choose(2, {classes}, Numbers::kPositive);
  if (ignores) d.SetInt("ignore_index", ignored);
  if (d.rng().Percent(70)) {
    d.SetString("reduction",
                d.rng().Of<std::string_view>({"none", "sum", "mean"}));
  }
  if (d.op().id() == "SoftmaxCrossEntropyLoss"_op && d.rng().Percent(40)) {
    d.SetOutputs(2);
  }
}

}  // namespace

SamplerList FillSamplers() {
  return {
      {"ConstantOfShape"_op, SampleConstantOfShape, 0, 4},
      {"EyeLike"_op, SampleEyeLike, 2, 2},
      {"Range"_op, SampleRange, 0, 0},
      {"Det"_op, SampleDet, 2, 4},
      {"NegativeLogLikelihoodLoss"_op, SampleLoss, 2, 4},
      {"SoftmaxCrossEntropyLoss"_op, SampleLoss, 2, 4},
  };
}

}  // namespace onnxopt::random_graphs
