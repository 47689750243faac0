// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "test/random_graphs/samplers.h"

namespace onnxopt::random_graphs {
namespace {

using Names = std::vector<std::string_view>;

// Which values of activation_alpha are whose is only clear when all functions
// take one.
void SetActivations(NodeDraft& d, int64_t count) {
  if (!d.rng().Percent(40)) return;
  Names names(count);
  // What is not bounded grows out of the range of float16.
  const bool bounded = d.element(0) == ElementType::kFloat16;
  const bool scaled = d.rng().Percent(40);
  std::vector<float> alpha(count), beta(count);
  for (int64_t i = 0; i < count; ++i) {
    names[i] = bounded
                   ? d.rng().Of<std::string_view>({"HardSigmoid", "ScaledTanh"})
               : scaled ? d.rng().Of<std::string_view>(
                              {"HardSigmoid", "ScaledTanh", "Affine"})
                        : d.rng().Of<std::string_view>(
                              {"Relu", "Tanh", "Sigmoid", "LeakyRelu", "Elu",
                               "HardSigmoid", "Softsign", "Softplus"});
    alpha[i] = d.rng().Of({0.25F, 0.5F, 1.0F});
    beta[i] = d.rng().Of({0.25F, 0.5F, 1.0F});
  }
  d.SetStrings("activations", names);
  if (!scaled && !bounded) return;
  d.SetFloats("activation_alpha", alpha);
  d.SetFloats("activation_beta", beta);
}

// X [seq, batch, input], W [dirs, gates*hidden, input],
// R [dirs, gates*hidden, hidden], B [dirs, 2*gates*hidden]; layout 1 has the
// batch first.
void SampleRecurrent(NodeDraft& d) {
  const OpId id = d.op().id();
  const bool lstm = id == "LSTM"_op;
  const int64_t gates = lstm ? 4 : id == "GRU"_op ? 3 : 1;
  const int64_t functions = lstm ? 3 : id == "GRU"_op ? 2 : 1;
  const int64_t hidden = d.rng().Between(1, 4);
  const int64_t directions = d.rng().Percent(35) ? 2 : 1;
  const bool batch_first = d.rng().Percent(10);
  d.Choose(0, d.SomeDims(3, 3));
  if (d.failed() || d.rank(0) != 3) return d.Fail();
  const int64_t length = d.dims(0)[batch_first ? 1 : 0];
  const int64_t batch = d.dims(0)[batch_first ? 0 : 1];
  d.Choose(1, {directions, gates * hidden, d.dims(0)[2]});
  d.Choose(2, {directions, gates * hidden, hidden});
  if (d.Wants(3, 60)) d.Choose(3, {directions, 2 * gates * hidden});
  if (length > 0 && d.Wants(4, 40)) {
    std::vector<int64_t> lengths(batch);
    for (int64_t& n : lengths) n = d.rng().Between(1, length);
    d.ChooseInts(4, lengths, ElementType::kInt32);
  }
  const TensorDims state = batch_first ? TensorDims{batch, directions, hidden}
                                       : TensorDims{directions, batch, hidden};
  for (int i = 5; i < (lstm ? 7 : 6); ++i) {
    if (d.Wants(i, 40)) d.Choose(i, state);
  }
  if (lstm && d.Wants(7, 30)) d.Choose(7, {directions, 3 * hidden});

  d.SetInt("hidden_size", hidden);
  if (directions == 2) {
    d.SetString("direction", "bidirectional");
  } else if (d.rng().Percent(40)) {
    d.SetString("direction", "reverse");
  }
  if (batch_first) d.SetInt("layout", 1);
  if (d.rng().Percent(20)) d.SetFloat("clip", d.rng().Of({0.5F, 2.0F}));
  if (lstm && d.rng().Percent(15)) d.SetInt("input_forget", 1);
  if (id == "GRU"_op && d.rng().Percent(50)) {
    d.SetInt("linear_before_reset", 1);
  }
  SetActivations(d, directions * functions);
  d.SetOutputs(static_cast<int>(d.rng().Between(1, lstm ? 3 : 2)));
}

}  // namespace

SamplerList RecurrentSamplers() {
  return {
      {"RNN"_op, SampleRecurrent, 3, 3},
      {"GRU"_op, SampleRecurrent, 3, 3},
      {"LSTM"_op, SampleRecurrent, 3, 3},
  };
}

}  // namespace onnxopt::random_graphs
