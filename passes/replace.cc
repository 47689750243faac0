// SPDX-License-Identifier: Apache-2.0
#include "passes/replace.h"

#include "fmt/core.h"
#include "ir/node.h"
#include "support/text_escape.h"

namespace onnxopt {

std::string Describe(const Value& value) {
  const std::string_view kind = value.IsConstant() ? "constant"
                                : value.IsInput()  ? "input"
                                                   : "value";
  return fmt::format("{} {}", kind, QuoteForMessage(value.name()));
}

std::string_view WhyNotReturnable(const Value& from, const Value& to) {
  if (!from.IsReturned()) return {};
  if (to.graph() != from.graph()) {
    return "its graph would return a value of an outer graph";
  }
  if (to.IsInput() || to.listed_as_input()) {
    return "its graph would return an input under another name";
  }
  if (to.pinned()) return "the value to be returned has a name to keep";
  if (to.IsConstant() && to.tensor()->IsSpeltSparse()) {
    return "its graph would return a sparse tensor";
  }
  if (to.IsReturned())
    return "its graph would return one value under two names";
  return {};
}

bool SeesValuesOf(const Graph& outer, const Graph& inner) {
  for (const Graph* graph = &inner; graph != &outer;
       graph = graph->enclosing()) {
    if (!graph->parent()->Has(Trait::kHasBody)) return false;
  }
  return true;
}

void ReplaceWith(Value* from, Value* to) {
  Graph& graph = *to->graph();
  if (to->kind() == Value::Kind::kNodeOutput && to->type() == nullptr &&
      from->type() != nullptr) {
    graph.SetType(to, from->type());
  }
  graph.ReplaceAllUses(from, to);
}

void RemoveIfUnused(Value* constant) {
  if (!constant->IsConstant() || constant->HasUses() || constant->pinned() ||
      constant->listed_as_input()) {
    return;
  }
  constant->graph()->RemoveConstant(constant);
}

}  // namespace onnxopt
