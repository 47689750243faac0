// SPDX-License-Identifier: Apache-2.0
// Values: the edges of a graph.
#ifndef ONNXOPT_IR_VALUE_H_
#define ONNXOPT_IR_VALUE_H_

#include <cstdint>
#include <iterator>
#include <memory>
#include <string_view>

#include "ir/annotations.h"
#include "ir/op_def.h"
#include "ir/tensor.h"
#include "ir/type.h"
#include "support/intrusive_list.h"

namespace onnxopt {

class Graph;
class Node;
class Value;

/// One operand slot of a node (or of a graph's terminator) that reads a value.
class Use {
 public:
  Node* user() const { return user_; }
  /// Which input of user().
  int index() const { return index_; }
  Value* value() const { return value_; }

 private:
  friend class Graph;
  friend class Value;
  friend class UseIterator;
  friend class Node;
  Node* user_ = nullptr;
  Value* value_ = nullptr;
  Use* next_ = nullptr;
  Use* prev_ = nullptr;
  int index_ = 0;
};

class UseIterator {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = const Use;
  using difference_type = std::ptrdiff_t;
  using pointer = const Use*;
  using reference = const Use&;
  UseIterator() = default;
  explicit UseIterator(const Use* use) : use_(use) {}
  const Use& operator*() const { return *use_; }
  const Use* operator->() const { return use_; }
  UseIterator& operator++() {
    use_ = use_->next_;
    return *this;
  }
  UseIterator operator++(int) {
    UseIterator old = *this;
    ++*this;
    return old;
  }
  friend bool operator==(UseIterator a, UseIterator b) = default;

 private:
  const Use* use_ = nullptr;
};

/// Uses in the order in which they were made, nested graphs included. Do not
/// change edges while iterating.
class UseRange {
 public:
  explicit UseRange(const Use* first) : first_(first) {}
  UseIterator begin() const { return UseIterator(first_); }
  UseIterator end() const { return UseIterator(); }

 private:
  const Use* first_;
};

/// How a constant is written in the file.
enum class ConstantForm : uint8_t {
  kInitializer,  // GraphProto.initializer or sparse_initializer
  kNode,         // a Constant node
};

/// Of a constant that the file spells as a Constant node: everything that is
/// not its tensor, so that it can be written back as it was.
struct ConstantNode {
  std::string_view name;       // of the node
  const OpDef* op = nullptr;   // Constant at its version
  std::string_view attribute;  // "value", "sparse_value", "value_ints", ...
  Annotations annotations;     // of the node
  std::string_view message;    // AttributeProto as read; empty if ours
  uint32_t file_index = 0;     // position among the nodes of its graph
};

/// A value of a graph: one of its inputs, the output of one of its nodes, or a
/// constant. Owned by its graph, at a stable address.
class Value : public IntrusiveListNode<Value> {
 public:
  enum class Kind : uint8_t { kInput, kNodeOutput, kConstant };

  Kind kind() const { return kind_; }
  bool IsConstant() const { return kind_ == Kind::kConstant; }
  bool IsInput() const { return kind_ == Kind::kInput; }

  /// Null unless kNodeOutput.
  Node* producer() const { return producer_; }
  /// Which output of producer(), or which of graph()->inputs().
  int index() const { return index_; }
  Graph* graph() const { return graph_; }

  std::string_view name() const { return name_; }
  /// What is known to hold: of inputs as the file says, of node outputs as
  /// inferred. Null when nothing is known.
  const TypeRef& type() const { return type_; }
  /// What the file claims in value_info, or about an input of a body whose
  /// type was inferred since; else null. Nothing may be concluded from it but
  /// for outputs of unknown operators.
  const TypeRef& declared_type() const { return declared_type_; }
  /// What the file has to say about the value when the model is written: the
  /// declaration, if there is one that does not contradict what is known.
  const TypeRef& TypeToDeclare() const {
    return declared_type_ == nullptr || Contradict(type_, declared_type_)
               ? type_
               : declared_type_;
  }
  /// What is known, or claimed if nothing is: for people to read.
  const TypeRef& TypeToShow() const {
    return type_ == nullptr ? declared_type_ : type_;
  }

  /// For a constant its tensor. For an input its default, which a caller of
  /// the model may override and which is therefore not a constant. Else null.
  const TensorRef& tensor() const { return tensor_; }
  ConstantForm constant_form() const { return constant_form_; }
  /// Null unless constant_form() is kNode.
  const ConstantNode* constant_node() const { return constant_node_.get(); }
  /// A constant that the file also lists among the graph inputs, as IR version
  /// 3 demands of every initializer.
  bool listed_as_input() const { return listed_as_input_; }

  UseRange uses() const { return UseRange(first_use_); }
  int num_uses() const { return num_uses_; }
  bool HasUses() const { return num_uses_ > 0; }
  /// Whether graph() returns it.
  bool IsReturned() const { return num_returns_ > 0; }

  /// Named by training_info or quantization_annotation: part of the interface,
  /// never removed, merged, folded or renamed.
  bool pinned() const { return pinned_; }
  /// The graph declares the value in value_info: the writer repeats it.
  bool declared() const { return value_info_ >= 0; }
  /// Of the declaration (ValueInfoProto).
  const Annotations& annotations() const;

 private:
  friend class Graph;
  friend class GraphEditor;
  Value(Kind kind, Graph* graph) : kind_(kind), graph_(graph) {}

  Kind kind_;
  ConstantForm constant_form_ = ConstantForm::kInitializer;
  bool listed_as_input_ = false;
  bool pinned_ = false;
  int index_ = 0;
  int num_uses_ = 0;
  int num_returns_ = 0;  // uses by the terminator of graph_
  int value_info_ = -1;  // index in Graph::value_infos_
  Graph* graph_;
  Node* producer_ = nullptr;
  Use* first_use_ = nullptr;
  Use* last_use_ = nullptr;
  std::string_view name_;
  TypeRef type_;
  TypeRef declared_type_;
  TensorRef tensor_;
  std::unique_ptr<ConstantNode> constant_node_;
  std::unique_ptr<Annotations> annotations_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_IR_VALUE_H_
