// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "test/random_graphs/samplers.h"

namespace onnxopt::random_graphs {
namespace {

using Ints = std::vector<int64_t>;

// An infinite weight makes NaN of every 0, which says nothing about a rule.
Numbers ForWeights(const NodeDraft& d) {
  return d.taste().numbers == Numbers::kModerate ? Numbers::kFinite
                                                 : d.taste().numbers;
}

void SetPads(NodeDraft& d, int64_t spatial) {
  if (d.rng().Percent(20)) {
    d.SetString("auto_pad",
                d.rng().Of<std::string_view>(
                    {"SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET"}));
  } else if (d.rng().Percent(40)) {
    Ints pads(2 * spatial);
    for (int64_t& pad : pads) pad = d.rng().Between(0, 1);
    d.SetInts("pads", pads);
  }
}

void SetPositive(NodeDraft& d, std::string_view name, int64_t spatial,
                 int percent) {
  if (!d.rng().Percent(percent)) return;
  Ints values(spatial);
  for (int64_t& value : values) value = d.rng().Between(1, 2);
  d.SetInts(name, values);
}

// Data [N, C, spatial...] and weights [M, C/group, kernel...] of a convolution,
// or [C, M/group, kernel...] of a transposed one.
void SampleConv(NodeDraft& d) {
  const bool transposed = d.op().id() == "ConvTranspose"_op;
  TensorDims data = d.SomeDims(3);
  int64_t group = d.rng().Of({1, 1, 1, 2, 3});
  if (d.Has(1)) {
    data.resize(std::max<int64_t>(3, d.rank(1)), 4);
    if (d.rank(1) > 1) data[1] = d.dims(1)[transposed ? 0 : 1];
  } else if (!d.Has(0)) {
    data[1] = group * d.rng().Between(1, 2);
    for (size_t i = 2; i < data.size(); ++i) data[i] = d.rng().Between(1, 5);
  }
  d.Choose(0, data);
  if (d.failed() || d.rank(0) < 3) return d.Fail();
  const int64_t channels = d.dims(0)[1];
  if (group > channels || channels % group != 0) group = 1;
  if (d.rng().Percent(10)) group = std::max<int64_t>(1, channels);
  const int64_t outputs = d.rng().Between(1, 2) * group;
  TensorDims weights = {transposed ? channels : outputs,
                        (transposed ? outputs : channels) / group};
  const int64_t spatial = d.rank(0) - 2;
  for (int64_t i = 0; i < spatial; ++i) {
    weights.push_back(std::min(d.rng().Between(1, 3), d.dims(0)[i + 2] + 1));
  }
  d.Choose(1, weights, ForWeights(d));
  if (d.failed()) return;
  if (d.Wants(2)) {
    const int64_t features = transposed ? d.dims(1)[1] * group : d.dims(1)[0];
    d.Choose(2, {features});
  }
  if (group != 1 || d.rng().Percent(30)) d.SetInt("group", group);
  if (d.rng().Percent(40)) {
    d.SetInts("kernel_shape", {d.dims(1).begin() + 2, d.dims(1).end()});
  }
  SetPads(d, spatial);
  SetPositive(d, "strides", spatial, 30);
  SetPositive(d, "dilations", spatial, 20);
  if (transposed && d.rng().Percent(15)) {
    Ints more(spatial);
    for (int64_t& n : more) n = d.rng().Between(0, 1);
    d.SetInts("output_padding", more);
  }
}

void SampleGemm(NodeDraft& d) {
  const int64_t trans_a = d.rng().Between(0, 1);
  const int64_t trans_b = d.rng().Between(0, 1);
  int64_t m = d.SomeDim(), k = d.SomeDim(), n = d.SomeDim();
  for (const int i : {0, 1}) {
    if (d.Has(i) && d.rank(i) != 2) return d.Fail();
  }
  if (d.Has(0)) m = d.dims(0)[trans_a], k = d.dims(0)[1 - trans_a];
  if (d.Has(1)) n = d.dims(1)[1 - trans_b];
  if (d.Has(1) && !d.Has(0)) k = d.dims(1)[trans_b];
  d.Choose(0, trans_a != 0 ? TensorDims{k, m} : TensorDims{m, k});
  d.Choose(1, trans_b != 0 ? TensorDims{n, k} : TensorDims{k, n},
           ForWeights(d));
  if (d.Wants(2)) {
    d.Choose(
        2, d.rng().Of<TensorDims>({{n}, {n}, {1, n}, {m, n}, {m, 1}, {1}, {}}));
  }
  if (trans_a != 0 || d.rng().Percent(50)) d.SetInt("transA", trans_a);
  if (trans_b != 0 || d.rng().Percent(50)) d.SetInt("transB", trans_b);
  for (const std::string_view name : {"alpha", "beta"}) {
    if (!d.rng().Percent(25)) continue;
    d.SetFloat(name, d.rng().Of({1.0F, 0.5F, -2.0F, 0.0F}));
  }
}

void SampleMatMul(NodeDraft& d) {
  const auto batch = [&](TensorDims dims, int64_t rows, int64_t columns) {
    if (dims.size() > 2) dims.resize(2);
    if (d.rng().Percent(60)) dims.clear();
    dims.insert(dims.end(), {rows, columns});
    return dims;
  };
  const int64_t k = d.SomeDim();
  if (!d.Has(0) && !d.Has(1)) {
    d.Choose(0, d.rng().Percent(10) ? TensorDims{k}
                                    : batch(d.SomeDims(0, 2), d.SomeDim(), k));
  }
  if (d.failed()) return;
  if (d.Has(0) && !d.Has(1)) {
    if (d.rank(0) == 0) return d.Fail();
    const TensorDims& a = d.dims(0);
    const int64_t inner = a.back();
    const TensorDims around(a.begin(), a.end() - std::min<size_t>(2, a.size()));
    d.Choose(1,
             d.rng().Percent(12)
                 ? TensorDims{inner}
                 : batch(d.BroadcastableWith(around), inner, d.SomeDim()),
             ForWeights(d));
  } else if (d.Has(1) && !d.Has(0)) {
    if (d.rank(1) == 0) return d.Fail();
    const TensorDims& b = d.dims(1);
    const int64_t inner = b.size() == 1 ? b[0] : b[b.size() - 2];
    const TensorDims around(b.begin(), b.end() - std::min<size_t>(2, b.size()));
    d.Choose(0, d.rng().Percent(12)
                    ? TensorDims{inner}
                    : batch(d.BroadcastableWith(around), d.SomeDim(), inner));
  }
}

void SampleBatchNormalization(NodeDraft& d) {
  d.Choose(0, d.SomeDims(2));
  if (d.failed() || d.rank(0) < 2) return d.Fail();
  const int64_t channels = d.dims(0)[1];
  for (const int i : {1, 2, 3}) d.Choose(i, {channels});
  // A variance of 0 is one that happens.
  d.Choose(4, {channels}, Numbers::kPositive);
  if (d.rng().Percent(40)) {
    d.SetFloat("epsilon", d.rng().Of({1e-3F, 1e-5F, 0.25F}));
  }
  if (d.rng().Percent(15)) {
    d.SetInt("training_mode", 1);
    d.SetOutputs(3);
  }
}

// Normalizations over everything but batch and channels, or over the last axes.
void SampleInstanceNormalization(NodeDraft& d) {
  d.Choose(0, d.SomeDims(3));
  if (d.failed() || d.rank(0) < 2) return d.Fail();
  for (const int i : {1, 2}) d.Choose(i, {d.dims(0)[1]});
}

void SampleLayerNormalization(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1));
  if (d.failed() || d.rank(0) < 1) return d.Fail();
  const int64_t axis = d.rng().Between(0, d.rank(0) - 1);
  const TensorDims tail(d.dims(0).begin() + axis, d.dims(0).end());
  d.Choose(1, tail);
  if (d.Wants(2)) d.Choose(2, tail);
  d.SetInt("axis", d.Signed(axis, d.rank(0)));
}

}  // namespace

SamplerList LinearSamplers() {
  return {
      {"Conv"_op, SampleConv, 3},
      {"ConvTranspose"_op, SampleConv, 3},
      {"Gemm"_op, SampleGemm, 2, 2},
      {"MatMul"_op, SampleMatMul, 1, 4},
      {"BatchNormalization"_op, SampleBatchNormalization, 2},
      {"InstanceNormalization"_op, SampleInstanceNormalization, 3},
      {"LayerNormalization"_op, SampleLayerNormalization, 1},
      {"RMSNormalization"_op, SampleLayerNormalization, 1},
  };
}

}  // namespace onnxopt::random_graphs
