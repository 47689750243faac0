// SPDX-License-Identifier: Apache-2.0
// Patterns: what a rewrite rule matches, as values.
//
//   constexpr Var x("x"), w("w"), b("b");
//   constexpr NodeVar conv("conv");
//   Op("Relu"_op, {Op("Conv"_op, {x, Const(w), Optional(b)}).As(conv)})
#ifndef ONNXOPT_PASSES_REWRITE_PATTERN_H_
#define ONNXOPT_PASSES_REWRITE_PATTERN_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/op_def.h"
#include "ir/op_id.h"

namespace onnxopt {

/// A name for a matched value. Two occurrences in one pattern are one value.
struct Var {
  constexpr explicit Var(std::string_view name) : name(name) {}
  std::string_view name;
};

/// A name for a matched node.
struct NodeVar {
  constexpr explicit NodeVar(std::string_view name) : name(name) {}
  std::string_view name;
};

/// Immutable and cheap to copy. A pattern used twice is a shared node.
class Pattern {
 public:
  struct Data;

  /// Any value, but not an absent operand.
  Pattern(Var var);  // NOLINT: a variable is a pattern

  /// Binds the matched node. Only for patterns made by Op and AnyOp.
  Pattern As(NodeVar var) const;
  /// Binds the matched value, which for the root is its output 0.
  Pattern As(Var var) const;
  /// The value is output `index` of the node, not output 0. Not for the root,
  /// which matches whatever its outputs are used for.
  Pattern Output(int index) const;

  const Data& data() const { return *data_; }
  /// "Relu(Conv(x, const w, b?))"
  std::string ToString() const;

 private:
  friend Pattern Op(OpId op, std::vector<Pattern> inputs);
  friend Pattern AnyOp(Trait traits, std::vector<Pattern> inputs);
  friend Pattern Const(Var var);
  friend Pattern Optional(Pattern pattern);
  friend Pattern Rest(Var var);
  explicit Pattern(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

  std::shared_ptr<const Data> data_;
};

struct Pattern::Data {
  enum class Kind { kAny, kConstant, kNode, kRest };
  Kind kind = Kind::kAny;
  bool optional = false;
  std::string_view value_name;  // empty: not bound
  std::string_view node_name;   // empty: not bound
  OpId op = kOpaqueOp;          // kOpaqueOp: any with `traits`
  Trait traits = Trait::kNone;
  int output = 0;
  std::vector<Pattern> inputs;
};

/// A node in canonical form, of the graph the root is in, whose output 0 is
/// the value (see Output). Operands that `inputs` does not mention must be
/// absent, unless it ends with Rest. Commutative operators match in both
/// orders. No attribute refers to one of an enclosing function.
Pattern Op(OpId op, std::vector<Pattern> inputs);
/// The same for every operator that has all of `traits`.
Pattern AnyOp(Trait traits, std::vector<Pattern> inputs);
/// A constant.
Pattern Const(Var var);
/// `pattern`, or an absent operand.
Pattern Optional(Pattern pattern);
/// All further operands, present or absent; ask the node for them.
Pattern Rest(Var var);

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_REWRITE_PATTERN_H_
