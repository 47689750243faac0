// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include "test/random_graphs/samplers.h"

namespace onnxopt::random_graphs {
namespace {

void SampleReduce(NodeDraft& d) {
  d.Choose(0, d.SomeDims());
  if (d.failed()) return;
  if (d.Wants(1, 80)) {
    std::vector<int64_t> axes(d.rank(0));
    std::iota(axes.begin(), axes.end(), 0);
    d.rng().Shuffle(axes);
    axes.resize(d.rng().Between(
        d.rng().Percent(15) ? 0 : std::min<int64_t>(1, d.rank(0)), d.rank(0)));
    for (int64_t& axis : axes) axis = d.Signed(axis, d.rank(0));
    d.ChooseInts(1, axes);
  }
  if (d.rng().Percent(60)) d.SetInt("keepdims", d.rng().Between(0, 1));
  if (d.rng().Percent(20)) {
    d.SetInt("noop_with_empty_axes", d.rng().Between(0, 1));
  }
}

void SampleArg(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1));
  if (d.failed()) return;
  if (d.rng().Percent(70)) d.SetInt("axis", d.SomeAxis(d.rank(0)));
  if (d.rng().Percent(60)) d.SetInt("keepdims", d.rng().Between(0, 1));
  if (d.rng().Percent(30)) d.SetInt("select_last_index", 1);
}

void SampleCumulative(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1));
  if (d.failed()) return;
  d.ChooseParameter(1, TensorOf(ElementType::kInt64, {},
                                {static_cast<double>(d.SomeAxis(d.rank(0)))}));
  if (d.rng().Percent(30)) d.SetInt("exclusive", 1);
  if (d.rng().Percent(30)) d.SetInt("reverse", 1);
}

void SampleShape(NodeDraft& d) {
  d.Choose(0, d.SomeDims());
  if (d.op().id() == "Size"_op) return;
  if (d.rng().Percent(30)) d.SetInt("start", d.rng().Between(-3, 3));
  if (d.rng().Percent(30)) d.SetInt("end", d.rng().Between(-3, 3));
}

}  // namespace

SamplerList ReductionSamplers() {
  return {
      {"ReduceL1"_op, SampleReduce},      {"ReduceL2"_op, SampleReduce},
      {"ReduceLogSum"_op, SampleReduce},  {"ReduceLogSumExp"_op, SampleReduce},
      {"ReduceMax"_op, SampleReduce},     {"ReduceMean"_op, SampleReduce},
      {"ReduceMin"_op, SampleReduce},     {"ReduceProd"_op, SampleReduce},
      {"ReduceSum"_op, SampleReduce},     {"ReduceSumSquare"_op, SampleReduce},
      {"ArgMax"_op, SampleArg, 1},        {"ArgMin"_op, SampleArg, 1},
      {"CumSum"_op, SampleCumulative, 1}, {"CumProd"_op, SampleCumulative, 1},
      {"Shape"_op, SampleShape},          {"Size"_op, SampleShape},
  };
}

}  // namespace onnxopt::random_graphs
