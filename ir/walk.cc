// SPDX-License-Identifier: Apache-2.0
#include "ir/walk.h"

namespace onnxopt {

void ForEachGraph(Graph& graph, absl::FunctionRef<void(Graph&)> visit) {
  visit(graph);
  for (Node& node : graph.nodes()) {
    if (!node.has_graphs()) continue;
    for (Graph* nested : node.graphs()) ForEachGraph(*nested, visit);
  }
}

void ForEachGraph(const Model& model, absl::FunctionRef<void(Graph&)> visit) {
  ForEachGraph(*model.graph(), visit);
  for (Function* function : model.functions()) {
    ForEachGraph(*function->body(), visit);
  }
}

void ForEachValue(const Graph& graph,
                  absl::FunctionRef<void(const Value&)> visit) {
  for (const Value* input : graph.inputs()) visit(*input);
  for (const Value& constant : graph.constants()) {
    const bool listed = constant.IsInput() || constant.listed_as_input();
    if (!listed) visit(constant);
  }
  for (const Node& node : graph.nodes()) {
    for (const Value* output : node.outputs()) {
      if (output != nullptr) visit(*output);
    }
  }
}

bool IsNestedIn(const Graph& inner, const Graph& outer) {
  for (const Graph* graph = &inner; graph; graph = graph->enclosing()) {
    if (graph == &outer) return true;
  }
  return false;
}

Node* AncestorIn(const Graph& graph, Node* node) {
  while (node != nullptr && node->graph() != &graph) {
    node = node->graph()->parent();
  }
  return node;
}

}  // namespace onnxopt
