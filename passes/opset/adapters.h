// SPDX-License-Identifier: Apache-2.0
// The parts of the table of adapters.
#ifndef ONNXOPT_PASSES_OPSET_ADAPTERS_H_
#define ONNXOPT_PASSES_OPSET_ADAPTERS_H_

#include <cstdint>
#include <optional>
#include <span>

#include "passes/opset/steps.h"

namespace onnxopt::opset {

/// Steps up to opset 7.
std::span<const Adapter> OldAdapters();

/// Of a binary operator before opset 7 with an axis: how many dims of A come
/// after those that B stands for. Nullopt if that is not known, or not
/// possible.
std::optional<int64_t> DimsAfterOperand(const Form& form);

}  // namespace onnxopt::opset

#endif  // ONNXOPT_PASSES_OPSET_ADAPTERS_H_
