// SPDX-License-Identifier: Apache-2.0
#include "passes/opset/expansion.h"

#include <algorithm>

#include "absl/functional/function_ref.h"
#include "fmt/core.h"
#include "passes/opset/adapters.h"
#include "passes/opset/expand.h"

namespace onnxopt::opset {

Value* ReshapeLike(Rewriter& r, Value* y, Value* x, bool allow_zero) {
  const std::optional<std::vector<int64_t>> dims = StaticDims(x);
  if (dims && std::count(dims->begin(), dims->end(), 0) == 0) {
    return r.Reshape(y, *dims);
  }
  // A first dim that both have can be copied, even if it is 0.
  const std::optional<Shape> from = ShapeOf(y);
  const std::optional<Shape> to = ShapeOf(x);
  if (from && to && !from->empty() && !to->empty() &&
      Compare((*from)[0], (*to)[0]) == DimRelation::kEqual) {
    std::vector<int64_t> copied = {0};
    for (size_t i = 1; i < to->size(); ++i) {
      const Dim& dim = (*to)[i];
      if (dim.IsInteger() && dim.value() != 0) copied.push_back(dim.value());
    }
    if (copied.size() == to->size()) {
      return r.Make("Reshape"_op, {y, r.Ints(copied)});
    }
  }
  return r.Make("Reshape"_op, {y, r.Make("Shape"_op, {x})},
                {Rewriter::Int("allowzero", allow_zero ? 1 : 0)});
}

namespace {

// What the builders do not look at. Empty if there is nothing of the kind.
std::string WhyNotAtAll(const Node& node) {
  const OpDef& op = node.op();
  if (node.num_inputs() > op.max_inputs()) return "it has too many inputs";
  for (const Attribute& attribute : node.attributes()) {
    if (attribute.IsReference()) return kReferenced;
    if (op.FindAttr(attribute.name) == nullptr) {
      return fmt::format("it has an attribute '{}'", attribute.name);
    }
  }
  return "";
}

// Stages one expansion after the other until one can replace the node, and
// `allow` agrees.
bool TryAll(Node& node, std::span<const Expansion> expansions,
            const Target* target, absl::FunctionRef<bool()> allow,
            absl::FunctionRef<void(const Rewriter&)> done,
            std::string* why_not) {
  static const Rule& rule = *new Rule{
      .name = "opset", .algebra = "a node as several", .pattern = Var("node")};
  Match match;
  match.root = &node;
  match.all = {&node};
  for (const Expansion& expansion : expansions) {
    const OpDef& op = node.op();
    const bool applies = expansion.last_version == 0
                             ? op.is_canonical()
                             : op.since_version() <= expansion.last_version;
    if (expansion.op != op.id() || !applies || node.output(0) == nullptr) {
      continue;
    }
    *why_not = WhyNotAtAll(node);
    if (!why_not->empty()) return false;
    Rewriter rewriter(rule, match, target, /*hooks=*/nullptr);
    if (rewriter.Commit(expansion.build(rewriter), allow)) {
      done(rewriter);
      return true;
    }
    // What is meant for other cases says nothing about this one.
    if (rewriter.why_not_kind() != GuardKind::kMatch) {
      *why_not = rewriter.why_not();
    }
  }
  return false;
}

}  // namespace

bool Expand(Node& node, std::span<const Expansion> expansions,
            const Target* target, std::vector<Node*>* made,
            std::string* why_not) {
  return TryAll(
      node, expansions, target, [] { return true; },
      [&](const Rewriter& r) {
        made->insert(made->end(), r.made().begin(), r.made().end());
      },
      why_not);
}

bool CanExpand(Node& node, std::span<const Expansion> expansions,
               const Target& target) {
  bool can = false;
  const auto remember = [&] {
    can = true;
    return false;
  };
  std::string why_not;
  TryAll(
      node, expansions, &target, remember, [](const Rewriter&) {}, &why_not);
  return can;
}

}  // namespace onnxopt::opset
