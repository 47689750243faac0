// SPDX-License-Identifier: Apache-2.0
#include "passes/rewrite/match.h"

#include <cstddef>

#include "ir/attribute_view.h"

namespace onnxopt {
namespace {

using Data = Pattern::Data;

// Backtracking over a list of goals: "this pattern is that value".
class Matcher {
 public:
  explicit Matcher(Match* match) : match_(match) {}

  bool MatchRoot(const Pattern& pattern, Node& root) {
    match_->root = &root;
    graph_ = root.graph();
    if (!pattern.data().value_name.empty() && root.output(0) != nullptr) {
      match_->values.emplace_back(pattern.data().value_name, root.output(0));
    }
    return MatchNode(pattern.data(), root, 0);
  }

 private:
  struct Goal {
    const Data* pattern;
    Value* value;
  };

  // Solves goals_[next...].
  bool Solve(size_t next) {
    if (next == goals_.size()) return true;
    const Goal goal = goals_[next];
    const Data& pattern = *goal.pattern;
    if (goal.value == nullptr) return pattern.optional && Solve(next + 1);
    if (pattern.kind == Data::Kind::kConstant && !goal.value->IsConstant()) {
      return false;
    }
    const size_t num_values = match_->values.size();
    if (!pattern.value_name.empty()) {
      const Value* bound = match_->Find(Var(pattern.value_name));
      if (bound != nullptr && bound != goal.value) return false;
      match_->values.emplace_back(pattern.value_name, goal.value);
    }
    if (pattern.kind != Data::Kind::kNode
            ? Solve(next + 1)
            : IsCandidate(pattern, goal.value) &&
                  MatchNode(pattern, *goal.value->producer(), next + 1)) {
      return true;
    }
    match_->values.resize(num_values);
    return false;
  }

  bool IsCandidate(const Data& pattern, const Value* value) const {
    return value->producer() != nullptr && value->graph() == graph_ &&
           value->index() == pattern.output;
  }

  // Matches the operator, then the operands with all goals from `next` on.
  bool MatchNode(const Data& pattern, Node& node, size_t next) {
    if (!node.op().is_canonical() || node.function() != nullptr) return false;
    if (pattern.op != kOpaqueOp ? !node.Is(pattern.op)
                                : !node.Has(pattern.traits)) {
      return false;
    }
    // Nobody knows the value of an attribute of the function around it.
    if (AttributeView(node).HasReferences()) return false;
    const size_t num_nodes = match_->nodes.size();
    const size_t num_all = match_->all.size();
    match_->all.push_back(&node);
    if (!pattern.node_name.empty()) {
      match_->nodes.emplace_back(pattern.node_name, &node);
    }
    if (MatchOperands(pattern, node, next, /*swapped=*/false)) return true;
    if (node.Has(Trait::kCommutative) && pattern.inputs.size() == 2 &&
        MatchOperands(pattern, node, next, /*swapped=*/true)) {
      return true;
    }
    match_->nodes.resize(num_nodes);
    match_->all.resize(num_all);
    return false;
  }

  bool MatchOperands(const Data& pattern, Node& node, size_t next,
                     bool swapped) {
    const std::vector<Goal> rest(goals_.begin() + next, goals_.end());
    const std::vector<Goal> before = goals_;
    goals_.resize(next);
    int i = 0;
    bool open_ended = false;
    for (const Pattern& input : pattern.inputs) {
      if (input.data().kind == Data::Kind::kRest) {
        open_ended = true;
        break;
      }
      goals_.push_back({&input.data(), node.input(swapped ? 1 - i : i)});
      ++i;
    }
    bool arity = true;
    for (; !open_ended && i < node.num_inputs(); ++i) {
      if (node.input(i) != nullptr) arity = false;
    }
    goals_.insert(goals_.end(), rest.begin(), rest.end());
    if (arity && Solve(next)) return true;
    goals_ = before;
    return false;
  }

  Match* match_;
  const Graph* graph_ = nullptr;
  std::vector<Goal> goals_;
};

constexpr OpMask kConstantBit = OpMask{1} << 63;

OpMask BitOf(OpId op) { return OpMask{1} << (op % 63); }

}  // namespace

Value* Match::Find(Var var) const {
  for (const auto& [name, value] : values) {
    if (name == var.name) return value;
  }
  return nullptr;
}

Node* Match::Find(NodeVar var) const {
  for (const auto& [name, node] : nodes) {
    if (name == var.name) return node;
  }
  return nullptr;
}

bool MatchPattern(const Pattern& pattern, Node& root, Match* match) {
  return Matcher(match).MatchRoot(pattern, root);
}

OpMask NeededInputs(const Pattern& pattern) {
  OpMask mask = 0;
  for (const Pattern& input : pattern.data().inputs) {
    const Data& data = input.data();
    if (data.optional) continue;
    if (data.kind == Data::Kind::kConstant) mask |= kConstantBit;
    if (data.kind == Data::Kind::kNode && data.op != kOpaqueOp) {
      mask |= BitOf(data.op);
    }
  }
  return mask;
}

OpMask InputsOf(const Node& node) {
  OpMask mask = 0;
  for (const Value* input : node.inputs()) {
    if (input == nullptr) continue;
    if (input->IsConstant()) mask |= kConstantBit;
    if (input->producer() != nullptr) {
      mask |= BitOf(input->producer()->op().id());
    }
  }
  return mask;
}

}  // namespace onnxopt
