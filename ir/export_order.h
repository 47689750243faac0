// SPDX-License-Identifier: Apache-2.0
// The order in which the nodes of a graph are written to a file.
#ifndef ONNXOPT_IR_EXPORT_ORDER_H_
#define ONNXOPT_IR_EXPORT_ORDER_H_

#include <variant>
#include <vector>

#include "ir/graph.h"

namespace onnxopt {

/// A node, or a constant that is written as a Constant node.
using ExportItem = std::variant<const Node*, const Value*>;

/// The nodes of `graph` in list order, and its constants in node form among
/// them: each before the first node whose file_index is larger than its own,
/// but never after its first user (a user in a nested graph counts as the node
/// that holds that graph). So a graph that was not changed has the order of
/// its file. In the body of a function, which has no initializers, constants
/// in initializer form come first. Linear time.
std::vector<ExportItem> ExportOrder(const Graph& graph);

/// Whether ExportOrder lists `constant`: a constant in node form, or one of a
/// function's body.
bool IsExportedAsNode(const Value& constant);

}  // namespace onnxopt

#endif  // ONNXOPT_IR_EXPORT_ORDER_H_
