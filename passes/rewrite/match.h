// SPDX-License-Identifier: Apache-2.0
// Finding a pattern in a graph.
#ifndef ONNXOPT_PASSES_REWRITE_MATCH_H_
#define ONNXOPT_PASSES_REWRITE_MATCH_H_

#include <string_view>
#include <utility>
#include <vector>

#include "ir/node.h"
#include "passes/rewrite/pattern.h"

namespace onnxopt {

/// What the variables of a pattern stand for.
struct Match {
  Node* root = nullptr;
  std::vector<std::pair<std::string_view, Value*>> values;
  std::vector<std::pair<std::string_view, Node*>> nodes;
  /// Every matched node, named or not, the root first.
  std::vector<Node*> all;

  /// Null for a variable of an absent optional part.
  Value* Find(Var var) const;
  Node* Find(NodeVar var) const;
};

/// Whether `pattern` matches at `root`. Complete: every order of the operands
/// of commutative operators is tried. Reads only.
bool MatchPattern(const Pattern& pattern, Node& root, Match* match);

/// A bit per operator, several operators a bit, and one for constants. A
/// pattern can only match a node whose inputs have all the bits that it needs.
using OpMask = uint64_t;
OpMask NeededInputs(const Pattern& pattern);
OpMask InputsOf(const Node& node);

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_REWRITE_MATCH_H_
