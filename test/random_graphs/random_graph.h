// SPDX-License-Identifier: Apache-2.0
// Small random graphs that are valid, with values for their inputs.
//
// A graph is grown from its leaves: GraphBuilder::AddNode is given an operator
// and the operands that are settled already, a sampler (samplers.h) chooses the
// others and the attributes, and the node is evaluated at once. Only nodes that
// the evaluator accepts become part of the graph, so every value has a tensor,
// and the shapes of the run are known while choosing. What the model says about
// its inputs is drawn last and may be less: named dims, unknown dims or ranks.
//
// Everything follows from the Rng: equal seeds give equal graphs.
#ifndef ONNXOPT_TEST_RANDOM_GRAPHS_RANDOM_GRAPH_H_
#define ONNXOPT_TEST_RANDOM_GRAPHS_RANDOM_GRAPH_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ir/attribute.h"
#include "ir/model.h"
#include "ir/op_def.h"
#include "ir/tensor.h"
#include "ir/type.h"
#include "test/random_graphs/rng.h"
#include "test/random_graphs/values.h"

namespace onnxopt::random_graphs {

/// An index into RandomGraph::values.
using ValueId = int;
inline constexpr ValueId kAbsent = -1;

struct RandomValue {
  enum Kind { kInput, kConstant, kNodeOutput };
  Kind kind = kInput;
  /// Its value in the run for which the graph was made.
  TensorRef tensor;
  /// Of inputs: what the model says about them. Null: nothing.
  TypeRef declared;
  /// Of inputs and constants: how its elements were drawn. Nullopt: they are
  /// parameters such as axes and shapes.
  std::optional<Numbers> numbers;
  /// The node that makes it.
  int producer = -1;
};

struct RandomNode {
  const OpDef* op = nullptr;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  /// Names and strings are literals.
  std::vector<Attribute> attributes;
};

struct RandomGraph {
  std::vector<RandomValue> values;
  std::vector<RandomNode> nodes;
  std::vector<ValueId> outputs;
};

/// What most leaves of one graph have in common, so that they fit together.
struct Taste {
  ElementType element = ElementType::kFloat;
  TensorDims dims;
  /// For the elements of data.
  Numbers numbers = Numbers::kModerate;
  /// Most constants are so large or small that products of two are out of
  /// range. Only for kModerate.
  bool extreme = false;
};

/// What AddNode is told about an operand.
struct Slot {
  enum Kind {
    kSettled,   // `value`
    kConstant,  // to be chosen, and constant
    kOpen,      // to be chosen
    kFree,      // to be chosen or left out
    kAbsent,    // left out
    kSame,      // the same value as the slot before it with index `value`
  };
  Kind kind = kOpen;
  ValueId value = -1;
};

class NodeDraft;

class GraphBuilder {
 public:
  GraphBuilder(Rng& rng, Taste taste) : rng_(rng), taste_(std::move(taste)) {}

  /// Adds a node. `slots` are its first operands; those that follow are free
  /// if `open_ended`, else absent. At least `min_outputs` outputs. Null when no
  /// valid node was found in a few attempts; why_not() is then set. The pointer
  /// is valid until the next call.
  const RandomNode* AddNode(const OpDef& op, const std::vector<Slot>& slots,
                            bool open_ended, int min_outputs = 1);
  void AddOutput(ValueId value) { graph_.outputs.push_back(value); }
  /// Draws what the model says about its inputs. To be called once, last.
  RandomGraph Finish() &&;

  Rng& rng() { return rng_; }
  const Taste& taste() const { return taste_; }
  const RandomGraph& graph() const { return graph_; }
  const std::string& why_not() const { return why_not_; }

 private:
  friend class NodeDraft;

  bool TryNode(const OpDef& op, const std::vector<Slot>& slots, bool open_ended,
               int min_outputs);
  ValueId AddLeaf(RandomValue value);
  void Declare(RandomValue& input);

  Rng& rng_;
  const Taste taste_;
  RandomGraph graph_;
  std::string why_not_;
};

/// A model in canonical state, with inferred types. Fails when inference
/// refuses a node that the evaluator accepts.
absl::StatusOr<std::unique_ptr<Model>> ToModel(const RandomGraph& graph);

/// Tensors for the inputs, in order: those of the run the graph was made for.
std::vector<TensorRef> InputsOf(const RandomGraph& graph);
/// The same with other values for the dims that the model leaves open, and
/// other elements.
std::vector<TensorRef> OtherInputs(const RandomGraph& graph, Rng& rng);

}  // namespace onnxopt::random_graphs

#endif  // ONNXOPT_TEST_RANDOM_GRAPHS_RANDOM_GRAPH_H_
