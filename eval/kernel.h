// SPDX-License-Identifier: Apache-2.0
// Kernels: what the operators compute, at their canonical versions.
#ifndef ONNXOPT_EVAL_KERNEL_H_
#define ONNXOPT_EVAL_KERNEL_H_

#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ir/attribute_view.h"
#include "ir/op_def.h"
#include "ir/tensor.h"

namespace onnxopt {

/// The arguments of one evaluation.
class KernelArgs {
 public:
  KernelArgs(const OpDef& op, std::span<const Attribute> attributes,
             std::span<const TensorRef> inputs, int num_outputs)
      : op_(op),
        attributes_(op, attributes),
        inputs_(inputs),
        num_outputs_(num_outputs) {}

  const OpDef& op() const { return op_; }
  const AttributeView& attributes() const { return attributes_; }
  int num_inputs() const { return static_cast<int>(inputs_.size()); }
  /// Null for a missing optional input, also past the end.
  const Tensor* input(int i) const {
    return i < num_inputs() ? inputs_[i].get() : nullptr;
  }
  std::span<const TensorRef> inputs() const { return inputs_; }
  /// How many outputs the node names (Split and Dropout differ by it).
  int num_outputs() const { return num_outputs_; }

 private:
  const OpDef& op_;
  AttributeView attributes_;
  std::span<const TensorRef> inputs_;
  int num_outputs_;
};

/// One tensor per output, num_outputs() of them. Called with a number of inputs
/// and element types that the operator's signature allows. Fails, never
/// crashes, for arguments that the operator does not allow: wrong ranks,
/// shapes, indices. Deterministic on every machine: fixed order of additions,
/// no FMA.
using Kernel = absl::StatusOr<std::vector<TensorRef>> (*)(const KernelArgs&);

/// Null when there is none for that version of the operator.
Kernel FindKernel(const OpDef& op);

/// Runs the kernel of `op`; errors name the operator. kUnimplemented when
/// there is none, or an attribute refers to one of a function.
absl::StatusOr<std::vector<TensorRef>> Evaluate(
    const OpDef& op, std::span<const Attribute> attributes,
    std::span<const TensorRef> inputs, int num_outputs);

}  // namespace onnxopt

#endif  // ONNXOPT_EVAL_KERNEL_H_
