// SPDX-License-Identifier: Apache-2.0
#include "eval/elementwise.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "eval/elements.h"

namespace onnxopt::eval {

absl::StatusOr<Broadcast> Broadcast::Of(std::vector<const Tensor*> operands) {
  Broadcast result;
  for (const Tensor* operand : operands) {
    std::optional<TensorDims> dims =
        BroadcastDims(result.dims_, operand->dims());
    if (!dims) {
      return absl::InvalidArgumentError(absl::StrCat(
          "[", absl::StrJoin(result.dims_, ","), "] and [",
          absl::StrJoin(operand->dims(), ","), "] do not broadcast"));
    }
    result.dims_ = *std::move(dims);
  }
  if (!NumElements(result.dims_)) {
    return absl::InvalidArgumentError("the result is too large");
  }
  if (*NumElements(result.dims_) > 0) {
    for (const Tensor* operand : operands) {
      result.loop_strides_.push_back(
          BroadcastStrides(operand->dims(), result.dims_));
    }
    result.loop_dims_ = result.dims_;
    JoinAxes(&result.loop_dims_, std::span(result.loop_strides_));
  }
  result.operands_ = std::move(operands);
  return result;
}

void Broadcast::ForEachRun(absl::FunctionRef<void(const Run&)> visit) const {
  if (*NumElements(dims_) == 0) return;
  const size_t rank = loop_dims_.size();
  const size_t num_operands = operands_.size();
  std::vector<int64_t> offsets(num_operands, 0);
  std::vector<int64_t> steps(num_operands, 0);
  if (rank == 0) return visit({0, 1, offsets, steps});
  for (size_t t = 0; t < num_operands; ++t) {
    steps[t] = loop_strides_[t][rank - 1];
  }
  const int64_t size = loop_dims_[rank - 1];
  const int64_t num_runs = ProductOf(loop_dims_, 0, rank - 1);
  std::vector<int64_t> index(rank, 0);
  for (int64_t run = 0; run < num_runs; ++run) {
    visit({run * size, size, offsets, steps});
    for (size_t axis = rank - 1; axis-- > 0;) {
      const bool wraps = ++index[axis] == loop_dims_[axis];
      for (size_t t = 0; t < num_operands; ++t) {
        const int64_t stride = loop_strides_[t][axis];
        offsets[t] += wraps ? stride * (1 - loop_dims_[axis]) : stride;
      }
      if (!wraps) break;
      index[axis] = 0;
    }
  }
}

template <typename T>
absl::StatusOr<TensorRef> ComputeBlocks(
    const Broadcast& operands, ElementType result_type,
    absl::FunctionRef<void(Blocks<T> blocks, std::span<T> result)> compute) {
  const size_t num_operands = operands.operands().size();
  std::vector<std::string_view> bytes;
  for (const Tensor* operand : operands.operands()) {
    ASSIGN_OR_RETURN(bytes.emplace_back(), operand->bytes());
  }
  ASSIGN_OR_RETURN(TensorBuilder result,
                   TensorBuilder::Create(result_type, operands.dims()));
  std::vector<std::vector<T>> buffers(num_operands, std::vector<T>(kBlock));
  std::vector<T> results(kBlock);
  std::vector<std::span<const T>> blocks(num_operands);
  int64_t begin = 0;
  // Runs may be short: they are collected until a block is full.
  int64_t filled = 0;
  const auto flush = [&] {
    for (size_t t = 0; t < num_operands; ++t) {
      blocks[t] = std::span<const T>(buffers[t]).first(filled);
    }
    const std::span<T> out = std::span(results).first(filled);
    compute(blocks, out);
    Store<T>(result_type, out, begin, result.bytes());
    begin += filled;
    filled = 0;
  };
  operands.ForEachRun([&](const Broadcast::Run& run) {
    for (int64_t done = 0; done < run.size;) {
      const int64_t n = std::min(run.size - done, kBlock - filled);
      for (size_t t = 0; t < num_operands; ++t) {
        const ElementType type = operands.operands()[t]->type();
        const std::span<T> out = std::span(buffers[t]).subspan(filled, n);
        if (run.steps[t] == 0) {
          Load<T>(type, bytes[t], run.offsets[t], out.first(1));
          std::fill(out.begin() + 1, out.end(), out[0]);
        } else {
          Load<T>(type, bytes[t], run.offsets[t] + done, out);
        }
      }
      done += n;
      filled += n;
      if (filled == kBlock) flush();
    }
  });
  if (filled > 0) flush();
  return std::move(result).Finish();
}

template <typename T>
absl::StatusOr<TensorRef> MapBlocks(
    const Tensor& operand, ElementType result_type,
    absl::FunctionRef<void(std::span<T> block)> compute) {
  ASSIGN_OR_RETURN(const std::string_view bytes, operand.bytes());
  ASSIGN_OR_RETURN(TensorBuilder result,
                   TensorBuilder::Create(result_type, operand.dims()));
  std::vector<T> buffer(kBlock);
  for (int64_t begin = 0; begin < operand.num_elements(); begin += kBlock) {
    const std::span<T> block = std::span(buffer).first(
        std::min(kBlock, operand.num_elements() - begin));
    Load<T>(operand.type(), bytes, begin, block);
    compute(block);
    Store<T>(result_type, block, begin, result.bytes());
  }
  return std::move(result).Finish();
}

template absl::StatusOr<TensorRef> ComputeBlocks<double>(
    const Broadcast&, ElementType,
    absl::FunctionRef<void(Blocks<double>, std::span<double>)>);
template absl::StatusOr<TensorRef> ComputeBlocks<int64_t>(
    const Broadcast&, ElementType,
    absl::FunctionRef<void(Blocks<int64_t>, std::span<int64_t>)>);
template absl::StatusOr<TensorRef> MapBlocks<double>(
    const Tensor&, ElementType, absl::FunctionRef<void(std::span<double>)>);
template absl::StatusOr<TensorRef> MapBlocks<int64_t>(
    const Tensor&, ElementType, absl::FunctionRef<void(std::span<int64_t>)>);

}  // namespace onnxopt::eval
