// SPDX-License-Identifier: Apache-2.0
// The inference functions, by family, and what they share.
#ifndef ONNXOPT_PASSES_SHAPE_FAMILIES_H_
#define ONNXOPT_PASSES_SHAPE_FAMILIES_H_

#include <optional>
#include <string>

#include "passes/shape/inference.h"

namespace onnxopt::shape {

/// The function of the family for `op`, or null.
InferFunction FindElementwise(const OpDef& op);
InferFunction FindMovement(OpId op);
InferFunction FindReduction(OpId op);
InferFunction FindLinear(OpId op);
InferFunction FindSelection(OpId op);
InferFunction FindMisc(OpId op);

/// "Conv: message".
absl::Status Invalid(const InferenceContext& c, const std::string& message);

/// NumPy broadcasting. A dim that may be 1 or another at run time is unknown;
/// nullopt: the shapes contradict each other.
std::optional<Shape> Broadcast(const Shape& a, const Shape& b);
/// The dim of which both are claims: what is the same, else unknown.
Dim Common(const Dim& a, const Dim& b);
/// `axis` counted from the front; nullopt if out of range.
std::optional<int64_t> Normalize(int64_t axis, size_t rank);
Shape UnknownShape(size_t rank);
/// The product of dims [begin, end); 1 for none.
Dim Product(const Shape& shape, size_t begin, size_t end);

}  // namespace onnxopt::shape

#endif  // ONNXOPT_PASSES_SHAPE_FAMILIES_H_
