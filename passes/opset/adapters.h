// SPDX-License-Identifier: Apache-2.0
// The parts of the table of adapters.
#ifndef ONNXOPT_PASSES_OPSET_ADAPTERS_H_
#define ONNXOPT_PASSES_OPSET_ADAPTERS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "passes/opset/steps.h"

namespace onnxopt::opset {

/// Steps up to opset 7.
std::span<const Adapter> OldAdapters();
/// Those of OneHot, Scatter, Gather and Slice.
std::span<const Adapter> IndexAdapters();
/// Those of Resize, Upsample and Pad from opset 10 on.
std::span<const Adapter> ResizeAdapters();
/// Those of ConvTranspose and MaxPool.
std::span<const Adapter> WindowAdapters();
/// Those of ai.onnx.ml.
std::span<const Adapter> MlAdapters();

inline constexpr char kReferenced[] =
    "the value of an attribute depends on the call of the function";
/// Whether the attribute is one of the function that the node is in.
bool IsReferenced(const Form& form, std::string_view attribute);
/// Whether input `i` is known to have no elements.
bool IsEmpty(const Form& form, int i);

/// Whether all dims are known to be equal.
bool SameDims(const Shape& a, const Shape& b);

/// Of a binary operator before opset 7 with an axis: how many dims of A come
/// after those that B stands for. Nullopt if that is not known, or not
/// possible.
std::optional<int64_t> DimsAfterOperand(const Form& form);

}  // namespace onnxopt::opset

#endif  // ONNXOPT_PASSES_OPSET_ADAPTERS_H_
