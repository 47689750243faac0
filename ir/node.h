// SPDX-License-Identifier: Apache-2.0
// Nodes: operators applied to values.
#ifndef ONNXOPT_IR_NODE_H_
#define ONNXOPT_IR_NODE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "ir/attribute.h"
#include "ir/op_def.h"
#include "ir/op_id.h"
#include "ir/source_form.h"
#include "ir/value.h"
#include "support/intrusive_list.h"

namespace onnxopt {

class Function;

/// Owned by its graph, at a stable address. Only Graph changes edges and
/// attributes; everything else reads.
class Node : public IntrusiveListNode<Node> {
 public:
  /// Position in the file of a node that was not read from one.
  static constexpr uint32_t kNoFileIndex = UINT32_MAX;

  const OpDef& op() const { return *op_; }
  bool Is(OpId id) const { return op_->id() == id && id != kOpaqueOp; }
  bool Has(Trait trait) const {
    return function_ == nullptr && op_->Has(trait);
  }
  /// The model-local function this node calls, else null. Such a function
  /// wins over a standard operator of the same name.
  Function* function() const { return function_; }
  std::string_view overload() const { return overload_; }

  Graph* graph() const { return graph_; }
  std::string_view name() const { return name_; }
  /// The position the node had in its file; orders Constant nodes on writing.
  uint32_t file_index() const { return file_index_; }

  /// A missing optional input is null.
  std::span<Value* const> inputs() const { return {inputs_, num_inputs_}; }
  std::span<const Use> uses() const { return {uses_, num_inputs_}; }
  int num_inputs() const { return static_cast<int>(num_inputs_); }
  /// Null when absent, also past the end.
  Value* input(int i) const { return i < num_inputs() ? inputs_[i] : nullptr; }

  /// An output nobody named (an omitted optional output) is null.
  std::span<Value* const> outputs() const { return outputs_; }
  int num_outputs() const { return static_cast<int>(outputs_.size()); }
  Value* output(int i) const {
    return i < num_outputs() ? outputs_[i] : nullptr;
  }

  std::span<const Attribute> attributes() const { return attributes_; }
  /// As written on the node; null when absent.
  const Attribute* FindAttribute(std::string_view name) const;
  /// The value of an int attribute, the schema's default when it is absent, or
  /// `otherwise` when there is neither, or when it refers to an attribute of
  /// the enclosing function.
  int64_t IntAttribute(std::string_view name, int64_t otherwise = 0) const;

  /// Graphs held by attributes (bodies of If, Loop, Scan...), in order.
  std::vector<Graph*> graphs() const;
  bool has_graphs() const { return has_graphs_; }

  /// The pseudo-node at the end of a graph whose inputs are its outputs.
  bool IsTerminator() const { return is_terminator_; }

  const Annotations& annotations() const;

  /// Null unless `upgrade` changed the node and it is still as it left it.
  const SourceForm* source_form() const { return source_form_.get(); }

  /// "node 'conv1' (Conv)", or "node producing 'y' (Conv)" without a name.
  std::string Describe() const;

 private:
  friend class Graph;
  friend class GraphEditor;
  Node(const OpDef* op, Graph* graph) : op_(op), graph_(graph) {}

  const OpDef* op_;
  Graph* graph_;
  Function* function_ = nullptr;
  std::string_view name_;
  std::string_view overload_;
  Value** inputs_ = nullptr;
  Use* uses_ = nullptr;
  uint32_t num_inputs_ = 0;
  uint32_t input_capacity_ = 0;
  uint32_t file_index_ = kNoFileIndex;
  bool is_terminator_ = false;
  bool has_graphs_ = false;
  std::vector<Value*> outputs_;
  std::vector<Attribute> attributes_;
  std::unique_ptr<Annotations> annotations_;
  std::unique_ptr<const SourceForm> source_form_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_IR_NODE_H_
