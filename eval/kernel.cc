// SPDX-License-Identifier: Apache-2.0
#include "eval/kernel.h"

#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include "eval/arguments.h"
#include "eval/families.h"
#include "eval/signature.h"
#include "support/status.h"

namespace onnxopt {
namespace {

using KernelTable = std::array<eval::KernelEntry, std::size(kOpNames) + 1>;

KernelTable MakeTable() {
  KernelTable table{};
  const auto add = [&table](const eval::KernelList& family) {
    for (const eval::KernelEntry& entry : family) {
      ONNXOPT_CHECK(table[entry.op].kernel == nullptr);
      table[entry.op] = entry;
    }
  };
  add(eval::CastKernels());
  add(eval::ChoiceKernels());
  add(eval::ElementwiseBinaryKernels());
  add(eval::ElementwiseUnaryKernels());
  add(eval::LineKernels());
  add(eval::ReductionKernels());
  add(eval::MatMulKernels());
  add(eval::ConvolutionKernels());
  add(eval::AttentionKernels());
  add(eval::DeformConvKernels());
  add(eval::EinsumKernels());
  add(eval::RecurrentKernels());
  add(eval::PoolingKernels());
  add(eval::NormalizationKernels());
  add(eval::QuantizationKernels());
  add(eval::ReshapeKernels());
  add(eval::MovementKernels());
  add(eval::FillKernels());
  add(eval::BlockKernels());
  add(eval::SelectionKernels());
  add(eval::ScatterKernels());
  add(eval::SortingKernels());
  add(eval::ResizeKernels());
  add(eval::GridKernels());
  add(eval::RegionKernels());
  add(eval::LinearAttentionKernels());
  add(eval::LossKernels());
  add(eval::SignalKernels());
  add(eval::TextKernels());
  add(eval::TfIdfKernels());
  add(eval::MlFeatureKernels());
  add(eval::MlLabelKernels());
  add(eval::MlLinearKernels());
  add(eval::MlSvmKernels());
  add(eval::MlTreeKernels());
  return table;
}

}  // namespace

Kernel FindKernel(const OpDef& op) {
  static const KernelTable table = MakeTable();
  const eval::KernelEntry& entry = table[op.id()];
  const bool is_known_version =
      op.is_canonical() || (entry.oldest_version > 0 && !op.deprecated() &&
                            op.since_version() >= entry.oldest_version);
  return is_known_version ? entry.kernel : nullptr;
}

absl::StatusOr<std::vector<TensorRef>> Evaluate(
    const OpDef& op, std::span<const Attribute> attributes,
    std::span<const TensorRef> inputs, int num_outputs) {
  const std::string name(op.FullName());
  const Kernel kernel = FindKernel(op);
  const KernelArgs args(op, attributes, inputs, num_outputs);
  if (kernel == nullptr || args.attributes().HasReferences()) {
    return absl::UnimplementedError(absl::StrCat(name, " cannot be evaluated"));
  }
  const absl::Status allowed =
      eval::CheckSignature(op, attributes, inputs, num_outputs);
  if (!allowed.ok()) return Annotate(allowed, name);
  RETURN_IF_ERROR(Annotate(eval::CheckArguments(args), name));
  absl::StatusOr<std::vector<TensorRef>> outputs = kernel(args);
  if (!outputs.ok()) return Annotate(outputs.status(), name);
  ONNXOPT_CHECK(static_cast<int>(outputs->size()) >= num_outputs);
  return outputs;
}

}  // namespace onnxopt
