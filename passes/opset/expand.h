// SPDX-License-Identifier: Apache-2.0
// What the builders of expansions share.
#ifndef ONNXOPT_PASSES_OPSET_EXPAND_H_
#define ONNXOPT_PASSES_OPSET_EXPAND_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "passes/opset/expansion.h"
#include "passes/opset/form.h"

namespace onnxopt::opset {

/// Input `i` of the root; null if it is absent.
inline Value* Input(const Rewriter& r, int i) {
  return i < r.root().num_inputs() ? r.root().input(i) : nullptr;
}

inline std::optional<int64_t> RankOf(const Value* value) {
  const std::optional<Shape> shape = ShapeOf(value);
  if (!shape) return std::nullopt;
  return static_cast<int64_t>(shape->size());
}

/// The parts of DownwardExpansions that say newer operators by older ones.
std::span<const Expansion> NewOperatorExpansions();
std::span<const Expansion> AttentionExpansions();
std::span<const Expansion> MovementExpansions();
std::span<const Expansion> QuantizationExpansions();

/// `y`, which has as many elements as `x`, with the dims of `x`. Without
/// `allow_zero`, which is since opset 14, an empty tensor of dynamic dims is an
/// error.
Value* ReshapeLike(Rewriter& r, Value* y, Value* x, bool allow_zero);

/// A builder that takes `allow_zero` as one that does not.
template <Value* (*build)(Rewriter&, bool), bool allow_zero>
Value* WithZero(Rewriter& r) {
  return build(r, allow_zero);
}

}  // namespace onnxopt::opset

#endif  // ONNXOPT_PASSES_OPSET_EXPAND_H_
