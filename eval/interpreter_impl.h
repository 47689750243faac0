// SPDX-License-Identifier: Apache-2.0
// The interpreter's state, shared by interpreter.cc and control_flow.cc.
#ifndef ONNXOPT_EVAL_INTERPRETER_IMPL_H_
#define ONNXOPT_EVAL_INTERPRETER_IMPL_H_

#include <memory>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "eval/datum.h"
#include "eval/interpreter.h"
#include "ir/attribute_view.h"
#include "ir/graph.h"

namespace onnxopt::eval {

using Data = std::vector<Datum>;

/// One run of one graph. The frames of the callers are linked: a nested graph
/// finds the values of enclosing graphs there. No graph is running twice at
/// once, because functions do not call themselves.
struct Frame {
  const Frame* caller;
  const Graph* graph;
  /// The attributes of the function call being run.
  std::span<const Attribute> bindings;
  absl::flat_hash_map<const Value*, Datum> values;
};

class Interpreter {
 public:
  explicit Interpreter(const RunOptions& options) : options_(options) {}

  /// `inputs`: for each input that is not a constant; absent if there are
  /// fewer.
  absl::StatusOr<Data> Run(const Graph& graph, std::span<const Datum> inputs,
                           const Frame* caller,
                           std::span<const Attribute> bindings);
  /// A node of the graph that `frame` is about.
  absl::StatusOr<Data> RunNode(const Node& node, const Frame& frame);

 private:
  /// A node under evaluation; attribute references are resolved.
  struct Call {
    const Node& node;
    const Frame& frame;
    std::span<const Attribute> attributes;
    Data inputs;

    AttributeView view() const { return {node.op(), attributes}; }
    const Datum& input(size_t i) const;
  };
  using Runner = absl::StatusOr<Data> (Interpreter::*)(const Call&);
  /// For every value of a graph, when it is last used.
  using Plan = absl::flat_hash_map<const Node*, std::vector<const Value*>>;
  /// Outputs of a body that are joined over its iterations.
  class Gatherer;

  friend bool CanRun(const OpDef& op);
  static Runner FindRunner(const OpDef& op);
  static Plan MakePlan(const Graph& graph);

  absl::Status RunNodes(const Graph& graph, Frame& frame);
  absl::StatusOr<Data> RunOperator(const Call& call);
  absl::StatusOr<Data> RunFunction(const Call& call);
  absl::StatusOr<Data> RunBody(const Call& call, std::string_view attribute,
                               std::span<const Datum> inputs,
                               size_t num_outputs);

  absl::StatusOr<Data> RunConstant(const Call& call);
  absl::StatusOr<Data> RunIf(const Call& call);
  absl::StatusOr<Data> RunLoop(const Call& call);
  absl::StatusOr<Data> RunScan(const Call& call);
  absl::StatusOr<Data> RunSequenceMap(const Call& call);

  absl::StatusOr<Datum> Read(const Frame& frame, const Value& value) const;
  absl::Status Bind(Frame& frame, const Value& value, Datum datum);
  absl::Status Step();
  absl::Status Charge(int64_t bytes);

  const RunOptions& options_;
  absl::flat_hash_map<const Graph*, std::unique_ptr<const Plan>> plans_;
  int64_t steps_ = 0;
  int64_t live_bytes_ = 0;
  int depth_ = 0;
};

/// Whether the interpreter has code for an operator.
bool CanRun(const OpDef& op);

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_INTERPRETER_IMPL_H_
