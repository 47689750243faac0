// SPDX-License-Identifier: Apache-2.0
// The whole-graph passes. But for FoldConstants all are exact, need no shapes,
// run on the main graph, functions and nested graphs at any operator version.
// All take linear time.
#ifndef ONNXOPT_PASSES_PASSES_H_
#define ONNXOPT_PASSES_PASSES_H_

#include "absl/status/status.h"
#include "ir/model.h"
#include "passes/pass.h"

namespace onnxopt {

/// Moves constants of nested graphs to the main graph, and makes initializers
/// of its Constant nodes, so that equal ones can be merged.
/// Ensures: no movable constant is left in a body or in node form.
/// Never: in files of an IR version below 4 (initializers would be inputs);
/// constants a graph returns as they are; pinned ones; sparse Constant nodes
/// (few runtimes take sparse initializers); bodies of unknown operators, which
/// may not see outer values; inside functions, which have no initializers.
absl::Status HoistConstants(Model& model, PassContext& context);

/// Removes nodes whose output 0 is their input 0: Identity, Dropout at
/// inference, Concat, Sum, Mean, Max and Min of one input.
/// Ensures: what remains of them makes a name that a graph promises and that
/// the input cannot take, or a pinned value, or a Dropout mask that is used.
/// Never: changes names or types of the interface.
absl::Status EliminateIdentity(Model& model, PassContext& context);

/// Merges constants of one graph that are equal bit for bit into one.
/// Never: pinned constants; inputs with a default; constants listed among the
/// inputs; large computed tensors, which would have to be evaluated.
absl::Status DedupConstants(Model& model, PassContext& context);

/// Replaces a node by an equal one that is always evaluated before it: an
/// earlier one of its graph or of an enclosing graph.
/// Equal: same operator and version or same function, same inputs, same
/// attributes bit for bit, same number of outputs.
/// Never: operators that are not known to be pure; nodes with nested graphs;
/// pinned outputs; when a graph would return one value under two names.
absl::Status EliminateCommonSubexpressions(Model& model, PassContext& context);

/// Removes from Loop and Scan what is passed around for nothing: carried
/// values that nobody reads but the next iteration's copy, scan inputs the body
/// does not read, accumulated outputs that are not used.
/// Never: the last scan input, which gives the number of iterations; Scan-8,
/// whose layout is its own.
absl::Status EliminateUnusedBodyInputs(Model& model, PassContext& context);

/// Removes nodes and constants without uses, functions without calls, and
/// value_info entries that describe nothing.
/// Ensures: every node contributes to an output, is pinned, or has an effect.
/// Never: graph inputs, those with a default included; pinned values; any
/// function of a model with training_info, which may call it.
///
/// No ONNX operator has side effects, so an unused node of any operator goes,
/// random and unknown ones too. The exception are nodes without outputs: what
/// they do can only be an effect. So they stay, and with them whatever holds
/// or calls them.
absl::Status EliminateDead(Model& model, PassContext& context);

/// Refines types, then evaluates nodes whose inputs are constants, and Shape
/// and Size of values of static shape, in the main graph and nested graphs.
/// Requires: the canonical state. Ensures: no pure node with a kernel, constant
/// inputs and a result within the budget remains.
/// Never: random, unknown or function nodes; results that would make the file
/// grow by more than the limit; pinned outputs.
absl::Status FoldConstants(Model& model, PassContext& context);

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_PASSES_H_
