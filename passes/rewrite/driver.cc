// SPDX-License-Identifier: Apache-2.0
// The worklist that applies rules until none fires.
#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "fmt/core.h"
#include "ir/model.h"
#include "ir/walk.h"
#include "passes/replace.h"
#include "passes/rewrite/rewriter.h"
#include "passes/rewrite/rule.h"

namespace onnxopt {
namespace {

/// Rewrites per node of the model, over all rules. Rules that make progress
/// need a handful; rules that undo each other never end.
constexpr int64_t kFuelPerNode = 32;
constexpr int64_t kLeastFuel = 1000;
/// How many of the last rewrites are named when the fuel runs out.
constexpr size_t kCycleReport = 8;

struct IndexedRule {
  const Rule* rule;
  OpMask needed;
};

// The rules that can match at a node, by its operator.
class RuleIndex {
 public:
  RuleIndex(const RuleSet& rules, const PassContext& context) {
    for (const Rule& rule : rules) {
      if (context.IsDisabled(rule.name)) continue;
      const OpId op = rule.pattern.data().op;
      (op == kOpaqueOp ? any_ : by_op_[op])
          .push_back({&rule, NeededInputs(rule.pattern)});
    }
  }

  // Until `visit` returns true.
  template <typename Visit>
  void ForEach(const Node& node, Visit visit) const {
    const std::vector<IndexedRule>& own = by_op_[node.op().id()];
    if (own.empty() && any_.empty()) return;
    const OpMask inputs = InputsOf(node);
    for (const std::vector<IndexedRule>* rules : {&own, &any_}) {
      for (const IndexedRule& indexed : *rules) {
        if ((indexed.needed & ~inputs) == 0 && visit(*indexed.rule)) return;
      }
    }
  }

 private:
  std::array<std::vector<IndexedRule>, std::size(kOpNames) + 1> by_op_;
  std::vector<IndexedRule> any_;
};

class Worklist {
 public:
  void Push(Node* node) {
    if (node == nullptr || node->IsTerminator()) return;
    if (queued_.insert(node).second) queue_.push_back(node);
  }
  void Forget(Node* node) { queued_.erase(node); }
  Node* Pop() {
    while (!queue_.empty()) {
      Node* node = queue_.front();
      queue_.pop_front();
      if (queued_.erase(node) > 0) return node;
    }
    return nullptr;
  }

 private:
  std::deque<Node*> queue_;
  absl::flat_hash_set<Node*> queued_;  // look-up only
};

class Driver {
 public:
  Driver(const RuleSet& rules, PassContext& context, const RewriteHooks* hooks)
      : index_(std::make_unique<RuleIndex>(rules, context)),
        context_(context),
        hooks_(hooks) {}

  void Run(Model& model) {
    ForEachGraph(model, [&](Graph& graph) {
      for (Node& node : graph.nodes()) {
        worklist_.Push(&node);
        ++fuel_;
      }
    });
    fuel_ = fuel_ * kFuelPerNode + kLeastFuel;
    while (Node* node = worklist_.Pop()) {
      Visit(*node);
      if (fuel_ == 0) return ReportCycle();
    }
  }

 private:
  void Visit(Node& node) {
    if (IsDead(node)) return Erase(node);
    if (!node.op().is_canonical() || node.function() != nullptr ||
        node.output(0) == nullptr) {
      return;
    }
    index_->ForEach(node, [&](const Rule& rule) { return Try(rule, node); });
  }

  bool Try(const Rule& rule, Node& root) {
    Match match;
    if (!MatchPattern(rule.pattern, root, &match)) return false;
    Rewriter rewriter(rule, match, context_.target(), hooks_);
    Value* replacement = rule.build(rewriter);
    const bool committed = rewriter.Commit(replacement, [&] {
      return context_.Allow(rule.name, [&] {
        return fmt::format("{}: {}", rule.name, root.Describe());
      });
    });
    if (!committed) {
      Decline(rule, root, rewriter);
      return false;
    }
    if (hooks_ != nullptr && hooks_->fired) hooks_->fired(rule);
    --fuel_;
    recent_.push_back(rule.name);
    if (recent_.size() > kCycleReport) recent_.pop_front();
    for (Node* made : rewriter.made()) worklist_.Push(made);
    for (Node* reader : rewriter.readers()) worklist_.Push(reader);
    if (IsDead(root)) Erase(root);
    return true;
  }

  void Decline(const Rule& rule, const Node& root, const Rewriter& rewriter) {
    if (rewriter.why_not().empty() ||
        rewriter.why_not_kind() == GuardKind::kMatch) {
      return;
    }
    context_.Decline(rule.name, rewriter.why_not(),
                     [&] { return root.Describe(); });
  }

  static bool IsDead(const Node& node) {
    if (!node.Has(Trait::kPure)) return false;
    for (const Value* output : node.outputs()) {
      if (output != nullptr && (output->HasUses() || output->pinned())) {
        return false;
      }
    }
    return true;
  }

  // What `node` alone kept alive is erased when its turn comes.
  void Erase(Node& node) {
    const std::vector<Value*> inputs(node.inputs().begin(),
                                     node.inputs().end());
    worklist_.Forget(&node);
    node.graph()->EraseNode(&node);
    for (size_t i = 0; i < inputs.size(); ++i) {
      Value* input = inputs[i];
      if (input == nullptr || std::find(inputs.begin(), inputs.begin() + i,
                                        input) != inputs.begin() + i) {
        continue;
      }
      if (input->producer() == nullptr) {
        RemoveIfUnused(input);
        continue;
      }
      worklist_.Push(input->producer());
      // A fusion may have been waiting for this to be the only reader.
      if (input->num_uses() == 1) worklist_.Push(input->uses().begin()->user());
    }
  }

  void ReportCycle() {
    std::string names;
    for (const std::string& name : recent_) {
      names += (names.empty() ? "" : ", ") + name;
    }
    context_.Warn(fmt::format(
        "gave up before the rules came to an end; the last ones were {}; "
        "please report this, and --disable one of them meanwhile",
        names));
  }

  const std::unique_ptr<const RuleIndex> index_;
  PassContext& context_;
  const RewriteHooks* hooks_;
  Worklist worklist_;
  int64_t fuel_ = 0;
  std::deque<std::string> recent_;
};

}  // namespace

absl::Status RunRules(Model& model, const RuleSet& rules, PassContext& context,
                      const RewriteHooks* hooks) {
  Driver(rules, context, hooks).Run(model);
  return absl::OkStatus();
}

}  // namespace onnxopt
