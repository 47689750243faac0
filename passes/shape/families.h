// SPDX-License-Identifier: Apache-2.0
// The inference functions, by family, and what they share.
#ifndef ONNXOPT_PASSES_SHAPE_FAMILIES_H_
#define ONNXOPT_PASSES_SHAPE_FAMILIES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "passes/shape/inference.h"

namespace onnxopt::shape {

struct InferEntry {
  OpId op;
  InferFunction function;
  /// If not 0, the function is also for versions that are not canonical, from
  /// this one on.
  int64_t oldest_version = 0;
};
using InferList = std::vector<InferEntry>;

InferList ControlFunctions();
InferList ElementwiseFunctions();
InferList LinearFunctions();
InferList MlFunctions();  // ai.onnx.ml
InferList MovementFunctions();
InferList ReductionFunctions();
InferList ReshapeFunctions();
InferList SelectionFunctions();
InferList SequenceFunctions();
InferList SpecialFunctions();
InferList WindowFunctions();

/// Of any operator with the trait kElementwise: the broadcast shape.
absl::Status InferElementwise(InferenceContext& c);
/// Outputs of the shape of input 0; further inputs are parameters.
absl::Status InferLikeFirstInput(InferenceContext& c);

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
/// `dim / by` if that is a whole number for sure.
Dim Divide(const Dim& dim, int64_t by);
/// The number of elements of the one-dimensional tensor input `i`.
std::optional<int64_t> LengthOf(const InferenceContext& c, int i);
/// The rank that a shape of that many elements describes: UnknownShape, or
/// nullopt for none or an absurd length.
std::optional<Shape> ShapeOfRank(std::optional<int64_t> rank);
/// The single element of a constant integer input `i`.
std::optional<int64_t> ScalarOf(const InferenceContext& c, int i);
/// The element type that an int attribute names; kUndefined for none.
ElementType ElementNamed(const InferenceContext& c, std::string_view attribute,
                         ElementType otherwise);

}  // namespace onnxopt::shape

#endif  // ONNXOPT_PASSES_SHAPE_FAMILIES_H_
