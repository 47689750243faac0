// SPDX-License-Identifier: Apache-2.0
// What the operators with bodies give to their bodies.
#ifndef ONNXOPT_PASSES_SHAPE_BODY_INPUTS_H_
#define ONNXOPT_PASSES_SHAPE_BODY_INPUTS_H_

#include "passes/shape/inference.h"

namespace onnxopt::shape {

/// The same kind and element type with an unknown shape; null for what is not
/// a tensor.
TypeRef WithoutShape(const TypeRef& type);

/// Where a body input comes from.
struct BodyInput {
  /// In the first iteration, or in all. Null: unknown.
  TypeRef initial;
  /// The body output that is the value in the next iteration; -1 for none.
  int next = -1;
};

/// Of input `i` of the body of a Loop, Scan or SequenceMap in canonical form;
/// nothing is known for other nodes. Not for the first two inputs of a Loop
/// (see KnownType).
BodyInput BodyInputOf(const InferenceContext& c, int i);

/// The number of iterations of a Scan with that many state variables.
Dim ScanLength(const InferenceContext& c, int states);

}  // namespace onnxopt::shape

#endif  // ONNXOPT_PASSES_SHAPE_BODY_INPUTS_H_
