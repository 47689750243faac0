// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include "passes/rewrite/rewriter.h"
#include "passes/rules/rules.h"

namespace onnxopt {
namespace {

constexpr Var x("x"), y("y"), c("c"), d("d"), rest("rest"), more("more");
constexpr NodeVar first("first");

using Ints = std::vector<int64_t>;

std::optional<Ints> PermOf(const Node& transpose) {
  if (const auto* perm = AttributeView(transpose).Ints("perm")) return *perm;
  const std::optional<Shape> shape = ShapeOf(transpose.input(0));
  if (!shape) return std::nullopt;
  Ints reversed;
  for (size_t i = shape->size(); i-- > 0;) {
    reversed.push_back(static_cast<int64_t>(i));
  }
  return reversed;
}

Value* TransposeOfTranspose(Rewriter& r) {
  const std::optional<Ints> p = PermOf(r[first]);
  const std::optional<Ints> q = PermOf(r.root());
  if (!r.Require(p && q && p->size() == q->size(), "a rank is not known")) {
    return nullptr;
  }
  Ints composed;
  for (const int64_t axis : *q) composed.push_back((*p)[axis]);
  if (std::is_sorted(composed.begin(), composed.end())) return r[x];
  return r.Transpose(r[x], std::move(composed));
}

// The operand of a Reshape that gives `shape`; nullopt if there is none that is
// constant.
std::optional<Ints> ReshapeTarget(const std::optional<Shape>& shape) {
  if (!shape) return std::nullopt;
  Ints target;
  int open = 0;
  for (const Dim& dim : *shape) {
    if (dim.IsInteger() && dim.value() == 0) return std::nullopt;
    if (!dim.IsInteger()) ++open;
    target.push_back(dim.IsInteger() ? dim.value() : -1);
  }
  if (open > 1) return std::nullopt;
  return target;
}

bool SameDims(const std::optional<Shape>& a, const std::optional<Shape>& b) {
  if (!a || !b || a->size() != b->size()) return false;
  for (size_t i = 0; i < a->size(); ++i) {
    if (Compare((*a)[i], (*b)[i]) != DimRelation::kEqual) return false;
  }
  return true;
}

// All of them keep the elements in order, so only the last shape counts.
Value* ReshapeChain(Rewriter& r) {
  const Value* output = r.root().output(0);
  if (SameDims(ShapeOf(r[x]), ShapeOf(output))) return r[x];
  const std::optional<Ints> target = ReshapeTarget(ShapeOf(output));
  if (!r.Require(target.has_value(),
                 "more than one dim of the result is not known")) {
    return nullptr;
  }
  return r.Make("Reshape"_op, {r[x], r.Ints(*target)});
}

// The axes of a Squeeze or Unsqueeze, from the front, sorted. `rank`: of the
// tensor that has the axes.
std::optional<Ints> AxesOf(const Node& node, std::optional<int64_t> rank) {
  std::optional<Ints> axes = ConstantInts(node.input(1));
  if (!axes) return std::nullopt;
  for (int64_t& axis : *axes) {
    if (axis < 0 && !rank) return std::nullopt;
    if (axis < 0) axis += *rank;
  }
  std::sort(axes->begin(), axes->end());
  return axes;
}

std::optional<int64_t> RankOf(const Value* value) {
  const std::optional<Shape> shape = ShapeOf(value);
  if (!shape) return std::nullopt;
  return static_cast<int64_t>(shape->size());
}

Value* SqueezeOfUnsqueeze(Rewriter& r) {
  const std::optional<int64_t> rank = RankOf(r[y]);
  const std::optional<Ints> added = AxesOf(r[first], rank);
  const std::optional<Ints> removed = AxesOf(r.root(), rank);
  r.Require(added && removed && *added == *removed,
            "the axes are not known to be the same");
  return r[x];
}

Value* UnsqueezeOfUnsqueeze(Rewriter& r) {
  const std::optional<Ints> inner = AxesOf(r[first], RankOf(r[y]));
  const std::optional<Ints> outer =
      AxesOf(r.root(), RankOf(r.root().output(0)));
  if (!r.Require(inner && outer, "the axes are not known")) return nullptr;
  // The inner axes, moved up by the outer ones before them.
  Ints all = *outer;
  for (int64_t axis : *inner) {
    for (const int64_t added : *outer) axis += added <= axis ? 1 : 0;
    all.push_back(axis);
  }
  std::sort(all.begin(), all.end());
  return r.Make("Unsqueeze"_op, {r[x], r.Ints(all)});
}

Value* SqueezeOfSqueeze(Rewriter& r) {
  const std::optional<Ints> inner = AxesOf(r[first], RankOf(r[x]));
  const std::optional<Ints> outer = AxesOf(r.root(), RankOf(r[y]));
  if (!r.Require(inner && outer, "the axes are not known")) return nullptr;
  Ints all = *inner;
  for (int64_t axis : *outer) {
    for (const int64_t removed : *inner) axis += removed <= axis ? 1 : 0;
    all.push_back(axis);
  }
  std::sort(all.begin(), all.end());
  return r.Make("Squeeze"_op, {r[x], r.Ints(all)});
}

struct NumberFormat {
  enum { kNone, kUnsigned, kSigned, kFloating } kind = kNone;
  int digits = 0;    // bits of the integers it holds without gap
  int exponent = 0;  // of floating formats: bits of the exponent
};

NumberFormat FormatOf(ElementType type) {
  switch (type) {
    case ElementType::kBool:
      return {NumberFormat::kUnsigned, 1};
    case ElementType::kUint8:
      return {NumberFormat::kUnsigned, 8};
    case ElementType::kUint16:
      return {NumberFormat::kUnsigned, 16};
    case ElementType::kUint32:
      return {NumberFormat::kUnsigned, 32};
    case ElementType::kUint64:
      return {NumberFormat::kUnsigned, 64};
    case ElementType::kInt8:
      return {NumberFormat::kSigned, 7};
    case ElementType::kInt16:
      return {NumberFormat::kSigned, 15};
    case ElementType::kInt32:
      return {NumberFormat::kSigned, 31};
    case ElementType::kInt64:
      return {NumberFormat::kSigned, 63};
    case ElementType::kBfloat16:
      return {NumberFormat::kFloating, 8, 8};
    case ElementType::kFloat16:
      return {NumberFormat::kFloating, 11, 5};
    case ElementType::kFloat:
      return {NumberFormat::kFloating, 24, 8};
    case ElementType::kDouble:
      return {NumberFormat::kFloating, 53, 11};
    default:
      return {};
  }
}

// Whether every value of `from` is one of `to`.
bool Holds(ElementType to, ElementType from) {
  const NumberFormat t = FormatOf(to);
  const NumberFormat f = FormatOf(from);
  if (t.kind == NumberFormat::kNone || f.kind == NumberFormat::kNone) {
    return false;
  }
  // A bool has two values; as a target it keeps no other type's.
  if (to == ElementType::kBool) return from == ElementType::kBool;
  if (f.kind == NumberFormat::kFloating) {
    return t.kind == NumberFormat::kFloating && t.digits >= f.digits &&
           t.exponent >= f.exponent;
  }
  if (f.kind == NumberFormat::kSigned && t.kind == NumberFormat::kUnsigned) {
    return false;
  }
  // Half holds the integers up to 2^11, far below its largest number.
  return t.digits >= f.digits;
}

Value* CastOfCast(Rewriter& r) {
  const ElementType a = ElementOf(r[x]);
  const ElementType b = ElementOf(r[y]);
  const int64_t to = AttributeView(r.root()).Int("to", 0);
  const ElementType target =
      ElementTypeFromNumber(to).value_or(ElementType::kUndefined);
  if (!r.Require(Holds(b, a), "the first Cast may change values")) {
    return nullptr;
  }
  // From integers through floats to integers, what is out of range differs.
  const bool through_float = FormatOf(b).kind == NumberFormat::kFloating &&
                             FormatOf(a).kind != NumberFormat::kFloating &&
                             FormatOf(target).kind != NumberFormat::kFloating;
  if (!r.Require(
          !through_float || target == ElementType::kBool || Holds(target, a),
          "the second Cast may leave its range") ||
      !r.Require(FormatOf(target).kind != NumberFormat::kNone,
                 "the second Cast is not to a plain number type")) {
    return nullptr;
  }
  return r.CastTo(target, r[x]);
}

// Concat operands that are Concats along the same axis.
Value* ConcatOfConcat(Rewriter& r) {
  const Node& root = r.root();
  const std::optional<int64_t> rank = RankOf(root.output(0));
  const auto axis_of = [&](const Node& concat) {
    const int64_t axis = AttributeView(concat).Int("axis", 0);
    return axis < 0 && rank ? axis + *rank : axis;
  };
  std::vector<Value*> inputs;
  bool found = false;
  for (Value* input : root.inputs()) {
    const Node* producer = input->producer();
    if (producer != nullptr && producer->Is("Concat"_op) &&
        producer->op().is_canonical() && producer->graph() == root.graph() &&
        axis_of(*producer) == axis_of(root) && input->num_uses() == 1 &&
        !input->pinned()) {
      found = true;
      inputs.insert(inputs.end(), producer->inputs().begin(),
                    producer->inputs().end());
    } else {
      inputs.push_back(input);
    }
  }
  // Most Concats have none: that is no near miss.
  return found ? r.Clone(root, std::move(inputs)) : nullptr;
}

struct SliceParts {
  Ints starts, ends, axes, steps;
};

std::optional<SliceParts> PartsOf(const Node& slice) {
  const auto starts = ConstantInts(slice.input(1));
  const auto ends = ConstantInts(slice.input(2));
  if (!starts || !ends || starts->size() != ends->size()) return std::nullopt;
  SliceParts parts{*starts, *ends, {}, Ints(starts->size(), 1)};
  if (slice.input(3) != nullptr) {
    const auto axes = ConstantInts(slice.input(3));
    if (!axes) return std::nullopt;
    parts.axes = *axes;
  } else {
    for (size_t i = 0; i < starts->size(); ++i) {
      parts.axes.push_back(static_cast<int64_t>(i));
    }
  }
  if (slice.input(4) != nullptr) {
    const auto steps = ConstantInts(slice.input(4));
    if (!steps) return std::nullopt;
    parts.steps = *steps;
  }
  const std::optional<int64_t> rank = RankOf(slice.output(0));
  for (int64_t& axis : parts.axes) {
    if (axis < 0 && !rank) return std::nullopt;
    if (axis < 0) axis += *rank;
  }
  if (parts.axes.size() != parts.starts.size() ||
      parts.steps.size() != parts.starts.size()) {
    return std::nullopt;
  }
  return parts;
}

Value* SliceOfSlice(Rewriter& r) {
  const std::optional<SliceParts> inner = PartsOf(r[first]);
  const std::optional<SliceParts> outer = PartsOf(r.root());
  if (!r.Require(inner && outer, "the bounds are not known") ||
      !r.PreferOneUse(r[first])) {
    return nullptr;
  }
  SliceParts all = *inner;
  for (size_t i = 0; i < outer->axes.size(); ++i) {
    const bool disjoint = std::find(inner->axes.begin(), inner->axes.end(),
                                    outer->axes[i]) == inner->axes.end();
    if (!r.Require(disjoint, "both slice the same axis")) return nullptr;
    all.axes.push_back(outer->axes[i]);
    all.starts.push_back(outer->starts[i]);
    all.ends.push_back(outer->ends[i]);
    all.steps.push_back(outer->steps[i]);
  }
  return r.Make("Slice"_op, {r[x], r.Ints(all.starts), r.Ints(all.ends),
                             r.Ints(all.axes), r.Ints(all.steps)});
}

}  // namespace

void AddMovementRules(RuleSet& rules) {
  const auto add = [&rules](std::string name, std::string algebra,
                            Pattern pattern, Value* (*build)(Rewriter&)) {
    rules.push_back({std::move(name), std::move(algebra), NumericClass::kExact,
                     std::move(pattern), build});
  };
  add("transpose-of-transpose",
      "Transpose(Transpose(x, p), q) -> Transpose(x, p[q])",
      Op("Transpose"_op, {Op("Transpose"_op, {x}).As(first)}),
      TransposeOfTranspose);
  for (const OpId outer :
       {"Reshape"_op, "Flatten"_op, "Squeeze"_op, "Unsqueeze"_op}) {
    for (const OpId inner :
         {"Reshape"_op, "Flatten"_op, "Squeeze"_op, "Unsqueeze"_op}) {
      const std::string algebra = std::string(OpName(outer)) + "(" +
                                  std::string(OpName(inner)) +
                                  "(x)) -> Reshape(x, shape)";
      std::string name = std::string(OpName(outer)) + "-of-" +
                         std::string(OpName(inner)) + "-to-reshape";
      std::transform(name.begin(), name.end(), name.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z'
                   ? static_cast<char>(letter - 'A' + 'a')
                   : letter;
      });
      add(name, algebra, Op(outer, {Op(inner, {x, Rest(rest)}), Rest(more)}),
          ReshapeChain);
    }
  }
  add("squeeze-of-unsqueeze", "Squeeze(Unsqueeze(x, a), a) -> x",
      Op("Squeeze"_op,
         {Op("Unsqueeze"_op, {x, Const(c)}).As(first).As(y), Const(d)}),
      SqueezeOfUnsqueeze);
  add("unsqueeze-of-unsqueeze",
      "Unsqueeze(Unsqueeze(x, a), b) -> Unsqueeze(x, c)",
      Op("Unsqueeze"_op,
         {Op("Unsqueeze"_op, {x, Const(c)}).As(first).As(y), Const(d)}),
      UnsqueezeOfUnsqueeze);
  add("squeeze-of-squeeze", "Squeeze(Squeeze(x, a), b) -> Squeeze(x, c)",
      Op("Squeeze"_op,
         {Op("Squeeze"_op, {x, Const(c)}).As(first).As(y), Const(d)}),
      SqueezeOfSqueeze);
  add("cast-of-cast",
      "Cast(Cast(x, b), c) -> Cast(x, c)  [b holds every value of x's type]",
      Op("Cast"_op, {Op("Cast"_op, {x}).As(y)}), CastOfCast);
  add("concat-of-concat", "Concat(Concat(x...), y...) -> Concat(x..., y...)",
      Op("Concat"_op, {Rest(rest)}), ConcatOfConcat);
  add("slice-of-slice", "Slice(Slice(x, a), b) -> Slice(x, a and b)",
      Op("Slice"_op, {Op("Slice"_op, {x, Rest(rest)}).As(first), Rest(more)}),
      SliceOfSlice);
}

}  // namespace onnxopt
