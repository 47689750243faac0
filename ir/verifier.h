// SPDX-License-Identifier: Apache-2.0
// The invariants of the IR.
#ifndef ONNXOPT_IR_VERIFIER_H_
#define ONNXOPT_IR_VERIFIER_H_

#include "absl/status/status.h"
#include "ir/model.h"

namespace onnxopt {

/// Checks, over the main graph, functions and nested graphs:
///
///  V1  Every input of a node is in the use list of its value exactly once per
///      slot, use lists hold nothing else, and counts are right.
///  V2  A value is defined before it is used: it is an input or constant of
///      the node's graph or of an enclosing one, or the output of an earlier
///      node there. Nothing crosses the border of a function or of the main
///      graph.
///  V3  Back pointers are right: outputs name their producer and index, nodes
///      and values their graph, graphs their parent and model, inputs their
///      position.
///  V4  Every value has a name, and no two values of one graph have the same.
///      (A nested graph may reuse a name of an enclosing one; see
///      ExportNames.)
///  V5  Constants have a tensor whose bytes fit its type and shape; inputs with
///      a default belong to the main graph; node outputs have no tensor.
///  V6  A graph has as many output declarations as outputs, each with a name,
///      no two of one graph with the same; none of the outputs is absent.
///  V7  Attributes have a name, unique in their node, and a value of their
///      kind; references occur only in functions and name an attribute of it.
///  V8  A node with a schema has as many inputs and outputs as it allows, its
///      required operands and attributes, no attribute unknown to the schema
///      and none of another kind. (Not for function calls and opaque
///      operators.)
///  V9  A function call gives at most the inputs and outputs the function has;
///      functions do not call themselves, directly or not, and no chain of
///      calls between them is longer than 500.
///  V10 No operator at the canonical state is newer than the canonical opset,
///      and operators with a schema are imported by the graph's opset imports.
///
/// Not checked: that types satisfy the type constraints of the schemas, and
/// that declared shapes agree with inference.
///
/// V8 and V10 are what a file can get wrong without the IR being broken; they
/// are reported by CheckSchemas, the others by Verify. Verify fails only for a
/// bug of ours once a reader has accepted a model. Errors cite the label:
/// "V2: node 'a' (Relu) uses 'x' before it is defined".
absl::Status Verify(const Model& model);

/// All violations of V8 and V10, one message each, at most `limit`.
std::vector<std::string> CheckSchemas(const Model& model, size_t limit = 20);

}  // namespace onnxopt

#endif  // ONNXOPT_IR_VERIFIER_H_
