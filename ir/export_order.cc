// SPDX-License-Identifier: Apache-2.0
#include "ir/export_order.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "ir/walk.h"

namespace onnxopt {
namespace {

/// Where the nodes of one graph stand.
class Positions {
 public:
  explicit Positions(const Graph& graph) : graph_(graph) {
    newest_.reserve(graph.nodes().size());
    uint32_t newest = 0;
    for (const Node& node : graph.nodes()) {
      index_[&node] = newest_.size();
      if (node.file_index() != Node::kNoFileIndex) {
        newest = std::max(newest, node.file_index());
      }
      newest_.push_back(newest);
    }
  }

  /// The index of the node that `constant` is written before.
  size_t Of(const Value& constant) const {
    const ConstantNode* form = constant.constant_node();
    if (form == nullptr) return 0;
    const size_t in_file =
        std::upper_bound(newest_.begin(), newest_.end(), form->file_index) -
        newest_.begin();
    return std::min(in_file, FirstUser(constant));
  }

 private:
  size_t FirstUser(const Value& constant) const {
    size_t first = newest_.size();
    for (const Use& use : constant.uses()) {
      // The terminator of the graph is not in the index.
      const auto it = index_.find(AncestorIn(graph_, use.user()));
      if (it != index_.end()) first = std::min(first, it->second);
    }
    return first;
  }

  const Graph& graph_;
  absl::flat_hash_map<const Node*, size_t> index_;
  // The largest file index up to each node: ascending, whatever was moved.
  std::vector<uint32_t> newest_;
};

}  // namespace

bool IsExportedAsNode(const Value& constant) {
  if (!constant.IsConstant()) return false;
  const Graph& graph = *constant.graph();
  const bool in_body = graph.function() != nullptr && graph.parent() == nullptr;
  return in_body || constant.constant_form() == ConstantForm::kNode;
}

std::vector<ExportItem> ExportOrder(const Graph& graph) {
  std::vector<const Value*> constants;
  for (const Value& value : graph.constants()) {
    if (IsExportedAsNode(value)) constants.push_back(&value);
  }
  std::vector<ExportItem> order;
  order.reserve(graph.nodes().size() + constants.size());
  if (constants.empty()) {
    for (const Node& node : graph.nodes()) order.emplace_back(&node);
    return order;
  }
  const Positions positions(graph);
  std::vector<std::pair<size_t, const Value*>> placed;
  placed.reserve(constants.size());
  for (const Value* value : constants) {
    placed.emplace_back(positions.Of(*value), value);
  }
  // Almost sorted already: only constants moved up to a user are not.
  std::stable_sort(
      placed.begin(), placed.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  size_t index = 0;
  auto next = placed.begin();
  for (const Node& node : graph.nodes()) {
    for (; next != placed.end() && next->first == index; ++next) {
      order.emplace_back(next->second);
    }
    order.emplace_back(&node);
    ++index;
  }
  for (; next != placed.end(); ++next) order.emplace_back(next->second);
  return order;
}

}  // namespace onnxopt
