// SPDX-License-Identifier: Apache-2.0
// Graphs: the owner of nodes and values, and the only place that changes them.
#ifndef ONNXOPT_IR_GRAPH_H_
#define ONNXOPT_IR_GRAPH_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "ir/node.h"
#include "ir/value.h"

namespace onnxopt {

class Function;
class Model;

/// The interface of one graph output: the name and type promised to the
/// outside. The value that is returned may have another name.
struct OutputInfo {
  std::string_view name;
  TypeRef type;
  Annotations annotations;
};

/// A value_info entry, in the order of the file. `value` is null when the
/// entry names no value of the graph; `message` is then its ValueInfoProto.
/// Both are empty for an entry whose value has been removed.
struct ValueInfoEntry {
  Value* value = nullptr;
  std::string_view message;
};

/// The main graph, the body of a function, or a graph held by an attribute.
///
/// Nodes are topologically sorted. Values of an enclosing graph may be used if
/// they are defined before the node that holds this graph. Outputs are the
/// inputs of a terminator, hence ordinary uses. Every change increments
/// Model::epoch().
class Graph {
 public:
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  Model& model() const { return *model_; }
  /// The node whose attribute holds this graph; null for the main graph and
  /// for function bodies.
  Node* parent() const { return parent_; }
  /// parent()->graph(), or null.
  Graph* enclosing() const { return parent_ ? parent_->graph() : nullptr; }
  /// The function whose body this graph is or is nested in; else null.
  Function* function() const { return function_; }
  std::string_view name() const { return name_; }
  uint64_t epoch() const;

  IntrusiveList<Node>& nodes() { return nodes_; }
  const IntrusiveList<Node>& nodes() const { return nodes_; }
  /// In interface order. Constants that the file lists among the inputs (see
  /// Value::listed_as_input) are here too: ask IsInput().
  std::span<Value* const> inputs() const { return inputs_; }
  /// The returned values.
  std::span<Value* const> outputs() const { return terminator_->inputs(); }
  std::span<const OutputInfo> output_infos() const { return output_infos_; }
  Node* terminator() const { return terminator_; }
  /// Constants, and inputs that have a default. Those in initializer form are
  /// in file order; those in node form are ordered by their file_index.
  IntrusiveList<Value>& constants() { return constants_; }
  const IntrusiveList<Value>& constants() const { return constants_; }
  std::span<const ValueInfoEntry> value_infos() const { return value_infos_; }
  /// QuantizationAnnotation messages (TensorAnnotation), as read.
  std::span<const std::string_view> quantization_annotations() const {
    return quantization_annotations_;
  }
  const Annotations& annotations() const;

  // --- Making things. Names are interned; an empty name asks for a new
  // unique one. Nothing here checks that names are unique (see verifier.h).

  Value* AddInput(std::string_view name, TypeRef type);
  /// A constant of this graph in initializer form.
  Value* AddConstant(std::string_view name, TensorRef tensor);
  /// Appends a node, or inserts it before `before`. An empty string in
  /// `output_names` makes an absent output. Set the callee of a function call
  /// with SetFunction.
  Node* AddNode(const OpDef* op, std::span<Value* const> inputs,
                std::span<const std::string_view> output_names,
                std::string_view name = {}, Node* before = nullptr);
  void AddOutput(Value* value, OutputInfo info);
  /// A graph to be held by an attribute of `parent`.
  Graph* NewGraph(Node* parent, std::string_view name);

  // --- Changing edges.

  void SetInput(Node* node, int index, Value* value);
  void AppendInput(Node* node, Value* value);
  void RemoveInput(Node* node, int index);
  void SetOutput(int index, Value* value) {
    SetInput(terminator_, index, value);
  }
  /// Redirects every use of `from`, in nested graphs and outputs too.
  void ReplaceAllUses(Value* from, Value* to);
  void MoveBefore(Node* node, Node* before);
  /// Moves what `body`, a graph held by `holder` without inputs, consists of
  /// into this graph, before `holder`, under new names where they clash, and
  /// returns the values it returned. `body` is empty then.
  std::vector<Value*> InlineBody(Node* holder, Graph* body);
  /// The attributes of `from` become those of `to`, which has none and stands
  /// where what their graphs capture is visible; `from` then has none.
  void MoveAttributes(Node* from, Node* to);

  // --- Removing things. What is removed must have no uses.

  /// Also destroys the outputs and the nested graphs of `node`.
  void EraseNode(Node* node);
  /// Output `index` of `node` disappears, later ones move down.
  void RemoveNodeOutput(Node* node, int index);
  /// Output `index` of `node` becomes absent.
  void ClearNodeOutput(Node* node, int index);
  void RemoveGraphInput(Value* input);
  void RemoveGraphOutput(int index);
  void RemoveConstant(Value* constant);

  // --- Properties.

  void SetAttribute(Node* node, Attribute attribute);
  void RemoveAttribute(Node* node, std::string_view name);
  void SetFunction(Node* node, Function* function);
  void SetOperator(Node* node, const OpDef* op);
  /// Replaces all attributes, none of which may hold graphs that the node does
  /// not hold already.
  void SetAttributes(Node* node, std::vector<Attribute> attributes);
  /// Null drops it. So do changes of attributes and of the number of inputs.
  void SetSourceForm(Node* node, std::unique_ptr<const SourceForm> form);
  void SetType(Value* value, TypeRef type);
  void Rename(Value* value, std::string_view name);
  /// Makes an input with a default a constant: callers may no longer
  /// override it. It stays listed among the inputs if `keep_listed`.
  void FreezeInput(Value* input, bool keep_listed);
  /// Moves a constant to an enclosing graph, in initializer form there, and
  /// with a new name if `name` is not empty.
  void MoveConstantTo(Value* constant, Graph* target, std::string_view name);
  /// Lists a constant among the inputs, after those there are.
  void ListAsInput(Value* constant);
  /// A constant in node form becomes an initializer.
  void MakeInitializer(Value* constant);
  void ClearDanglingValueInfos();

 private:
  friend class Model;
  friend class GraphEditor;
  Graph(Model* model, Node* parent, Function* function);
  ~Graph();

  void DropUses();

  void Link(Use* use, Value* value);
  void Unlink(Use* use);
  void ReserveInputs(Node* node, uint32_t capacity);
  void DestroyNode(Node* node);
  Value* NewValue(Value::Kind kind, std::string_view name, TypeRef type);
  void DestroyValue(Value* value);
  void Unlist(Value* value);
  void Adopt(Value* value);
  void Changed();

  Model* model_;
  Node* parent_;
  Function* function_;
  std::string_view name_;
  IntrusiveList<Node> nodes_;
  std::vector<Value*> inputs_;
  IntrusiveList<Value> constants_;
  std::vector<OutputInfo> output_infos_;
  std::vector<ValueInfoEntry> value_infos_;
  std::vector<std::string_view> quantization_annotations_;
  std::unique_ptr<Annotations> annotations_;
  Node* terminator_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_IR_GRAPH_H_
