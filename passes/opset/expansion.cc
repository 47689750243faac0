// SPDX-License-Identifier: Apache-2.0
#include "passes/opset/expansion.h"

#include <algorithm>

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

std::string Expand(Node& node, std::span<const Expansion> expansions,
                   const Target* target, std::vector<Node*>* made) {
  static const Rule& rule = *new Rule{
      .name = "opset", .algebra = "a node as several", .pattern = Var("node")};
  Match match;
  match.root = &node;
  match.all = {&node};
  std::string why_not;
  for (const Expansion& expansion : expansions) {
    const OpDef& op = node.op();
    const bool applies = expansion.last_version == 0
                             ? op.is_canonical()
                             : op.since_version() <= expansion.last_version;
    if (expansion.op != op.id() || !applies || node.output(0) == nullptr) {
      continue;
    }
    Rewriter rewriter(rule, match, target, /*hooks=*/nullptr);
    Value* replacement = expansion.build(rewriter);
    if (rewriter.Commit(replacement, [] { return true; })) {
      made->insert(made->end(), rewriter.made().begin(), rewriter.made().end());
      return "";
    }
    why_not = rewriter.why_not();
  }
  return why_not.empty() ? "there is no other way to say it" : why_not;
}

}  // namespace onnxopt::opset
