// SPDX-License-Identifier: Apache-2.0
#include "passes/rewrite/rewriter.h"
#include "passes/rules/facts.h"
#include "passes/rules/rules.h"

namespace onnxopt {
namespace {

constexpr Var x("x"), y("y"), rest("rest"), more("more");
constexpr NodeVar first("first");

// A Concat along the same axis that nobody else needs.
const Node* InnerConcat(const Value* input, const Node& root) {
  const Node* inner = input->producer();
  const bool own = inner != nullptr && inner->graph() == root.graph() &&
                   inner->Is("Concat"_op) && inner->op().is_canonical() &&
                   inner->function() == nullptr && input->num_uses() == 1 &&
                   !input->pinned();
  const bool same =
      own && !AttributeView(*inner).HasReferences() &&
      SameAxis(*inner, root,
               RankOf(input) ? RankOf(input) : RankOf(root.output(0)));
  return same ? inner : nullptr;
}

Value* ConcatOfConcat(Rewriter& r) {
  std::vector<Value*> inputs;
  bool found = false;
  for (Value* input : r.root().inputs()) {
    if (const Node* inner = InnerConcat(input, r.root())) {
      inputs.insert(inputs.end(), inner->inputs().begin(),
                    inner->inputs().end());
      found = true;
    } else {
      inputs.push_back(input);
    }
  }
  // Most Concats have none: that is no near miss.
  return found ? r.Clone(r.root(), std::move(inputs)) : nullptr;
}

Value* ConcatDropEmpty(Rewriter& r) {
  const Node& concat = r.root();
  std::vector<Value*> inputs;
  for (Value* input : concat.inputs()) {
    const std::optional<int64_t> axis = AxisOf(concat, input);
    const Dim dim = axis ? DimOf(input, *axis) : Dim();
    if (!dim.IsInteger() || dim.value() != 0) inputs.push_back(input);
  }
  if (inputs.size() == concat.inputs().size()) return nullptr;
  if (inputs.empty()) inputs.push_back(concat.input(0));
  return inputs.size() == 1 ? inputs[0] : r.Clone(concat, std::move(inputs));
}

Value* ConcatOfSplit(Rewriter& r) {
  const Node& split = r[first];
  const Node& concat = r.root();
  bool all = concat.num_inputs() == split.num_outputs();
  for (int i = 0; all && i < concat.num_inputs(); ++i) {
    all = concat.input(i) == split.output(i);
  }
  r.Matches(all, "it does not join all parts in order");
  r.Matches(SameAxis(split, concat, RankOf(r[x])), "the axes differ");
  return r[x];
}

Value* SplitOfConcat(Rewriter& r) {
  const Node& concat = r[first];
  const Node& split = r.root();
  r.Matches(SameAxis(split, concat, RankOf(r[y])), "the axes differ");
  bool same = true;
  for (int i = 0; i < split.num_outputs(); ++i) {
    const Value* part = concat.input(i);
    const Value* output = split.output(i);
    const auto axis = AxisOf(concat, part);
    const auto split_axis = AxisOf(split, output);
    same &= axis && split_axis &&
            Compare(DimOf(part, *axis), DimOf(output, *split_axis)) ==
                DimRelation::kEqual;
  }
  r.Matches(same, "the parts are not known to have the same sizes");
  for (int i = 1; i < split.num_outputs(); ++i) {
    r.ReplaceOutput(i, concat.input(i));
  }
  return concat.input(0);
}

}  // namespace

void AddConcatRules(RuleSet& rules) {
  const auto add = [&rules](std::string name, std::string algebra,
                            Pattern pattern, Value* (*build)(Rewriter&)) {
    rules.push_back({std::move(name), std::move(algebra), NumericClass::kExact,
                     std::move(pattern), build});
  };
  add("concat-of-concat", "Concat(Concat(x...), y...) -> Concat(x..., y...)",
      Op("Concat"_op, {Rest(rest)}), ConcatOfConcat);
  add("concat-drop-empty",
      "Concat(x..., y, z...) -> Concat(x..., z...)  [y is empty]",
      Op("Concat"_op, {Rest(rest)}), ConcatDropEmpty);
  add("concat-of-split", "Concat(Split(x)...) -> x  [all parts, same axis]",
      Op("Concat"_op, {Op("Split"_op, {x, Rest(more)}).As(first), Rest(rest)}),
      ConcatOfSplit);
  add("split-of-concat", "Split(Concat(x...)) -> x...  [same parts, same axis]",
      Op("Split"_op,
         {Op("Concat"_op, {Rest(rest)}).As(first).As(y), Rest(more)}),
      SplitOfConcat);
}

}  // namespace onnxopt
