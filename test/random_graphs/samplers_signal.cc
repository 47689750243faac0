// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "test/random_graphs/samplers.h"

namespace onnxopt::random_graphs {
namespace {

ElementType IndexType(Rng& rng) {
  return rng.Of({ElementType::kInt64, ElementType::kInt32});
}

void ChooseScalar(NodeDraft& d, int i, ElementType type, int64_t value) {
  d.ChooseParameter(i, SplatOf(type, {}, static_cast<double>(value)));
}

// The last axis holds real and imaginary parts.
void SampleDft(NodeDraft& d) {
  TensorDims dims = d.SomeDims(1, 3);
  if (d.rng().Percent(70)) dims.insert(dims.begin(), d.rng().Between(1, 2));
  const bool complex = d.rng().Percent(40);
  dims.push_back(complex ? 2 : 1);
  d.Choose(0, dims);
  if (d.failed()) return;
  const auto rank = static_cast<int64_t>(dims.size());
  int64_t axis = rank - 2;
  if (d.Wants(2, 60)) {
    axis = d.rng().Between(0, rank - 2);
    ChooseScalar(d, 2, ElementType::kInt64, d.Signed(axis, rank));
  }
  if (dims[axis] == 0) return d.Fail();
  if (d.Wants(1, 40)) {
    ChooseScalar(d, 1, IndexType(d.rng()), d.rng().Between(1, dims[axis] + 2));
  }
  if (!complex && d.rng().Percent(50)) {
    d.SetInt("onesided", 1);
  } else if (complex && d.rng().Percent(60)) {
    d.SetInt("inverse", 1);
  }
}

void SampleStft(NodeDraft& d) {
  const int64_t batch = d.rng().Between(1, 2);
  const int64_t length = d.rng().Between(6, 16);
  const int64_t frame = d.rng().Between(2, 6);
  const bool complex = d.rng().Percent(25);
  d.Choose(0, {batch, length, complex ? 2 : 1});
  if (d.failed()) return;
  const ElementType index = IndexType(d.rng());
  ChooseScalar(d, 1, index, d.rng().Between(1, 4));
  const bool window = d.Wants(2, 60);
  if (window) d.Choose(2, {frame}, Numbers::kFinite);
  if (!window || d.Wants(3, 50)) ChooseScalar(d, 3, index, frame);
  if (complex || d.rng().Percent(50)) {
    d.SetInt("onesided", complex ? 0 : d.rng().Between(0, 1));
  }
}

void SampleWindow(NodeDraft& d) {
  ChooseScalar(d, 0, IndexType(d.rng()), d.rng().Between(1, 12));
  if (d.rng().Percent(50)) d.SetInt("periodic", d.rng().Between(0, 1));
  if (d.rng().Percent(30)) {
    d.SetInt("output_datatype", static_cast<int64_t>(d.rng().Of(
                                    {ElementType::kFloat, ElementType::kDouble,
                                     ElementType::kFloat16})));
  }
}

void SampleMelWeightMatrix(NodeDraft& d) {
  const ElementType index = IndexType(d.rng());
  ChooseScalar(d, 0, index, d.rng().Between(1, 8));
  ChooseScalar(d, 1, index, 2 * d.rng().Between(4, 32));
  ChooseScalar(d, 2, index, d.rng().Of({8000, 16000, 8192}));
  ChooseScalar(d, 3, ElementType::kFloat, d.rng().Between(0, 300));
  ChooseScalar(d, 4, ElementType::kFloat, d.rng().Between(1000, 4000));
  if (d.rng().Percent(30)) {
    d.SetInt("output_datatype",
             static_cast<int64_t>(
                 d.rng().Of({ElementType::kFloat, ElementType::kDouble})));
  }
}

}  // namespace

SamplerList SignalSamplers() {
  return {
      {"DFT"_op, SampleDft, 1, 3},
      {"STFT"_op, SampleStft, 3, 3},
      {"HannWindow"_op, SampleWindow, 0, 0},
      {"HammingWindow"_op, SampleWindow, 0, 0},
      {"BlackmanWindow"_op, SampleWindow, 0, 0},
      {"MelWeightMatrix"_op, SampleMelWeightMatrix, 0, 0},
  };
}

}  // namespace onnxopt::random_graphs
