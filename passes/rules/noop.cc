// SPDX-License-Identifier: Apache-2.0
// Nodes that return their input.
#include <algorithm>
#include <string>

#include "passes/rewrite/rewriter.h"
#include "passes/rules/facts.h"
#include "passes/rules/rules.h"

namespace onnxopt {
namespace {

using Ints = std::vector<int64_t>;

constexpr Var x("x"), c("c"), rest("rest"), inner("inner");
constexpr NodeVar first("first");

bool AllAre(const std::optional<Ints>& ints, int64_t value) {
  return ints && std::all_of(ints->begin(), ints->end(),
                             [value](int64_t i) { return i == value; });
}

// Whether operand 1 names for every dim of input 0 the dim itself, or what
// stands for it.
bool NamesItsDims(const Node& node, bool (*keeps)(int64_t given)) {
  const std::optional<Ints> given = ConstantInts(node.input(1));
  const std::optional<int64_t> rank = RankOf(node.input(0));
  if (!given || !rank) return false;
  const auto length = static_cast<int64_t>(given->size());
  if (length > *rank) return false;
  for (int64_t i = 0; i < length; ++i) {
    const Dim dim = DimOf(node.input(0), i + *rank - length);
    const int64_t number = (*given)[i];
    const bool same = dim.IsInteger() && dim.value() == number;
    if (!same && !keeps(number)) return false;
  }
  return true;
}

// Whether the result, which has the elements of input 0 in order, has its
// shape as well.
bool KeepsShape(const Node& node) {
  if (SameShape(node.input(0), node.output(0))) return true;
  const std::optional<Ints> given = ConstantInts(node.input(1));
  switch (node.op().id()) {
    case "Reshape"_op:
      // A single -1 is the dim that is left.
      return RankOf(node.output(0)) == RankOf(node.input(0)) &&
             AttributeView(node).Int("allowzero", 0) == 0 && given &&
             std::count(given->begin(), given->end(), -1) <= 1 &&
             NamesItsDims(node, [](int64_t dim) { return dim <= 0; });
    case "Expand"_op:
      return (given && given->empty()) ||
             NamesItsDims(node, [](int64_t dim) { return dim == 1; });
    case "Tile"_op:
      return AllAre(given, 1);
    default:  // Squeeze, Unsqueeze
      return given && given->empty();
  }
}

Value* SameShapeNoop(Rewriter& r) {
  r.Matches(KeepsShape(r.root()), "the shape is not known to stay the same");
  return r[x];
}

Value* CastNoop(Rewriter& r) {
  const ElementType type = ElementOf(r[x]);
  r.Matches(type != ElementType::kUndefined &&
                AttributeView(r.root()).Int("to") == static_cast<int64_t>(type),
            "it is not known to keep the element type");
  return r[x];
}

Value* TransposeNoop(Rewriter& r) {
  const std::optional<Ints> perm = PermOf(r.root());
  r.Matches(perm && IsIdentityPerm(*perm),
            "it is not known to keep the order of axes");
  return r[x];
}

Value* PadNoop(Rewriter& r) {
  r.Matches(AllAre(ConstantInts(r[c]), 0), "the pads are not known to be 0");
  return r[x];
}

Value* SplitNoop(Rewriter& r) {
  r.Matches(r.root().num_outputs() == 1, "it has several outputs");
  return r[x];
}

// At a scale of 1 every new coordinate is an old one, up to roundings that
// align_corners may make and a region that tf_crop_and_resize cuts out. Linear
// and cubic take in the neighbours, with a weight of 0 that makes NaN of Inf.
Value* ResizeNoop(Rewriter& r) {
  const Node& resize = r.root();
  const AttributeView attributes(resize);
  const std::string_view coordinates =
      attributes.String("coordinate_transformation_mode", "half_pixel");
  const bool unscaled = resize.input(3) != nullptr
                            ? SameShape(r[x], resize.output(0))
                            : IsConstantOf(resize.input(2), 1.0);
  if (!r.Matches(unscaled, "the scales are not known to be 1") ||
      !r.Known(attributes.String("mode", "nearest") == "nearest",
               "a runtime may compute with neighbours of weight 0") ||
      !r.Known(
          coordinates != "align_corners" && coordinates != "tf_crop_and_resize",
          "coordinates may be rounded or those of a region")) {
    return nullptr;
  }
  return r[x];
}

// The reductions of one element that return it. That a sum started at 0 makes
// 0 of -0 is why ReduceSum and ReduceMean count as reassociating.
Value* ReduceNoop(Rewriter& r) {
  const std::optional<Ints> axes = ReducedAxesOf(r.root());
  if (!axes) return nullptr;
  const bool of_one = std::all_of(axes->begin(), axes->end(), [&](int64_t i) {
    return Compare(DimOf(r[x], i), Dim(1)) == DimRelation::kEqual;
  });
  if (!r.Matches(of_one, "a reduced dim is not known to be 1")) return nullptr;
  const bool keeps = AttributeView(r.root()).Int("keepdims", 1) != 0;
  if (keeps || axes->empty()) return r[x];
  return r.Make("Squeeze"_op, {r[x], r.Ints(*axes)});
}

// Attributes and further operands of both nodes are the same.
bool SameOperation(const Node& a, const Node& b) {
  if (&a.op() != &b.op() || a.attributes().size() != b.attributes().size() ||
      a.num_inputs() != b.num_inputs()) {
    return false;
  }
  for (int i = 1; i < a.num_inputs(); ++i) {
    if (a.input(i) != b.input(i)) return false;
  }
  for (const Attribute& attribute : a.attributes()) {
    const Attribute* other = b.FindAttribute(attribute.name);
    if (other == nullptr) return false;
    const absl::StatusOr<bool> same = SameAttribute(attribute, *other);
    if (!same.ok() || !*same) return false;
  }
  return true;
}

Value* Idempotent(Rewriter& r) {
  r.Matches(SameOperation(r.root(), r[first]),
            "the two are not the same operation");
  return r[inner];
}

Value* Involution(Rewriter& r) { return r[x]; }

}  // namespace

void AddNoopRules(RuleSet& rules) {
  const auto add = [&rules](std::string name, std::string algebra,
                            Pattern pattern, Value* (*build)(Rewriter&),
                            NumericClass numeric = NumericClass::kExact) {
    rules.push_back({std::move(name), std::move(algebra), numeric,
                     std::move(pattern), build});
  };
  for (const OpId op : {"Reshape"_op, "Flatten"_op, "Squeeze"_op,
                        "Unsqueeze"_op, "Expand"_op, "Tile"_op}) {
    add(RuleWord(op) + "-noop",
        std::string(OpName(op)) + "(x) -> x  [same shape]",
        Op(op, {x, Rest(rest)}), SameShapeNoop);
  }
  for (const OpId op : {"ReduceMax"_op, "ReduceMin"_op, "ReduceProd"_op,
                        "ReduceSum"_op, "ReduceMean"_op}) {
    const bool sums = op == "ReduceSum"_op || op == "ReduceMean"_op;
    add(RuleWord(op) + "-noop",
        std::string(OpName(op)) + "(x, axes) -> x or Squeeze(x, axes)  [of 1]",
        Op(op, {x, Rest(rest)}), ReduceNoop,
        sums ? NumericClass::kReassociating : NumericClass::kExact);
  }
  for (const OpId op : {"Not"_op, "Neg"_op, "BitwiseNot"_op}) {
    const std::string f(OpName(op));
    add(RuleWord(op) + "-twice", f + "(" + f + "(x)) -> x",
        Op(op, {Op(op, {x})}), Involution);
  }
  add("cast-noop", "Cast(x) -> x  [x has that type]", Op("Cast"_op, {x}),
      CastNoop);
  add("transpose-noop", "Transpose(x, p) -> x  [p is the identity]",
      Op("Transpose"_op, {x}), TransposeNoop);
  add("pad-noop", "Pad(x, 0) -> x", Op("Pad"_op, {x, Const(c), Rest(rest)}),
      PadNoop);
  add("split-noop", "Split(x) -> x  [one output]",
      Op("Split"_op, {x, Rest(rest)}), SplitNoop);
  add("resize-noop", "Resize(x) -> x  [nearest, scales of 1]",
      Op("Resize"_op, {x, Rest(rest)}), ResizeNoop);
  add("idempotent-twice", "f(f(x)) -> f(x)",
      AnyOp(Trait::kIdempotent,
            {AnyOp(Trait::kIdempotent, {x, Rest(rest)}).As(first).As(inner),
             Rest(rest)}),
      Idempotent);
}

}  // namespace onnxopt
