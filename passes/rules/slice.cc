// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "passes/rewrite/rewriter.h"
#include "passes/rules/facts.h"
#include "passes/rules/rules.h"

namespace onnxopt {
namespace {

using Ints = std::vector<int64_t>;

constexpr Var x("x"), y("y"), rest("rest"), more("more");
constexpr NodeVar first("first");

// An end that the specification recommends for a dim of unknown size.
constexpr int64_t kToTheEnd = INT32_MAX;

struct Range {
  int64_t start, end, step;
};
// By axis, from the front if the rank is known.
using Ranges = std::map<int64_t, Range>;

std::optional<Ranges> RangesOf(const Node& slice) {
  const auto starts = ConstantInts(slice.input(1));
  const auto ends = ConstantInts(slice.input(2));
  if (!starts || !ends) return std::nullopt;
  std::optional<Ints> axes = Ints();
  std::optional<Ints> steps = Ints(starts->size(), 1);
  for (size_t i = 0; i < starts->size(); ++i) {
    axes->push_back(static_cast<int64_t>(i));
  }
  if (slice.input(3) != nullptr) axes = ConstantInts(slice.input(3));
  if (slice.input(4) != nullptr) steps = ConstantInts(slice.input(4));
  if (!axes || !steps || ends->size() != starts->size() ||
      axes->size() != starts->size() || steps->size() != starts->size()) {
    return std::nullopt;
  }
  const std::optional<int64_t> rank = RankOf(slice.input(0));
  Ranges ranges;
  for (size_t i = 0; i < starts->size(); ++i) {
    const int64_t axis = (*axes)[i] + ((*axes)[i] < 0 ? rank.value_or(0) : 0);
    const Range range{(*starts)[i], (*ends)[i], (*steps)[i]};
    if (!ranges.emplace(axis, range).second) return std::nullopt;
  }
  return ranges;
}

Value* SliceNoop(Rewriter& r) {
  const std::optional<Ranges> ranges = RangesOf(r.root());
  if (!ranges) return nullptr;
  bool forward = true;
  bool whole = true;
  for (const auto& [axis, range] : *ranges) {
    forward &= range.step > 0;
    whole &= range.start == 0 && range.end >= kToTheEnd && range.step == 1;
  }
  r.Matches(forward, "a step is negative");
  r.Matches(whole || SameShape(r[x], r.root().output(0)),
            "it is not known to keep everything");
  return r[x];
}

// --- The Slice of a Slice

int64_t SaturatedAdd(int64_t a, int64_t b) {
  int64_t sum;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return a < 0 ? INT64_MIN : INT64_MAX;
}

// Of numbers that are not negative.
int64_t SaturatedMul(int64_t a, int64_t b) {
  int64_t product;
  return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

// Start and end counted from the front, if the length is known.
Range FromFront(Range range, const Dim& length) {
  if (!length.IsInteger()) return range;
  for (int64_t* bound : {&range.start, &range.end}) {
    if (*bound < 0) *bound = std::max<int64_t>(*bound + length.value(), 0);
  }
  return range;
}

// The range of a dim that `outer` selects from what `inner` selects, for every
// length of the dim. With starts from the front, element i of the result is
// element inner.start + (outer.start + i * outer.step) * inner.step.
std::optional<Range> Compose(const Range& inner, const Range& outer) {
  if (inner.step <= 0 || outer.step <= 0 || inner.start < 0 ||
      outer.start < 0) {
    return std::nullopt;
  }
  const auto position = [&inner](int64_t i) {
    return SaturatedAdd(inner.start, SaturatedMul(i, inner.step));
  };
  Range both{position(outer.start), 0, SaturatedMul(inner.step, outer.step)};
  if (outer.end >= 0 && inner.end >= 0) {
    both.end = std::min(inner.end, position(outer.end));
  } else if (outer.end >= kToTheEnd) {
    both.end = inner.end;
  } else if (outer.end < 0 && inner.step == 1 && inner.end < 0) {
    both.end = SaturatedAdd(inner.end, outer.end);
  } else if (outer.end < 0 && inner.step == 1 && inner.end >= kToTheEnd) {
    both.end = outer.end;
  } else {
    return std::nullopt;
  }
  return both;
}

Value* MakeSlice(Rewriter& r, const Ranges& ranges) {
  Ints starts, ends, axes, steps;
  for (const auto& [axis, range] : ranges) {
    axes.push_back(axis);
    starts.push_back(range.start);
    ends.push_back(range.end);
    steps.push_back(range.step);
  }
  const bool every = std::all_of(steps.begin(), steps.end(),
                                 [](int64_t step) { return step == 1; });
  return r.Make("Slice"_op, {r[x], r.Ints(starts), r.Ints(ends), r.Ints(axes),
                             every ? nullptr : r.Ints(steps)});
}

Value* SliceOfSlice(Rewriter& r) {
  std::optional<Ranges> both = RangesOf(r[first]);
  const std::optional<Ranges> outer = RangesOf(r.root());
  if (!r.Known(RankOf(r[x]) && both && outer, "the bounds are not known")) {
    return nullptr;
  }
  for (const auto& [axis, range] : *outer) {
    const auto [known, is_new] = both->emplace(axis, range);
    if (is_new) continue;
    const std::optional<Range> composed =
        Compose(FromFront(known->second, DimOf(r[x], axis)),
                FromFront(range, DimOf(r[y], axis)));
    if (!r.Known(composed, "the ranges do not compose for every length")) {
      return nullptr;
    }
    known->second = *composed;
  }
  return MakeSlice(r, *both);
}

}  // namespace

void AddSliceRules(RuleSet& rules) {
  rules.push_back({"slice-noop", "Slice(x) -> x  [everything, forward]",
                   NumericClass::kExact, Op("Slice"_op, {x, Rest(rest)}),
                   SliceNoop});
  rules.push_back(
      {"slice-of-slice", "Slice(Slice(x, a), b) -> Slice(x, a and b)",
       NumericClass::kExact,
       Op("Slice"_op,
          {Op("Slice"_op, {x, Rest(rest)}).As(first).As(y), Rest(more)}),
       SliceOfSlice});
}

}  // namespace onnxopt
