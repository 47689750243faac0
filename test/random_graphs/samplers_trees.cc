// SPDX-License-Identifier: Apache-2.0
// Trees of ai.onnx.ml.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "test/random_graphs/samplers.h"

namespace onnxopt::random_graphs {
namespace {

using Ints = std::vector<int64_t>;

// Features in steps of a half, as the splits are: some are equal to them.
constexpr int64_t kHalves = 5;

double Half(Rng& rng) {
  return static_cast<double>(rng.Between(-kHalves, kHalves)) / 2;
}

void ChooseFeatures(NodeDraft& d, ElementType type, bool whole = false) {
  const int64_t width = d.rng().Between(1, 4);
  const TensorDims dims = d.rng().Percent(5)
                              ? TensorDims{width}
                              : TensorDims{d.rng().Between(1, 6), width};
  const bool missing = d.rng().Percent(40);
  std::vector<double> numbers(*NumElements(dims));
  for (double& number : numbers) {
    number = IsFloat(type) && missing && d.rng().Percent(15) ? NAN
             : whole ? std::floor(Half(d.rng()))
                     : Half(d.rng());
  }
  d.ChooseData(0, TensorOf(type, dims, numbers));
}

// A tree in pre-order.
struct TreeNode {
  bool is_leaf = true;
  int64_t mode = 0;  // as in TreeEnsemble: LEQ, LT, GTE, GT, EQ, NEQ, MEMBER
  int64_t feature = 0;
  double split = 0;
  int64_t missing_is_true = 0;
  size_t on_true = 0;
  size_t on_false = 0;
};
using Tree = std::vector<TreeNode>;

constexpr int64_t kMember = 6;

void Grow(Rng& rng, int64_t features, int64_t modes, int depth, Tree* tree) {
  const size_t at = tree->size();
  tree->emplace_back();
  if (depth == 0 || rng.Percent(20)) return;
  Grow(rng, features, modes, depth - 1, tree);
  TreeNode node;
  node.is_leaf = false;
  // Most trees have nothing but one mode, for which runtimes have fast ways.
  node.mode = rng.Percent(70) ? 0 : rng.Between(0, modes - 1);
  node.feature = rng.Between(0, features - 1);
  node.split = Half(rng);
  node.missing_is_true = rng.Percent(20) ? 1 : 0;
  node.on_true = at + 1;
  node.on_false = tree->size();
  (*tree)[at] = node;
  Grow(rng, features, modes, depth - 1, tree);
}

std::vector<Tree> DrawForest(NodeDraft& d, int64_t modes, bool may_be_leaf) {
  std::vector<Tree> forest(d.rng().Between(1, 3));
  for (Tree& tree : forest) {
    do {
      tree.clear();
      Grow(d.rng(), d.dims(0).back(), modes,
           static_cast<int>(d.rng().Between(may_be_leaf ? 0 : 1, 3)), &tree);
    } while (!may_be_leaf && tree.size() == 1);
  }
  return forest;
}

// Attributes for the votes of leaves.
struct VoteNames {
  std::string_view trees, nodes, targets, weights, weights_as_tensor;
};
constexpr VoteNames kTargetVotes = {"target_treeids", "target_nodeids",
                                    "target_ids", "target_weights",
                                    "target_weights_as_tensor"};
constexpr VoteNames kClassVotes = {"class_treeids", "class_nodeids",
                                   "class_ids", "class_weights",
                                   "class_weights_as_tensor"};

TensorRef DoublesOf(const std::vector<float>& list) {
  return TensorOf(ElementType::kDouble, {static_cast<int64_t>(list.size())},
                  {list.begin(), list.end()});
}

std::vector<float> SomeWeights(Rng& rng, size_t count) {
  std::vector<float> weights = SomeFloats(rng, static_cast<int64_t>(count));
  if (rng.Percent(40)) {
    for (float& weight : weights) weight = std::abs(weight) / 4;
  }
  return weights;
}

// Each leaf votes for one target, or for all.
void SetVotes(NodeDraft& d, const VoteNames& names,
              const std::vector<Tree>& forest, int64_t targets,
              bool as_tensor) {
  Ints trees, nodes, ids;
  const int64_t favourite = d.rng().Between(-3, targets - 1);
  for (size_t t = 0; t < forest.size(); ++t) {
    for (size_t i = 0; i < forest[t].size(); ++i) {
      if (!forest[t][i].is_leaf) continue;
      const bool all = favourite < 0 && d.rng().Percent(25);
      const int64_t only =
          favourite < 0 ? d.rng().Between(0, targets - 1) : favourite;
      for (int64_t k = 0; k < targets; ++k) {
        if (!all && k != only) continue;
        trees.push_back(static_cast<int64_t>(t));
        nodes.push_back(static_cast<int64_t>(i));
        ids.push_back(k);
      }
    }
  }
  const std::vector<float> weights = SomeWeights(d.rng(), ids.size());
  d.SetInts(names.trees, trees);
  d.SetInts(names.nodes, nodes);
  d.SetInts(names.targets, ids);
  if (as_tensor) {
    d.SetTensor(names.weights_as_tensor, DoublesOf(weights));
  } else {
    d.SetFloats(names.weights, weights);
  }
}

// The attributes of the operators before TreeEnsemble.
void SetForest(NodeDraft& d, const VoteNames& votes, int64_t targets) {
  static constexpr std::string_view kModes[] = {"BRANCH_LEQ", "BRANCH_LT",
                                                "BRANCH_GTE", "BRANCH_GT",
                                                "BRANCH_EQ",  "BRANCH_NEQ"};
  Ints trees, ids, features, on_true, on_false, missing;
  std::vector<std::string_view> modes;
  std::vector<float> splits;
  const std::vector<Tree> forest =
      DrawForest(d, std::size(kModes), /*may_be_leaf=*/true);
  for (size_t t = 0; t < forest.size(); ++t) {
    for (size_t i = 0; i < forest[t].size(); ++i) {
      const TreeNode& node = forest[t][i];
      trees.push_back(static_cast<int64_t>(t));
      ids.push_back(static_cast<int64_t>(i));
      features.push_back(node.feature);
      on_true.push_back(static_cast<int64_t>(node.on_true));
      on_false.push_back(static_cast<int64_t>(node.on_false));
      missing.push_back(node.missing_is_true);
      modes.push_back(node.is_leaf ? "LEAF" : kModes[node.mode]);
      splits.push_back(static_cast<float>(node.split));
    }
  }
  d.SetInts("nodes_treeids", trees);
  d.SetInts("nodes_nodeids", ids);
  d.SetInts("nodes_featureids", features);
  d.SetInts("nodes_truenodeids", on_true);
  d.SetInts("nodes_falsenodeids", on_false);
  if (d.rng().Percent(60)) {
    d.SetInts("nodes_missing_value_tracks_true", missing);
  }
  d.SetStrings("nodes_modes", modes);
  const bool as_tensor = d.op().since_version() >= 3 &&
                         d.element(0) == ElementType::kDouble &&
                         d.rng().Percent(60);
  if (as_tensor) {
    d.SetTensor("nodes_values_as_tensor", DoublesOf(splits));
  } else {
    d.SetFloats("nodes_values", splits);
  }
  SetVotes(d, votes, forest, targets, as_tensor);
}

void SampleTreeEnsembleRegressor(NodeDraft& d) {
  ChooseFeatures(d,
                 d.rng().Percent(50) ? ElementType::kDouble : MostlyFloat(d));
  const int64_t targets = d.rng().Between(1, 3);
  d.SetInt("n_targets", targets);
  SetForest(d, kTargetVotes, targets);
  if (d.rng().Percent(50)) {
    d.SetString("aggregate_function",
                d.rng().Of({"SUM", "AVERAGE", "MIN", "MAX"}));
  }
  if (d.rng().Percent(40)) {
    d.SetFloats("base_values", SomeFloats(d.rng(), targets));
  }
  SetPostTransform(d);
}

void SampleTreeEnsembleClassifier(NodeDraft& d) {
  ChooseFeatures(d,
                 d.rng().Percent(50) ? ElementType::kDouble : MostlyFloat(d));
  const int64_t classes = d.rng().Between(2, 4);
  SetForest(d, kClassVotes, classes);
  if (d.rng().Percent(30)) {
    d.SetFloats("base_values",
                SomeFloats(d.rng(), d.rng().Percent(30) ? 1 : classes));
  }
  SetClassLabels(d, "classlabels_int64s", classes);
  SetPostTransform(d);
  d.SetOutputs(2);
}

// Numbers for a list attribute of TreeEnsemble: the branches of all trees come
// first, one after the other, and leaves have numbers of their own.
struct Numbering {
  explicit Numbering(const std::vector<Tree>& forest) {
    for (const Tree& tree : forest) {
      Ints& ids = of.emplace_back();
      for (const TreeNode& node : tree) {
        ids.push_back(node.is_leaf ? leaves++ : branches++);
      }
    }
  }
  std::vector<Ints> of;  // by tree and node
  int64_t branches = 0;
  int64_t leaves = 0;
};

void SampleTreeEnsemble(NodeDraft& d) {
  Rng& rng = d.rng();
  // ONNX Runtime makes features integers before it looks for them in a set.
  const bool has_sets = rng.Percent(40);
  ChooseFeatures(d, rng.Of({ElementType::kFloat, ElementType::kDouble}),
                 /*whole=*/has_sets);
  const ElementType type = d.element(0);
  const std::vector<Tree> forest =
      DrawForest(d, has_sets ? kMember + 1 : kMember, /*may_be_leaf=*/false);
  const Numbering ids(forest);
  Ints roots, features, on_true, on_false, true_leaf, false_leaf, missing;
  std::vector<double> modes, splits, members;
  for (size_t t = 0; t < forest.size(); ++t) {
    roots.push_back(ids.of[t][0]);
    for (const TreeNode& node : forest[t]) {
      if (node.is_leaf) continue;
      features.push_back(node.feature);
      on_true.push_back(ids.of[t][node.on_true]);
      on_false.push_back(ids.of[t][node.on_false]);
      true_leaf.push_back(forest[t][node.on_true].is_leaf ? 1 : 0);
      false_leaf.push_back(forest[t][node.on_false].is_leaf ? 1 : 0);
      missing.push_back(node.missing_is_true);
      modes.push_back(static_cast<double>(node.mode));
      splits.push_back(node.split);
      if (node.mode != kMember) continue;
      for (int64_t k = rng.Between(1, 4); k > 0; --k) {
        members.push_back(static_cast<double>(rng.Between(-2, 2)));
      }
      members.push_back(NAN);
    }
  }
  const auto tensor = [](ElementType element, const std::vector<double>& list) {
    return TensorOf(element, {static_cast<int64_t>(list.size())}, list);
  };
  d.SetInts("tree_roots", roots);
  d.SetInts("nodes_featureids", features);
  d.SetInts("nodes_truenodeids", on_true);
  d.SetInts("nodes_falsenodeids", on_false);
  d.SetInts("nodes_trueleafs", true_leaf);
  d.SetInts("nodes_falseleafs", false_leaf);
  if (rng.Percent(60)) d.SetInts("nodes_missing_value_tracks_true", missing);
  d.SetTensor("nodes_modes", tensor(ElementType::kUint8, modes));
  d.SetTensor("nodes_splits", tensor(type, splits));
  if (!members.empty()) {
    d.SetTensor("membership_values", tensor(type, members));
  }
  const int64_t targets = rng.Between(1, 3);
  d.SetInt("n_targets", targets);
  Ints leaf_targets;
  for (int64_t k = 0; k < ids.leaves; ++k) {
    leaf_targets.push_back(rng.Between(0, targets - 1));
  }
  const std::vector<float> weights =
      SomeWeights(rng, static_cast<size_t>(ids.leaves));
  d.SetInts("leaf_targetids", leaf_targets);
  d.SetTensor("leaf_weights", tensor(type, {weights.begin(), weights.end()}));
  if (rng.Percent(60)) d.SetInt("aggregate_function", rng.Between(0, 3));
  if (rng.Percent(30)) {
    // ONNX Runtime computes PROBIT (4) of double in float.
    d.SetInt("post_transform",
             rng.Of({0, 3, type == ElementType::kFloat ? 4 : 0}));
  }
}

}  // namespace

SamplerList TreeSamplers() {
  return {
      {"ai.onnx.ml.TreeEnsemble"_op, SampleTreeEnsemble},
      {"ai.onnx.ml.TreeEnsembleClassifier"_op, SampleTreeEnsembleClassifier},
      {"ai.onnx.ml.TreeEnsembleRegressor"_op, SampleTreeEnsembleRegressor},
  };
}

}  // namespace onnxopt::random_graphs
