// SPDX-License-Identifier: Apache-2.0
#include "test/random_graphs/samplers.h"

#include "support/status.h"

namespace onnxopt::random_graphs {
namespace {

using SamplerTable = std::vector<Sampler>;  // by OpId

SamplerTable MakeTable() {
  SamplerTable table(std::size(kOpNames) + 1, Sampler{kOpaqueOp, nullptr});
  for (const SamplerList& family :
       {ElementwiseSamplers(), MovementSamplers(), ReductionSamplers(),
        LinearSamplers(), PoolSamplers(), NormalizationSamplers(),
        IndexSamplers(), FillSamplers(), QuantizationSamplers(),
        RecurrentSamplers(), ImageSamplers(), AttentionSamplers(),
        SignalSamplers(), TextSamplers(), MlSamplers(), SvmSamplers(),
        TreeSamplers()}) {
    for (const Sampler& sampler : family) {
      ONNXOPT_CHECK(table[sampler.op].sample == nullptr);
      table[sampler.op] = sampler;
    }
  }
  return table;
}

}  // namespace

const Sampler* FindSampler(const OpDef& op) {
  static const auto& table = *new SamplerTable(MakeTable());
  static const auto& elementwise = *new Sampler{kOpaqueOp, SampleElementwise};
  if (!op.is_canonical() && op.domain() != "ai.onnx.ml") return nullptr;
  const Sampler& own = table[op.id()];
  if (own.sample != nullptr) return &own;
  return op.Has(Trait::kElementwise) ? &elementwise : nullptr;
}

}  // namespace onnxopt::random_graphs
