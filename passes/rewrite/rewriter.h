// SPDX-License-Identifier: Apache-2.0
// What the builder of a rule sees: the match, guards, and staged nodes.
#ifndef ONNXOPT_PASSES_REWRITE_REWRITER_H_
#define ONNXOPT_PASSES_REWRITE_REWRITER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "ir/attribute_view.h"
#include "ir/graph.h"
#include "passes/rewrite/constants.h"
#include "passes/rewrite/match.h"
#include "passes/rewrite/rule.h"

namespace onnxopt {

class Target;

/// One attempt to apply one rule. Nodes that it makes stand in the graph, right
/// before the root, without users, until Commit; if it does not come to that,
/// they are removed and the graph is as it was.
class Rewriter {
 public:
  /// All must outlive the rewriter. Without a target everything can be
  /// expressed; hooks may be null.
  Rewriter(const Rule& rule, const Match& match, const Target* target,
           const RewriteHooks* hooks);
  ~Rewriter();
  Rewriter(const Rewriter&) = delete;
  Rewriter& operator=(const Rewriter&) = delete;

  // --- The match.

  /// Null for an absent optional operand.
  Value* operator[](Var var) const { return match_.Find(var); }
  const Node& operator[](NodeVar var) const { return *match_.Find(var); }
  bool Has(Var var) const { return match_.Find(var) != nullptr; }
  Node& root() const { return *match_.root; }
  /// Attributes of a matched node, with the defaults of its schema.
  AttributeView Attributes(NodeVar var) const {
    return AttributeView((*this)[var]);
  }

  // --- Guards. Each returns whether it holds; the reason of the first that
  // does not is why the rule declines. `reason` is a fixed phrase.

  /// Without it the result would differ or be invalid: the machine check of
  /// rules proves it by leaving it out.
  bool Require(bool condition, std::string_view reason) {
    return Guard(GuardKind::kSafety, condition, reason);
  }
  /// The same for what the pattern would say if patterns could ("the
  /// permutation is the identity"): not to hold is no near miss, and makes no
  /// remark.
  bool Matches(bool condition, std::string_view reason) {
    return Guard(GuardKind::kMatch, condition, reason);
  }
  /// Something that must be known to build anything at all.
  template <typename T>
  bool Known(const std::optional<T>& fact, std::string_view reason) {
    return Guard(GuardKind::kKnowledge, fact.has_value(), reason);
  }
  bool Known(bool fact, std::string_view reason) {
    return Guard(GuardKind::kKnowledge, fact, reason);
  }
  /// Without it the graph would not get better.
  bool Prefer(bool condition, std::string_view reason) {
    return Guard(GuardKind::kProfit, condition, reason);
  }
  /// The match is the only reader of output 0 of `node`, and nothing promises
  /// its value to the outside: otherwise a fusion would do its work twice.
  bool PreferOneUse(const Node& node);
  /// That both values are tensors of one known element type.
  bool RequireSameElement(const Value* a, const Value* b);

  // --- Building. Null inputs are absent operands; a null where an operand is
  // required, and any failure, gives null, so that results can be passed on
  // unchecked.

  /// One node with one output. Constant if all inputs are: then nothing is
  /// evaluated until somebody reads it.
  Value* Make(OpId op, std::vector<Value*> inputs,
              std::vector<Attribute> attributes = {});
  /// One node with `num_outputs` outputs, which is never constant; as many
  /// nulls if it cannot be made.
  std::vector<Value*> MakeOutputs(OpId op, std::vector<Value*> inputs,
                                  std::vector<Attribute> attributes,
                                  int num_outputs);
  /// `node` with other inputs and some attributes replaced or added.
  Value* Clone(const Node& node, std::vector<Value*> inputs,
               std::vector<Attribute> attributes = {});
  Value* Constant(TensorRef tensor);
  /// A one-dimensional int64 constant.
  Value* Ints(const std::vector<int64_t>& values);
  /// A scalar of the element type of `like`, a type of 16 to 64 bits.
  Value* Scalar(double value, const Value* like);
  /// `x` with another static shape of as many elements.
  Value* Reshape(Value* x, const std::vector<int64_t>& dims);
  Value* Transpose(Value* x, std::vector<int64_t> perm);
  /// `x` itself if it has that element type.
  Value* CastTo(ElementType type, Value* x);

  Value* Add(Value* a, Value* b) { return Make("Add"_op, {a, b}); }
  Value* Sub(Value* a, Value* b) { return Make("Sub"_op, {a, b}); }
  Value* Mul(Value* a, Value* b) { return Make("Mul"_op, {a, b}); }
  Value* Div(Value* a, Value* b) { return Make("Div"_op, {a, b}); }
  Value* Sqrt(Value* x) { return Make("Sqrt"_op, {x}); }
  Value* Neg(Value* x) { return Make("Neg"_op, {x}); }

  /// What replaces output `index` > 0 of the root. Every output in use needs a
  /// replacement.
  void ReplaceOutput(int index, Value* replacement);

  static Attribute Int(std::string_view name, int64_t value);
  static Attribute Float(std::string_view name, float value);
  static Attribute Floats(std::string_view name, std::vector<float> values);
  static Attribute Ints(std::string_view name, std::vector<int64_t> values);
  static Attribute String(std::string_view name, std::string_view value);

  // --- For the driver.

  /// Replaces the outputs of the root if that is possible; otherwise why_not()
  /// is set. `allow` is asked last, before anything changes.
  bool Commit(Value* replacement, absl::FunctionRef<bool()> allow);
  const std::string& why_not() const { return why_not_; }
  GuardKind why_not_kind() const { return why_not_kind_; }
  /// After Commit: the nodes made, and those that read the root's outputs.
  const std::vector<Node*>& made() const { return nodes_; }
  const std::vector<Node*>& readers() const { return readers_; }

 private:
  using Replacement = std::pair<Value*, Value*>;  // output of root, by what

  bool Guard(GuardKind kind, bool condition, std::string_view reason);
  Value* Fail(std::string why);
  Value* Stage(const OpDef* op, std::vector<Value*> inputs,
               std::vector<Attribute> attributes, const Node* like);
  Node* AddStaged(const OpDef* op, std::vector<Value*> inputs,
                  std::vector<Attribute> attributes, int num_outputs,
                  const Node* like);
  bool CanExpress(const Node& node);
  Value* FoldedConstant(const Node& node, const TypeRef& type);
  std::string WhyNotReplaceable(const Value& output, const Value& replacement);
  std::string WhyNotReplaceableTogether() const;
  bool EvaluateSmallConstants();
  bool IsNew(const Value& value) const;
  void Replace(Value* output, Value* replacement);
  void NameTheRest();
  void MergeAnnotations();
  void Discard();

  const Rule& rule_;
  const Match& match_;
  const Target* target_;
  const RewriteHooks* hooks_;
  Graph& graph_;
  uint64_t epoch_;
  bool committed_ = false;
  std::string why_not_;
  GuardKind why_not_kind_ = GuardKind::kKnowledge;
  std::vector<Replacement> replacements_;
  std::vector<Node*> nodes_;
  std::vector<Node*> readers_;
  std::vector<Value*> constants_;
  absl::flat_hash_set<const Value*> named_;  // look-up only
};

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_REWRITE_REWRITER_H_
