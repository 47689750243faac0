// SPDX-License-Identifier: Apache-2.0
// Ensembles of decision trees, from the attributes of TreeEnsemble and of the
// two operators before it.
#ifndef ONNXOPT_EVAL_ML_FOREST_H_
#define ONNXOPT_EVAL_ML_FOREST_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ir/attribute_view.h"

namespace onnxopt::eval {

/// All but the last are the numbers that TreeEnsemble has for them.
enum class NodeMode : uint8_t {
  kLeq,
  kLt,
  kGte,
  kGt,
  kEq,
  kNeq,
  kMember,
  kLeaf
};

/// A node of a tree. T, float or double, is what features are compared as.
template <typename T>
struct TreeNode {
  NodeMode mode = NodeMode::kLeaf;
  bool missing_is_true = false;
  int64_t feature = 0;
  T split = 0;
  /// The next nodes; for kMember, `set` says where the comparison is.
  int64_t on_true = 0;
  int64_t on_false = 0;
  int64_t set = 0;
  /// Of a leaf: its votes are [first_vote, end_vote).
  int64_t first_vote = 0;
  int64_t end_vote = 0;
};

template <typename T>
struct Vote {
  int64_t target = 0;
  T weight = 0;
};

/// Every walk from a root ends at a leaf.
template <typename T>
struct Forest {
  std::vector<TreeNode<T>> nodes;
  std::vector<Vote<T>> votes;
  std::vector<std::vector<T>> sets;  // of kMember
  std::vector<int64_t> roots;

  /// The leaf that the features `x`, more than any node asks for, lead to;
  /// kUnimplemented for a missing value that is compared with BRANCH_NEQ.
  absl::StatusOr<const TreeNode<T>*> LeafOf(int64_t root,
                                            std::span<const T> x) const;
};

/// `votes`: how the attributes of votes begin, "target" or "class". Fails
/// unless the lists fit together, all nodes, targets and features exist and no
/// walk is endless.
template <typename T>
absl::StatusOr<Forest<T>> ForestOfVersion3(const AttributeView& attributes,
                                           const std::string& votes,
                                           int64_t num_targets,
                                           int64_t num_features);

/// The same for TreeEnsemble.
template <typename T>
absl::StatusOr<Forest<T>> ForestOfVersion5(const AttributeView& attributes,
                                           int64_t num_targets,
                                           int64_t num_features);

/// A list of floats, or, if that is given instead, the tensor NAME_as_tensor.
template <typename T>
absl::StatusOr<std::vector<T>> NumbersOf(const AttributeView& attributes,
                                         const std::string& name);

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_ML_FOREST_H_
