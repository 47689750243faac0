// SPDX-License-Identifier: Apache-2.0
// What rules ask about values and nodes. A yes holds in every run; what is not
// known is nullopt or false.
#ifndef ONNXOPT_PASSES_RULES_FACTS_H_
#define ONNXOPT_PASSES_RULES_FACTS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "ir/node.h"
#include "passes/rewrite/constants.h"

namespace onnxopt {

// --- Shapes

std::optional<int64_t> RankOf(const Value* value);
/// Unknown when there is no such axis.
Dim DimOf(const Value* value, int64_t axis);
bool SameShape(const Value* a, const Value* b);
/// Whether broadcasting both gives the shape of `into`.
bool BroadcastsInto(const Value* from, const Value* into);

// --- Axes, from the front

/// The attribute "axis" of a node whose axes are those of `value`.
std::optional<int64_t> AxisOf(const Node& node, const Value* value);
/// Whether the attributes "axis" of both, about tensors of one rank, mean the
/// same.
bool SameAxis(const Node& a, const Node& b, std::optional<int64_t> rank);
/// What a Squeeze removes or an Unsqueeze adds (as axes of its result), sorted.
std::optional<std::vector<int64_t>> AxesOf(const Node& node);
/// What a reduction reduces, sorted.
std::optional<std::vector<int64_t>> ReducedAxesOf(const Node& node);
/// The permutation of a Transpose.
std::optional<std::vector<int64_t>> PermOf(const Node& transpose);
bool IsIdentityPerm(const std::vector<int64_t>& perm);

// --- Element types

/// Whether a constant has one element. Its element as a number; not NaN.
std::optional<double> ConstantScalar(const Value* value);

struct NumberFormat {
  enum { kNone, kUnsigned, kSigned, kFloating } kind = kNone;
  int digits = 0;    // bits of the integers it holds without a gap
  int exponent = 0;  // of floating formats: bits of the exponent
};
/// kNone for strings, complex numbers, and all below 8 bits but bool.
NumberFormat FormatOf(ElementType type);
bool IsFloating(ElementType type);
/// Whether every value of `from` is one of `to`.
bool Holds(ElementType to, ElementType from);

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_RULES_FACTS_H_
