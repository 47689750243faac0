// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <string>

#include "passes/rewrite/rewriter.h"
#include "passes/rules/rules.h"

namespace onnxopt {
namespace {

constexpr Var x("x"), c("c"), inner("inner");
constexpr NodeVar n("n"), first("first");

// Every dim of both is the same for every run.
bool SameShape(const Value* a, const Value* b) {
  const std::optional<Shape> left = ShapeOf(a);
  const std::optional<Shape> right = ShapeOf(b);
  if (!left || !right || left->size() != right->size()) return false;
  for (size_t i = 0; i < left->size(); ++i) {
    if (Compare((*left)[i], (*right)[i]) != DimRelation::kEqual) return false;
  }
  return true;
}

Value* SameShapeAsInput(Rewriter& r) {
  r.Matches(SameShape(r[x], r.root().output(0)),
            "the shape is not known to stay the same");
  return r[x];
}

Value* NoopCast(Rewriter& r) {
  r.Matches(ElementOf(r[x]) != ElementType::kUndefined &&
                AttributeView(r.root()).Int("to") ==
                    static_cast<int64_t>(ElementOf(r[x])),
            "it changes the element type");
  return r[x];
}

Value* NoopTranspose(Rewriter& r) {
  const auto* perm = AttributeView(r.root()).Ints("perm");
  const std::optional<Shape> shape = ShapeOf(r[x]);
  bool identity = perm != nullptr || (shape && shape->size() <= 1);
  for (size_t i = 0; perm != nullptr && i < perm->size(); ++i) {
    if ((*perm)[i] != static_cast<int64_t>(i)) identity = false;
  }
  r.Matches(identity, "it is not known to keep the order of axes");
  return r[x];
}

Value* NoopPad(Rewriter& r) {
  const auto pads = ConstantInts(r[c]);
  bool zero = pads.has_value();
  for (size_t i = 0; zero && i < pads->size(); ++i) zero = (*pads)[i] == 0;
  r.Matches(zero, "the pads are not known to be 0");
  return r[x];
}

Value* NoopTile(Rewriter& r) {
  const auto repeats = ConstantInts(r[c]);
  bool once = repeats.has_value();
  for (size_t i = 0; once && i < repeats->size(); ++i)
    once = (*repeats)[i] == 1;
  r.Matches(once, "the repeats are not known to be 1");
  return r[x];
}

Value* NoopSlice(Rewriter& r) {
  const Node& slice = r.root();
  bool unit = true;
  if (slice.input(4) != nullptr) {
    const auto steps = ConstantInts(slice.input(4));
    unit = steps.has_value();
    for (size_t i = 0; unit && i < steps->size(); ++i) unit = (*steps)[i] == 1;
  }
  if (!r.Matches(unit, "the steps are not known to be 1")) return nullptr;
  if (SameShape(r[x], slice.output(0))) return r[x];
  // From the start to an end that no dim exceeds, on every axis given.
  const auto starts = ConstantInts(slice.input(1));
  const auto ends = ConstantInts(slice.input(2));
  bool whole = starts && ends;
  for (size_t i = 0; whole && i < starts->size(); ++i) {
    whole = (*starts)[i] == 0 && (*ends)[i] >= INT32_MAX;
  }
  r.Matches(whole, "it is not known to keep everything");
  return r[x];
}

Value* NoopSplit(Rewriter& r) {
  r.Matches(r.root().num_outputs() == 1, "it has several outputs");
  return r[x];
}

// `op`(x, c) is x when all elements of c are `unit` and c does not enlarge x.
Value* Unit(Rewriter& r, std::initializer_list<double> units) {
  bool is_unit = false;
  for (const double unit : units) is_unit |= IsConstantOf(r[c], unit);
  if (!r.Matches(is_unit, "the constant is not the neutral element")) {
    return nullptr;
  }
  r.Require(SameShape(r[x], r.root().output(0)),
            "the constant may enlarge the other operand");
  return r[x];
}

bool IsInteger(ElementType type) {
  switch (type) {
    case ElementType::kInt8:
    case ElementType::kInt16:
    case ElementType::kInt32:
    case ElementType::kInt64:
    case ElementType::kUint8:
    case ElementType::kUint16:
    case ElementType::kUint32:
    case ElementType::kUint64:
      return true;
    default:
      return false;
  }
}

// -0 + 0 is 0, so among floats only -0 is neutral to the bit.
Value* AddZero(Rewriter& r) {
  return IsInteger(ElementOf(r[x])) ? Unit(r, {0.0}) : Unit(r, {-0.0});
}
Value* AddPositiveZero(Rewriter& r) { return Unit(r, {0.0}); }
Value* SubZero(Rewriter& r) { return Unit(r, {0.0}); }
Value* One(Rewriter& r) { return Unit(r, {1.0}); }

// Attributes and further operands of both nodes are the same.
Value* Idempotent(Rewriter& r) {
  const Node& outer = r.root();
  const Node& again = r[first];
  bool same = &outer.op() == &again.op() &&
              outer.attributes().size() == again.attributes().size() &&
              outer.num_inputs() == again.num_inputs();
  for (int i = 1; same && i < outer.num_inputs(); ++i) {
    same = outer.input(i) == again.input(i);
  }
  for (const Attribute& attribute : outer.attributes()) {
    const Attribute* other = again.FindAttribute(attribute.name);
    if (!same || other == nullptr) {
      same = false;
      break;
    }
    const absl::StatusOr<bool> equal = SameAttribute(attribute, *other);
    same = equal.ok() && *equal && !attribute.IsReference();
  }
  r.Matches(same, "the two are not the same operation");
  return r[inner];
}

}  // namespace

void AddNoopRules(RuleSet& rules) {
  const auto add = [&rules](std::string name, std::string algebra,
                            Pattern pattern, Value* (*build)(Rewriter&),
                            NumericClass numeric = NumericClass::kExact) {
    rules.push_back({std::move(name), std::move(algebra), numeric,
                     std::move(pattern), build});
  };
  add("cast-noop", "Cast(x) -> x  [x has that type]", Op("Cast"_op, {x}),
      NoopCast);
  add("transpose-noop", "Transpose(x, p) -> x  [p is the identity]",
      Op("Transpose"_op, {x}), NoopTranspose);
  add("reshape-noop", "Reshape(x) -> x  [same shape]", Op("Reshape"_op, {x, c}),
      SameShapeAsInput);
  add("flatten-noop", "Flatten(x) -> x  [same shape]", Op("Flatten"_op, {x}),
      SameShapeAsInput);
  add("expand-noop", "Expand(x) -> x  [same shape]", Op("Expand"_op, {x, c}),
      SameShapeAsInput);
  add("pad-noop", "Pad(x, 0) -> x", Op("Pad"_op, {x, Const(c), Rest(inner)}),
      NoopPad);
  add("tile-noop", "Tile(x, 1) -> x", Op("Tile"_op, {x, Const(c)}), NoopTile);
  add("slice-noop", "Slice(x) -> x  [everything, step 1]",
      Op("Slice"_op, {x, Rest(inner)}), NoopSlice);
  add("split-noop", "Split(x) -> x  [one output]",
      Op("Split"_op, {x, Rest(inner)}), NoopSplit);
  add("add-zero", "x + -0 -> x  [integers: x + 0]", Op("Add"_op, {x, Const(c)}),
      AddZero);
  add("add-positive-zero", "x + 0 -> x  [up to the sign of zero]",
      Op("Add"_op, {x, Const(c)}), AddPositiveZero,
      NumericClass::kReassociating);
  add("sub-zero", "x - 0 -> x", Op("Sub"_op, {x, Const(c)}), SubZero);
  add("mul-one", "x * 1 -> x", Op("Mul"_op, {x, Const(c)}), One);
  add("div-one", "x / 1 -> x", Op("Div"_op, {x, Const(c)}), One);
  add("pow-one", "Pow(x, 1) -> x  [same type]", Op("Pow"_op, {x, Const(c)}),
      One);
  add("idempotent-twice", "f(f(x)) -> f(x)",
      AnyOp(Trait::kIdempotent,
            {AnyOp(Trait::kIdempotent, {x, Rest(c)}).As(first).As(inner),
             Rest(c)}),
      Idempotent);
}

}  // namespace onnxopt
