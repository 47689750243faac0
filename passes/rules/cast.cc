// SPDX-License-Identifier: Apache-2.0
#include "passes/rewrite/rewriter.h"
#include "passes/rules/facts.h"
#include "passes/rules/rules.h"

namespace onnxopt {
namespace {

constexpr Var x("x"), y("y"), like("like");

Value* CastOfCast(Rewriter& r) {
  const ElementType from = ElementOf(r[x]);
  const ElementType between = ElementOf(r[y]);
  const ElementType to =
      ElementTypeFromNumber(AttributeView(r.root()).Int("to", 0))
          .value_or(ElementType::kUndefined);
  // Strings depend on the type of the number; the small floats are converted
  // from few types.
  const bool plain = FormatOf(to).kind != NumberFormat::kNone;
  if (!r.Known(plain, "the second Cast is not to a plain number type") ||
      !r.Require(Holds(between, from), "the first Cast may change values")) {
    return nullptr;
  }
  // Integers wrap around, floats out of range become anything.
  r.Require(!IsFloating(between) || IsFloating(from) || IsFloating(to) ||
                to == ElementType::kBool || Holds(to, from),
            "the second Cast may leave the range of its type");
  return from == to ? r[x] : r.Clone(r.root(), {r[x]});
}

Value* CastLikeToCast(Rewriter& r) {
  const ElementType to = ElementOf(r[like]);
  if (!r.Known(to != ElementType::kUndefined, "the type is not known")) {
    return nullptr;
  }
  const AttributeView given(r.root());
  return r.Make("Cast"_op, {r[x]},
                {r.Int("to", static_cast<int64_t>(to)),
                 r.Int("saturate", given.Int("saturate", 1)),
                 r.String("round_mode", given.String("round_mode", "up"))});
}

}  // namespace

void AddCastRules(RuleSet& rules) {
  rules.push_back(
      {"cast-of-cast",
       "Cast(Cast(x, b), c) -> Cast(x, c)  [b holds every value of x's type]",
       NumericClass::kExact,
       Op("Cast"_op, {Op("Cast"_op, {x}).As(y)}),
       CastOfCast,
       {{"the second Cast may leave the range of its type",
         "casting a float out of range is undefined; it may wrap as well"}}});
  rules.push_back({"cast-like-to-cast", "CastLike(x, y) -> Cast(x, type of y)",
                   NumericClass::kExact, Op("CastLike"_op, {x, like}),
                   CastLikeToCast});
}

}  // namespace onnxopt
