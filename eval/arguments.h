// SPDX-License-Identifier: Apache-2.0
// Arguments and results of kernels.
#ifndef ONNXOPT_EVAL_ARGUMENTS_H_
#define ONNXOPT_EVAL_ARGUMENTS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eval/kernel.h"

namespace onnxopt::eval {

/// An error unless the number of inputs, their element types and the required
/// attributes are as the schema says. A kernel may then rely on its required
/// inputs being there, of allowed types, equal where they must be.
absl::Status CheckArguments(const KernelArgs& args);

using KernelOutputs = absl::StatusOr<std::vector<TensorRef>>;
/// The outputs of a kernel that has one.
KernelOutputs Single(absl::StatusOr<TensorRef> tensor);

absl::Status Invalid(std::string_view text);

inline int64_t RankOf(const Tensor& tensor) {
  return static_cast<int64_t>(tensor.dims().size());
}

/// The one element of a tensor of one element, as the integer it is.
absl::StatusOr<int64_t> ScalarOf(const Tensor& tensor);

/// Distinct axes of a tensor of `rank`, counted from the front; all, in order,
/// if `axes` is null.
absl::StatusOr<std::vector<int64_t>> AxesOf(const std::vector<int64_t>* axes,
                                            int64_t rank);

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_ARGUMENTS_H_
