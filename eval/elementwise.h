// SPDX-License-Identifier: Apache-2.0
// What elementwise kernels share: broadcasting, and computing block by block
// in double or int64, whatever the element types are.
#ifndef ONNXOPT_EVAL_ELEMENTWISE_H_
#define ONNXOPT_EVAL_ELEMENTWISE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "eval/dense.h"
#include "ir/tensor.h"

namespace onnxopt::eval {

/// Operands read at the indices of a result to whose dims they broadcast. The
/// tensors must outlive it.
class Broadcast {
 public:
  /// An error if the dims do not broadcast. No operand may be null.
  static absl::StatusOr<Broadcast> Of(std::vector<const Tensor*> operands);

  const TensorDims& dims() const { return dims_; }
  const std::vector<const Tensor*>& operands() const { return operands_; }

  /// Elements [begin, begin + size) of the result. For element k of them,
  /// operand t is read at offsets[t] + k * steps[t]; a step is 0 or 1.
  struct Run {
    int64_t begin;
    int64_t size;
    std::span<const int64_t> offsets;
    std::span<const int64_t> steps;
  };
  /// All elements of the result, in order.
  void ForEachRun(absl::FunctionRef<void(const Run&)> visit) const;

 private:
  std::vector<const Tensor*> operands_;
  TensorDims dims_;
  // With axes joined.
  TensorDims loop_dims_;
  std::vector<Strides> loop_strides_;
};

/// Blocks of equal size, one of each operand.
template <typename T>
using Blocks = std::span<const std::span<const T>>;

/// Computes the result block by block. T is double, for operands of any number
/// type, or int64_t, for integers and bool (see LoadIntegers).
template <typename T>
absl::StatusOr<TensorRef> ComputeBlocks(
    const Broadcast& operands, ElementType result_type,
    absl::FunctionRef<void(Blocks<T> blocks, std::span<T> result)> compute);

/// The same for one operand, in place.
template <typename T>
absl::StatusOr<TensorRef> MapBlocks(
    const Tensor& operand, ElementType result_type,
    absl::FunctionRef<void(std::span<T> block)> compute);

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_ELEMENTWISE_H_
