// SPDX-License-Identifier: Apache-2.0
#include "eval/ml_forest.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "eval/ml_common.h"

namespace onnxopt::eval {
namespace {

// Names of version 3, in the order of NodeMode; it has no kMember.
constexpr std::array<std::string_view, 8> kModeNames = {
    "BRANCH_LEQ", "BRANCH_LT",  "BRANCH_GTE", "BRANCH_GT",
    "BRANCH_EQ",  "BRANCH_NEQ", "",           "LEAF"};

absl::Status DifferInLength() {
  return Invalid("the attributes of nodes or of votes differ in length");
}

// Whether `list`, which may be left out, is for `size` nodes.
bool Fits(std::span<const int64_t> list, size_t size) {
  return list.empty() || list.size() == size;
}

// Fails if a node is its own descendant.
template <typename T>
absl::Status CheckAcyclic(const Forest<T>& forest) {
  enum State : uint8_t { kNew, kOpen, kDone };
  std::vector<State> states(forest.nodes.size(), kNew);
  std::vector<int64_t> path;
  for (const int64_t root : forest.roots) {
    path.push_back(root);
    while (!path.empty()) {
      const int64_t at = path.back();
      const TreeNode<T>& node = forest.nodes[at];
      if (states[at] != kNew || node.mode == NodeMode::kLeaf) {
        states[at] = kDone;
        path.pop_back();
        continue;
      }
      states[at] = kOpen;
      for (const int64_t next : {node.on_true, node.on_false}) {
        if (states[next] == kOpen) return Invalid("a tree has a cycle");
        if (states[next] == kNew) path.push_back(next);
      }
    }
  }
  return absl::OkStatus();
}

// `owners[k]` is the node that votes[k] belongs to.
template <typename T>
void GiveVotes(const std::vector<int64_t>& owners, std::vector<Vote<T>> votes,
               Forest<T>& forest) {
  std::vector<size_t> order(votes.size());
  for (size_t k = 0; k < order.size(); ++k) order[k] = k;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return owners[a] < owners[b]; });
  for (const size_t k : order) {
    TreeNode<T>& node = forest.nodes[owners[k]];
    const auto place = static_cast<int64_t>(forest.votes.size());
    if (node.end_vote == 0) node.first_vote = place;
    node.end_vote = place + 1;
    forest.votes.push_back(votes[k]);
  }
}

absl::Status CheckTarget(int64_t target, int64_t num_targets) {
  if (target >= 0 && target < num_targets) return absl::OkStatus();
  return Invalid(
      absl::StrCat("there is no target ", target, " among ", num_targets));
}

template <typename T>
absl::Status CheckFeature(const TreeNode<T>& node, int64_t num_features) {
  if (node.mode == NodeMode::kLeaf ||
      (node.feature >= 0 && node.feature < num_features)) {
    return absl::OkStatus();
  }
  return Invalid(absl::StrCat("there is no feature ", node.feature, " among ",
                              num_features));
}

// The elements of a tensor attribute as T, none if it is absent.
template <typename T>
absl::StatusOr<std::vector<T>> TensorNumbers(const AttributeView& attributes,
                                             std::string_view name) {
  const TensorRef tensor = attributes.Tensor(name);
  if (tensor == nullptr) return std::vector<T>();
  ASSIGN_OR_RETURN(const std::vector<double> numbers, FloatsOf(*tensor));
  return std::vector<T>(numbers.begin(), numbers.end());
}

// Places of nodes by tree and node id.
class NodeIds {
 public:
  absl::Status Add(int64_t tree, int64_t node, int64_t place) {
    if (places_.emplace(std::pair(tree, node), place).second) {
      return absl::OkStatus();
    }
    return Invalid(
        absl::StrCat("node ", node, " of tree ", tree, " is there twice"));
  }
  absl::StatusOr<int64_t> Find(int64_t tree, int64_t node) const {
    const auto it = places_.find(std::pair(tree, node));
    if (it != places_.end()) return it->second;
    return Invalid(absl::StrCat("tree ", tree, " has no node ", node));
  }

 private:
  absl::flat_hash_map<std::pair<int64_t, int64_t>, int64_t> places_;
};

// Trees begin with their roots.
absl::StatusOr<std::vector<int64_t>> RootsOf(std::span<const int64_t> trees) {
  std::vector<int64_t> roots;
  std::vector<int64_t> seen;
  for (size_t i = 0; i < trees.size(); ++i) {
    if (i > 0 && trees[i] == trees[i - 1]) continue;
    roots.push_back(static_cast<int64_t>(i));
    seen.push_back(trees[i]);
  }
  std::sort(seen.begin(), seen.end());
  if (std::adjacent_find(seen.begin(), seen.end()) != seen.end()) {
    return Disputed("a tree whose nodes are not next to each other");
  }
  return roots;
}

template <typename T>
absl::Status AddVotesOfVersion3(const AttributeView& attributes,
                                const std::string& prefix, int64_t num_targets,
                                const NodeIds& ids, Forest<T>& forest) {
  const auto targets = IntList(attributes, prefix + "_ids");
  const auto nodes = IntList(attributes, prefix + "_nodeids");
  const auto trees = IntList(attributes, prefix + "_treeids");
  ASSIGN_OR_RETURN(const std::vector<T> weights,
                   NumbersOf<T>(attributes, prefix + "_weights"));
  const size_t size = targets.size();
  if (nodes.size() != size || trees.size() != size || weights.size() != size) {
    return DifferInLength();
  }
  std::vector<int64_t> owners;
  std::vector<Vote<T>> votes;
  for (size_t k = 0; k < size; ++k) {
    RETURN_IF_ERROR(CheckTarget(targets[k], num_targets));
    ASSIGN_OR_RETURN(owners.emplace_back(), ids.Find(trees[k], nodes[k]));
    votes.push_back({targets[k], weights[k]});
  }
  GiveVotes(owners, std::move(votes), forest);
  return absl::OkStatus();
}

// The members that each node of that mode asks for, which end with NaN.
template <typename T>
absl::Status AddSets(const AttributeView& attributes, Forest<T>& forest) {
  ASSIGN_OR_RETURN(const std::vector<T> members,
                   TensorNumbers<T>(attributes, "membership_values"));
  auto next = members.begin();
  for (TreeNode<T>& node : forest.nodes) {
    if (node.mode != NodeMode::kMember) continue;
    if (next == members.end()) {
      return Invalid("there are fewer sets of members than nodes");
    }
    const auto end = std::find_if(next, members.end(),
                                  [](T value) { return std::isnan(value); });
    node.set = static_cast<int64_t>(forest.sets.size());
    forest.sets.emplace_back(next, end);
    next = end == members.end() ? end : end + 1;
  }
  if (next != members.end()) {
    return Invalid("there are more sets of members than nodes");
  }
  return absl::OkStatus();
}

}  // namespace

template <typename T>
absl::StatusOr<std::vector<T>> NumbersOf(const AttributeView& attributes,
                                         const std::string& name) {
  const auto floats = FloatList(attributes, name);
  ASSIGN_OR_RETURN(std::vector<T> numbers,
                   TensorNumbers<T>(attributes, name + "_as_tensor"));
  if (!floats.empty() && !numbers.empty()) {
    return Invalid(absl::StrCat(name, " is given twice"));
  }
  if (numbers.empty()) numbers.assign(floats.begin(), floats.end());
  return numbers;
}

template <typename T>
absl::StatusOr<Forest<T>> ForestOfVersion3(const AttributeView& attributes,
                                           const std::string& votes,
                                           int64_t num_targets,
                                           int64_t num_features) {
  const auto trees = IntList(attributes, "nodes_treeids");
  const auto node_ids = IntList(attributes, "nodes_nodeids");
  const auto features = IntList(attributes, "nodes_featureids");
  const auto on_true = IntList(attributes, "nodes_truenodeids");
  const auto on_false = IntList(attributes, "nodes_falsenodeids");
  const auto missing = IntList(attributes, "nodes_missing_value_tracks_true");
  const auto* modes = attributes.Strings("nodes_modes");
  ASSIGN_OR_RETURN(const std::vector<T> splits,
                   NumbersOf<T>(attributes, "nodes_values"));
  const size_t size = trees.size();
  if (modes == nullptr || size == 0) return Invalid("there are no nodes");
  if (node_ids.size() != size || features.size() != size ||
      on_true.size() != size || on_false.size() != size ||
      modes->size() != size || splits.size() != size || !Fits(missing, size)) {
    return DifferInLength();
  }
  NodeIds ids;
  for (size_t i = 0; i < size; ++i) {
    RETURN_IF_ERROR(ids.Add(trees[i], node_ids[i], static_cast<int64_t>(i)));
  }
  Forest<T> forest;
  for (size_t i = 0; i < size; ++i) {
    TreeNode<T>& node = forest.nodes.emplace_back();
    const std::string_view name = (*modes)[i];
    const auto* const mode =
        std::find(kModeNames.begin(), kModeNames.end(), name);
    if (name.empty() || mode == kModeNames.end()) {
      return Invalid(absl::StrCat("unknown mode '", std::string(name), "'"));
    }
    node.mode = static_cast<NodeMode>(mode - kModeNames.begin());
    if (node.mode == NodeMode::kLeaf) continue;
    node.missing_is_true = !missing.empty() && missing[i] != 0;
    node.feature = features[i];
    node.split = splits[i];
    ASSIGN_OR_RETURN(node.on_true, ids.Find(trees[i], on_true[i]));
    ASSIGN_OR_RETURN(node.on_false, ids.Find(trees[i], on_false[i]));
    RETURN_IF_ERROR(CheckFeature(node, num_features));
  }
  ASSIGN_OR_RETURN(forest.roots, RootsOf(trees));
  RETURN_IF_ERROR(
      AddVotesOfVersion3(attributes, votes, num_targets, ids, forest));
  RETURN_IF_ERROR(CheckAcyclic(forest));
  return forest;
}

template <typename T>
absl::StatusOr<Forest<T>> ForestOfVersion5(const AttributeView& attributes,
                                           int64_t num_targets,
                                           int64_t num_features) {
  const auto features = IntList(attributes, "nodes_featureids");
  const auto on_true = IntList(attributes, "nodes_truenodeids");
  const auto on_false = IntList(attributes, "nodes_falsenodeids");
  const auto true_leaf = IntList(attributes, "nodes_trueleafs");
  const auto false_leaf = IntList(attributes, "nodes_falseleafs");
  const auto missing = IntList(attributes, "nodes_missing_value_tracks_true");
  const auto targets = IntList(attributes, "leaf_targetids");
  const auto roots = IntList(attributes, "tree_roots");
  ASSIGN_OR_RETURN(const std::vector<T> splits,
                   TensorNumbers<T>(attributes, "nodes_splits"));
  ASSIGN_OR_RETURN(const std::vector<T> weights,
                   TensorNumbers<T>(attributes, "leaf_weights"));
  const TensorRef mode_tensor = attributes.Tensor("nodes_modes");
  if (mode_tensor == nullptr) return Invalid("there are no nodes_modes");
  ASSIGN_OR_RETURN(const std::vector<int64_t> modes, IntegersOf(*mode_tensor));
  const size_t size = modes.size();
  if (features.size() != size || on_true.size() != size ||
      on_false.size() != size || true_leaf.size() != size ||
      false_leaf.size() != size || splits.size() != size ||
      !Fits(missing, size) || targets.size() != weights.size()) {
    return DifferInLength();
  }
  if (roots.empty()) return Invalid("there are no trees");
  // The leaves come after the other nodes.
  const auto place = [&](int64_t id, bool is_leaf) -> absl::StatusOr<int64_t> {
    const size_t count = is_leaf ? targets.size() : size;
    if (id < 0 || id >= static_cast<int64_t>(count)) {
      return Invalid(
          absl::StrCat("there is no ", is_leaf ? "leaf " : "node ", id));
    }
    return is_leaf ? id + static_cast<int64_t>(size) : id;
  };
  Forest<T> forest;
  for (size_t i = 0; i < size; ++i) {
    TreeNode<T>& node = forest.nodes.emplace_back();
    if (modes[i] < 0 || modes[i] > static_cast<int64_t>(NodeMode::kMember)) {
      return Invalid(absl::StrCat("unknown mode ", modes[i]));
    }
    node.mode = static_cast<NodeMode>(modes[i]);
    node.missing_is_true = !missing.empty() && missing[i] != 0;
    node.feature = features[i];
    node.split = splits[i];
    ASSIGN_OR_RETURN(node.on_true, place(on_true[i], true_leaf[i] != 0));
    ASSIGN_OR_RETURN(node.on_false, place(on_false[i], false_leaf[i] != 0));
    RETURN_IF_ERROR(CheckFeature(node, num_features));
  }
  RETURN_IF_ERROR(AddSets(attributes, forest));
  forest.nodes.resize(size + targets.size());
  for (size_t k = 0; k < targets.size(); ++k) {
    RETURN_IF_ERROR(CheckTarget(targets[k], num_targets));
    forest.nodes[size + k].first_vote = static_cast<int64_t>(k);
    forest.nodes[size + k].end_vote = static_cast<int64_t>(k) + 1;
    forest.votes.push_back({targets[k], weights[k]});
  }
  for (const int64_t root : roots) {
    ASSIGN_OR_RETURN(forest.roots.emplace_back(), place(root, false));
    // ONNX Runtime takes the leaf of the root's number.
    const bool is_leaf = true_leaf[root] != 0 && false_leaf[root] != 0 &&
                         on_true[root] == on_false[root];
    if (is_leaf && on_true[root] != root) {
      return Disputed("a tree of one leaf with another number than its root");
    }
  }
  RETURN_IF_ERROR(CheckAcyclic(forest));
  return forest;
}

namespace {

template <typename T>
bool Compare(const Forest<T>& forest, const TreeNode<T>& node, T value) {
  switch (node.mode) {
    case NodeMode::kLeq:
      return value <= node.split;
    case NodeMode::kLt:
      return value < node.split;
    case NodeMode::kGte:
      return value >= node.split;
    case NodeMode::kGt:
      return value > node.split;
    case NodeMode::kEq:
      return value == node.split;
    case NodeMode::kNeq:
      return value != node.split;
    case NodeMode::kMember: {
      const std::vector<T>& set = forest.sets[node.set];
      return std::find(set.begin(), set.end(), value) != set.end();
    }
    case NodeMode::kLeaf:
      break;
  }
  return false;
}

}  // namespace

template <typename T>
absl::StatusOr<const TreeNode<T>*> Forest<T>::LeafOf(
    int64_t root, std::span<const T> x) const {
  const TreeNode<T>* node = &nodes[root];
  while (node->mode != NodeMode::kLeaf) {
    const T value = x[node->feature];
    if (std::isnan(value) && node->mode == NodeMode::kNeq &&
        !node->missing_is_true) {
      // The specification says false, but NaN is not equal to anything.
      return Disputed("a missing value at BRANCH_NEQ");
    }
    const bool is_true = Compare(*this, *node, value) ||
                         (node->missing_is_true && std::isnan(value));
    node = &nodes[is_true ? node->on_true : node->on_false];
  }
  return node;
}

template struct Forest<float>;
template struct Forest<double>;
template absl::StatusOr<Forest<float>> ForestOfVersion3(const AttributeView&,
                                                        const std::string&,
                                                        int64_t, int64_t);
template absl::StatusOr<Forest<double>> ForestOfVersion3(const AttributeView&,
                                                         const std::string&,
                                                         int64_t, int64_t);
template absl::StatusOr<Forest<float>> ForestOfVersion5(const AttributeView&,
                                                        int64_t, int64_t);
template absl::StatusOr<Forest<double>> ForestOfVersion5(const AttributeView&,
                                                         int64_t, int64_t);
template absl::StatusOr<std::vector<float>> NumbersOf(const AttributeView&,
                                                      const std::string&);
template absl::StatusOr<std::vector<double>> NumbersOf(const AttributeView&,
                                                       const std::string&);

}  // namespace onnxopt::eval
