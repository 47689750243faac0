// SPDX-License-Identifier: Apache-2.0
// Inference over whole graphs and models, bodies and functions included.
#ifndef ONNXOPT_PASSES_SHAPE_GRAPH_INFERENCE_H_
#define ONNXOPT_PASSES_SHAPE_GRAPH_INFERENCE_H_

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "ir/model.h"

namespace onnxopt {

struct InferenceReport {
  /// Values about which the file declares what cannot be: they have the
  /// inferred type.
  std::vector<const Value*> contradicted;
  /// Nodes that are not valid for what they are given.
  std::vector<std::pair<const Node*, absl::Status>> invalid;
};

/// Infers the types of all values of `model`, and replaces those inferred
/// before where they say less:
///
/// - An input of a body of Loop, Scan or SequenceMap is of the type that holds
///   in all iterations. What the file declares about it moves to
///   Value::declared_type(), which is what is written.
/// - An input of a function is of the type that all calls have in common; a
///   function that is never called is not looked at.
///
/// Inputs of the main graph keep the type of the file. Changes nothing, not
/// even the epoch, when there is nothing new.
InferenceReport InferModel(Model& model);

/// The same for `graph` and its nested graphs alone. Types of functions stay.
InferenceReport InferGraph(Graph& graph);

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_SHAPE_GRAPH_INFERENCE_H_
