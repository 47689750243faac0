// SPDX-License-Identifier: Apache-2.0
// How values are spelt when a model leaves the IR.
#ifndef ONNXOPT_IR_EXPORT_NAMES_H_
#define ONNXOPT_IR_EXPORT_NAMES_H_

#include <span>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "ir/model.h"

namespace onnxopt {

/// In the IR a graph returns values, whatever their names; a file needs a
/// value of the promised name, and names that resolve to the right value from
/// within nested graphs. The writer and the text printer ask this view; the
/// model itself is not changed, so asking twice gives the same answer.
///
///  - A returned value takes the promised name if nothing forbids it;
///    otherwise the file gets an `Identity` node that makes the name. (A nested
///    graph that returns a value of an enclosing one under its own name is
///    left as it is: it was read that way.)
///  - A value whose name would be captured by another value of that name in a
///    graph between its definition and a use, or clashes with a promised name,
///    is written under a new unique name.
///
/// A model that was read and not changed is spelt as it was.
class ExportNames {
 public:
  /// An Identity node to write at the end of a graph.
  struct Forward {
    const Value* value;       // its input
    int index;                // of the graph output it makes
    std::string_view output;  // the name it makes
    std::string_view node_name;
  };

  /// `model` must not change while the view is used, except for its interner.
  explicit ExportNames(Model& model);

  std::string_view Of(const Value& value) const {
    if (renamed_.empty()) return value.name();
    const auto it = renamed_.find(&value);
    return it == renamed_.end() ? value.name() : it->second;
  }
  /// The name under which `graph` returns its output `index`.
  std::string_view OfOutput(const Graph& graph, int index) const;
  std::span<const Forward> ForwardsOf(const Graph& graph) const;

 private:
  // Null: made by a Forward.
  using NameMap = absl::flat_hash_map<std::string_view, const Value*>;

  void SettleOutputs(const Graph& graph);
  void SettleClashes(const Graph& graph);
  void SettleCaptures(const Graph& graph);
  void SettleCapture(const Value& value, const Graph& user);
  const NameMap& NamesIn(const Graph& graph);
  void Rename(const Value& value);
  void RenameForward(const Graph& graph, std::string_view output);
  std::string_view NewName(std::string_view base);

  Model& model_;
  absl::flat_hash_map<const Value*, std::string_view> renamed_;
  absl::flat_hash_map<const Graph*, std::vector<Forward>> forwards_;
  // While settling: written names of nested graphs, and names made up.
  absl::flat_hash_map<const Graph*, NameMap> names_;
  absl::flat_hash_set<std::string_view> made_up_;
};

/// Whether the writer can give `value`, returned by `graph`, the promised name
/// `output` without an Identity node: it is made by a node of `graph`, or is a
/// dense constant of it, is not pinned, and does not already have another name
/// to keep (of an output returned earlier).
bool CanTakeOutputName(const Value& value, const Graph& graph, int output);

}  // namespace onnxopt

#endif  // ONNXOPT_IR_EXPORT_NAMES_H_
