// SPDX-License-Identifier: Apache-2.0
// Running whole models.
#ifndef ONNXOPT_EVAL_INTERPRETER_H_
#define ONNXOPT_EVAL_INTERPRETER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "eval/datum.h"
#include "ir/model.h"

namespace onnxopt {

struct RunOptions {
  /// Nodes evaluated and iterations begun, in all; ends endless loops.
  int64_t max_steps = 100'000'000;
  /// Bytes that all live values may have together.
  int64_t max_bytes = int64_t{8} << 30;
  /// Told every value that a node computes, in nested graphs and functions too
  /// and there each time; an error ends the run.
  std::function<absl::Status(const Value&, const Datum&)> on_value;
};

/// What callers of the model can pass: its graph inputs without constants.
std::vector<Value*> RunInputs(const Model& model);

/// In the order of RunInputs; an input that is not named is absent. An error
/// for a name that is no input.
absl::StatusOr<std::vector<Datum>> InputsByName(
    const Model& model, const std::map<std::string, Datum>& inputs);

/// Runs the main graph of a model whose operators are canonical; returns one
/// datum per graph output. `inputs` are in the order of RunInputs; an absent
/// one takes its default. Errors name the node: kUnimplemented for an operator
/// that cannot be evaluated, kResourceExhausted at a limit of the options.
absl::StatusOr<std::vector<Datum>> RunGraph(const Model& model,
                                            std::span<const Datum> inputs,
                                            const RunOptions& options = {});

/// Values that are not constants, and what they hold.
using KnownData = absl::flat_hash_map<const Value*, Datum>;

/// Evaluates one node, with its bodies. What it reads, and what its bodies take
/// from outside of it, are constants or in `known`; attributes do not refer to
/// those of a function. One datum per output. Errors as those of RunGraph.
absl::StatusOr<std::vector<Datum>> EvaluateNode(const Node& node,
                                                const KnownData& known,
                                                const RunOptions& options = {});

/// The operators of the main graph and the functions it calls that cannot be
/// evaluated, sorted, with how often each occurs: "com.acme.Gelu (3)".
std::vector<std::string> Unsupported(const Model& model);

}  // namespace onnxopt

#endif  // ONNXOPT_EVAL_INTERPRETER_H_
