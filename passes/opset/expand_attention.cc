// SPDX-License-Identifier: Apache-2.0
// Attention and RotaryEmbedding as the operators before them, up to rounding.
#include <cmath>
#include <limits>

#include "eval/elements.h"
#include "passes/opset/expand.h"

namespace onnxopt::opset {
namespace {

std::optional<int64_t> StaticDim(const Value* value, int64_t axis) {
  const std::optional<Shape> shape = ShapeOf(value);
  if (!shape || axis < 0 || axis >= static_cast<int64_t>(shape->size()) ||
      !(*shape)[axis].IsInteger()) {
    return std::nullopt;
  }
  return (*shape)[axis].value();
}

// --- RotaryEmbedding

// The halves of the rotated part of each head: of its last dim, or its even and
// its odd elements.
Value* Part(Rewriter& r, Value* x, int64_t begin, int64_t end, int64_t step) {
  return r.Make("Slice"_op, {x, r.Ints({begin}), r.Ints({end}), r.Ints({3}),
                             r.Ints({step})});
}

Value* RotaryEmbedding(Rewriter& r) {
  const AttributeView view(r.root());
  Value* x = Input(r, 0);
  const std::optional<int64_t> rank = RankOf(x);
  // Of the last axis; 0 if it is not known.
  const int64_t last = rank ? StaticDim(x, *rank - 1).value_or(0) : 0;
  const std::optional<int64_t> heads = view.Int("num_heads");
  if (!r.Known(rank && last > 0, "the size of its heads is not known") ||
      !r.Require(*rank == 4 || (*rank == 3 && heads.value_or(0) > 0),
                 "its rank is neither 3 nor 4")) {
    return nullptr;
  }
  const bool packed = *rank == 3;
  const int64_t size = packed ? last / *heads : last;
  int64_t rotated = view.Int("rotary_embedding_dim").value_or(0);
  if (rotated == 0) rotated = size;
  const bool interleaved = view.Int("interleaved").value_or(0) != 0;
  if (packed) {
    x = r.Make("Reshape"_op, {x, r.Ints({0, 0, *heads, size})});
  }
  // [batch, length, rotated / 2], and an axis for the heads.
  const auto cached = [&](Value* cache) {
    if (Input(r, 3) != nullptr) {
      cache = r.Make("Gather"_op, {cache, Input(r, 3)});
    }
    return r.Make("Unsqueeze"_op, {cache, r.Ints({packed ? 2 : 1})});
  };
  Value* cos = cached(Input(r, 1));
  Value* sin = cached(Input(r, 2));
  Value* x1 =
      interleaved ? Part(r, x, 0, rotated, 2) : Part(r, x, 0, rotated / 2, 1);
  Value* x2 = interleaved ? Part(r, x, 1, rotated, 2)
                          : Part(r, x, rotated / 2, rotated, 1);
  Value* real = r.Sub(r.Mul(cos, x1), r.Mul(sin, x2));
  Value* imaginary = r.Add(r.Mul(sin, x1), r.Mul(cos, x2));
  Value* y = nullptr;
  if (interleaved) {
    const auto column = [&](Value* part) {
      return r.Make("Unsqueeze"_op, {part, r.Ints({4})});
    };
    Value* pairs = r.Make("Concat"_op, {column(real), column(imaginary)},
                          {Rewriter::Int("axis", 4)});
    y = r.Make("Reshape"_op, {pairs, r.Ints({0, 0, 0, rotated})});
  } else {
    y = r.Make("Concat"_op, {real, imaginary}, {Rewriter::Int("axis", 3)});
  }
  if (rotated < size) {
    y = r.Make("Concat"_op, {y, Part(r, x, rotated, size, 1)},
               {Rewriter::Int("axis", 3)});
  }
  return packed ? r.Make("Reshape"_op, {y, r.Ints({0, 0, last})}) : y;
}

// --- Attention

class AttentionBuilder {
 public:
  explicit AttentionBuilder(Rewriter& r) : r_(r), view_(r.root()) {}

  Value* Build() {
    if (!ReadHeads() || !CheckRest()) return nullptr;
    Value* q = Heads(Input(r_, 0), q_heads_);
    Value* k = WithPast(Heads(Input(r_, 1), kv_heads_), Input(r_, 4));
    Value* v = WithPast(Heads(Input(r_, 2), kv_heads_), Input(r_, 5));
    if (r_.root().num_outputs() > 1) r_.ReplaceOutput(1, k);
    if (r_.root().num_outputs() > 2) r_.ReplaceOutput(2, v);
    k = ForEachQuery(k);
    v = ForEachQuery(v);
    Value* y = r_.Make("MatMul"_op, {Probabilities(q, k), v});
    if (!packed_) return y;
    return r_.Make("Reshape"_op,
                   {r_.Transpose(y, {0, 2, 1, 3}), r_.Ints({0, 0, -1})});
  }

 private:
  bool ReadHeads() {
    const std::optional<int64_t> rank = RankOf(Input(r_, 0));
    if (!r_.Known(rank, "its rank is not known") ||
        !r_.Require(*rank == 3 || *rank == 4, "its rank is neither 3 nor 4")) {
      return false;
    }
    for (const int i : {1, 2}) {
      const std::optional<int64_t> other = RankOf(Input(r_, i));
      if (!r_.Require(!other || other == rank, "its ranks differ")) {
        return false;
      }
    }
    packed_ = *rank == 3;
    const auto heads = [&](int input, std::string_view attribute) {
      return packed_ ? view_.Int(attribute) : StaticDim(Input(r_, input), 1);
    };
    const auto q_heads = heads(0, "q_num_heads");
    const auto kv_heads = heads(1, "kv_num_heads");
    const auto size = StaticDim(Input(r_, 0), *rank - 1);
    if (!r_.Known(q_heads && kv_heads && size && *q_heads > 0 && *kv_heads > 0,
                  "its heads are not known")) {
      return false;
    }
    q_heads_ = *q_heads;
    kv_heads_ = *kv_heads;
    size_ = packed_ ? *size / q_heads_ : *size;
    return r_.Require(q_heads_ % kv_heads_ == 0 && size_ > 0,
                      "its heads do not fit");
  }

  bool CheckRest() {
    const Node& root = r_.root();
    return r_.Known(root.num_outputs() < 4 || root.output(3) == nullptr,
                    "its scores are an output") &&
           r_.Known(ElementOf(Input(r_, 0)) != ElementType::kUndefined &&
                        (Input(r_, 3) == nullptr ||
                         ElementOf(Input(r_, 3)) != ElementType::kUndefined),
                    "its element type is not known");
  }

  // [batch, heads, length, size]
  Value* Heads(Value* x, int64_t heads) {
    if (!packed_) return x;
    x = r_.Make("Reshape"_op, {x, r_.Ints({0, 0, heads, -1})});
    return r_.Transpose(x, {0, 2, 1, 3});
  }

  Value* WithPast(Value* x, Value* past) {
    if (past == nullptr) return x;
    return r_.Make("Concat"_op, {past, x}, {Rewriter::Int("axis", 2)});
  }

  // One key and value per head of the query.
  Value* ForEachQuery(Value* x) {
    const int64_t group = q_heads_ / kv_heads_;
    const std::optional<int64_t> size = StaticDim(x, 3);
    if (group == 1) return x;
    if (!r_.Known(size, "the size of its heads is not known")) return nullptr;
    x = r_.Make("Unsqueeze"_op, {x, r_.Ints({2})});
    x = r_.Make("Expand"_op, {x, r_.Ints({1, 1, group, 1, 1})});
    return r_.Make("Reshape"_op, {x, r_.Ints({0, q_heads_, -1, *size})});
  }

  Value* Probabilities(Value* q, Value* k) {
    // Half of the scale on either side keeps the products small, as ONNX's own
    // definition does.
    const double scale = view_.Float("scale").value_or(
        static_cast<float>(1 / std::sqrt(static_cast<double>(size_))));
    if (!r_.Require(scale > 0, "its scale is not positive")) return nullptr;
    Value* half = r_.Scalar(std::sqrt(scale), q);
    Value* scores =
        r_.Make("MatMul"_op,
                {r_.Mul(q, half), r_.Mul(r_.Transpose(k, {0, 1, 3, 2}), half)});
    const float softcap = view_.Float("softcap").value_or(0);
    if (softcap > 0) {
      Value* cap = r_.Scalar(softcap, q);
      scores = r_.Mul(r_.Make("Tanh"_op, {r_.Div(scores, cap)}), cap);
    }
    scores = Masked(scores, k);
    const std::optional<ElementType> precision =
        view_.IsGiven("softmax_precision")
            ? ElementTypeFromNumber(view_.Int("softmax_precision", 0))
            : ElementOf(q);
    if (!r_.Require(precision && eval::IsFloating(*precision),
                    "its softmax_precision is not floating")) {
      return nullptr;
    }
    Value* wide = r_.CastTo(*precision, scores);
    return r_.CastTo(ElementOf(q), r_.Make("Softmax"_op, {wide},
                                           {Rewriter::Int("axis", -1)}));
  }

  Value* Masked(Value* scores, Value* k) {
    Value* infinity =
        r_.Scalar(-std::numeric_limits<double>::infinity(), scores);
    if (Value* mask = Input(r_, 3)) {
      if (!HasAllKeys(mask, k)) return nullptr;
      scores = ElementOf(mask) == ElementType::kBool
                   ? r_.Make("Where"_op, {mask, scores, infinity})
                   : r_.Add(scores, r_.CastTo(ElementOf(scores), mask));
    }
    Value* hidden = Hidden(scores, k);
    return hidden == nullptr ? scores
                             : r_.Make("Where"_op, {hidden, infinity, scores});
  }

  Value* Length(Value* x, int64_t axis) {
    return r_.Make("Gather"_op,
                   {r_.Make("Shape"_op, {x}), r_.Constant(Int64(axis))});
  }

  // 0, 1, ..., count - 1
  Value* Positions(Value* count) {
    return r_.Make("Range"_op,
                   {r_.Constant(Int64(0)), count, r_.Constant(Int64(1))});
  }

  // Where the queries stand among the keys: after those of the past, or at the
  // end of the `used` ones.
  Value* PositionsOfQueries(Value* scores, Value* used) {
    Value* count = Length(scores, 2);
    Value* queries = r_.Make("Unsqueeze"_op, {Positions(count), r_.Ints({1})});
    if (Value* past = Input(r_, 4)) return r_.Add(queries, Length(past, 2));
    return used == nullptr ? queries : r_.Add(queries, r_.Sub(used, count));
  }

  // Which of the keys a query does not see because of where they are; null if
  // it sees all.
  Value* Hidden(Value* scores, Value* k) {
    const bool is_causal = view_.Int("is_causal").value_or(0) != 0;
    const int64_t left = view_.Int("left_window_size").value_or(-1);
    const int64_t right = view_.Int("right_window_size").value_or(-1);
    Value* used = Input(r_, 6);  // keys of each image
    if (!is_causal && left < 0 && right < 0 && used == nullptr) return nullptr;
    Value* keys = Positions(Length(k, 2));
    if (used != nullptr) {
      used = r_.Make("Unsqueeze"_op, {used, r_.Ints({1, 2, 3})});
    }
    Value* hidden = nullptr;
    const auto hide = [&](Value* more) {
      hidden = hidden == nullptr ? more : r_.Make("Or"_op, {hidden, more});
    };
    if (is_causal || left >= 0 || right >= 0) {
      Value* queries = PositionsOfQueries(scores, used);
      if (is_causal) hide(r_.Make("Less"_op, {queries, keys}));
      if (left >= 0) {
        Value* first = r_.Sub(queries, r_.Constant(Int64(left)));
        hide(r_.Make("Less"_op, {keys, first}));
      }
      if (right >= 0) {
        Value* last = r_.Add(queries, r_.Constant(Int64(right)));
        hide(r_.Make("Less"_op, {last, keys}));
      }
    }
    if (used != nullptr) {
      hide(r_.Make("Not"_op, {r_.Make("Less"_op, {keys, used})}));
    }
    return hidden;
  }

  // A shorter mask hides the rest of the keys.
  bool HasAllKeys(Value* mask, Value* k) {
    const std::optional<Shape> shape = ShapeOf(mask);
    const std::optional<Shape> keys = ShapeOf(k);
    return r_.Known(
        shape && keys && keys->size() == 4 && !shape->empty() &&
            ((shape->back().IsInteger() && shape->back().value() == 1) ||
             Compare(shape->back(), (*keys)[2]) == DimRelation::kEqual),
        "its mask is not known to have all keys");
  }

  Rewriter& r_;
  const AttributeView view_;
  bool packed_ = false;
  int64_t q_heads_ = 0;
  int64_t kv_heads_ = 0;
  int64_t size_ = 0;
};

Value* Attention(Rewriter& r) { return AttentionBuilder(r).Build(); }

constexpr Expansion kExpansions[] = {
    {"Attention"_op, 0, Attention},
    {"RotaryEmbedding"_op, 0, RotaryEmbedding},
};

}  // namespace

std::span<const Expansion> AttentionExpansions() { return kExpansions; }

}  // namespace onnxopt::opset
