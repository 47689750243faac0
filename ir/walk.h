// SPDX-License-Identifier: Apache-2.0
// Walking over everything in a model.
#ifndef ONNXOPT_IR_WALK_H_
#define ONNXOPT_IR_WALK_H_

#include "absl/functional/function_ref.h"
#include "ir/graph.h"
#include "ir/model.h"

namespace onnxopt {

/// `graph`, then the graphs nested in its nodes, in order, outermost first.
void ForEachGraph(Graph& graph, absl::FunctionRef<void(Graph&)> visit);
/// Over the main graph and all function bodies.
void ForEachGraph(const Model& model, absl::FunctionRef<void(Graph&)> visit);

/// The values that `graph` itself defines: inputs, constants and outputs of
/// nodes, without nested graphs. Each once.
void ForEachValue(const Graph& graph,
                  absl::FunctionRef<void(const Value&)> visit);

/// Whether `inner` is `outer` or nested in it.
bool IsNestedIn(const Graph& inner, const Graph& outer);

/// The node of `graph` that is `node` or holds the graph that `node` is
/// nested in; null if `node` is not inside `graph`.
Node* AncestorIn(const Graph& graph, Node* node);

}  // namespace onnxopt

#endif  // ONNXOPT_IR_WALK_H_
