// SPDX-License-Identifier: Apache-2.0
// Products of matrices, normalization, recurrent layers and attention.
#include <map>
#include <string>

#include "absl/strings/str_split.h"
#include "passes/shape/families.h"

namespace onnxopt::shape {
namespace {

absl::Status Multiply(InferenceContext& c, int right, ElementType element) {
  std::optional<Shape> a = c.shape(0);
  std::optional<Shape> b = c.shape(right);
  if (!a || !b) {
    c.SetOutput(0, element, std::nullopt);
    return absl::OkStatus();
  }
  if (a->empty() || b->empty()) return Invalid(c, "an input is a scalar");
  const bool row = a->size() == 1;
  const bool column = b->size() == 1;
  if (row) a->insert(a->begin(), Dim(1));
  if (column) b->push_back(Dim(1));
  if (Compare(a->back(), (*b)[b->size() - 2]) == DimRelation::kDifferent) {
    return Invalid(c, "the inner dims differ: " + a->back().ToString() +
                          " and " + (*b)[b->size() - 2].ToString());
  }
  std::optional<Shape> shape = Broadcast(Shape(a->begin(), a->end() - 2),
                                         Shape(b->begin(), b->end() - 2));
  if (!shape) return Invalid(c, "the batch dims do not broadcast");
  if (!row) shape->push_back((*a)[a->size() - 2]);
  if (!column) shape->push_back(b->back());
  c.SetOutput(0, element, shape);
  return absl::OkStatus();
}

absl::Status MatMul(InferenceContext& c) {
  return Multiply(c, 1, c.element(0));
}

absl::Status MatMulInteger(InferenceContext& c) {
  return Multiply(c, 1, ElementType::kInt32);
}

absl::Status QLinearMatMul(InferenceContext& c) {
  return Multiply(c, 3, c.element(7));
}

absl::Status Gemm(InferenceContext& c) {
  const std::optional<Shape>& a = c.shape(0);
  const std::optional<Shape>& b = c.shape(1);
  if ((a && a->size() != 2) || (b && b->size() != 2)) {
    return Invalid(c, "a factor is not a matrix");
  }
  const bool ta = c.attributes().Int("transA", 0) != 0;
  const bool tb = c.attributes().Int("transB", 0) != 0;
  if (a && b &&
      Compare((*a)[ta ? 0 : 1], (*b)[tb ? 1 : 0]) == DimRelation::kDifferent) {
    return Invalid(c, "the inner dims differ");
  }
  c.SetOutput(
      0, c.element(0),
      Shape{a ? (*a)[ta ? 1 : 0] : Dim(), b ? (*b)[tb ? 0 : 1] : Dim()});
  return absl::OkStatus();
}

absl::Status BatchNormalization(InferenceContext& c) {
  c.SetOutput(0, c.element(0), c.shape(0));
  c.SetOutput(1, c.element(3), c.shape(3));
  c.SetOutput(2, c.element(4), c.shape(4));
  return absl::OkStatus();
}

absl::Status LayerNormalization(InferenceContext& c) {
  const std::optional<Shape>& x = c.shape(0);
  c.SetOutput(0, c.element(0), x);
  std::optional<Shape> reduced = x;
  if (x) {
    const auto axis = Normalize(c.attributes().Int("axis", -1), x->size());
    if (!axis) return Invalid(c, "axis is out of range");
    for (size_t i = *axis; i < x->size(); ++i) (*reduced)[i] = Dim(1);
  }
  const ElementType stash = ElementNamed(c, "stash_type", ElementType::kFloat);
  for (const int i : {1, 2}) c.SetOutput(i, stash, reduced);
  return absl::OkStatus();
}

// LSTM, GRU and RNN.
absl::Status Recurrent(InferenceContext& c) {
  const std::optional<Shape>& x = c.shape(0);
  if (x && x->size() != 3) return Invalid(c, "X has not three axes");
  const bool batch_first = c.attributes().Int("layout", 0) != 0;
  const Dim directions(
      c.attributes().String("direction", "forward") == "bidirectional" ? 2 : 1);
  const auto size = c.attributes().Int("hidden_size");
  const std::optional<Shape>& recurrence = c.shape(2);
  const Dim hidden = size ? Dim(*size)
                     : recurrence && recurrence->size() == 3
                         ? recurrence->back()
                         : Dim();
  const Dim steps = x ? (*x)[batch_first ? 1 : 0] : Dim();
  const Dim batch = x ? (*x)[batch_first ? 0 : 1] : Dim();
  c.SetOutput(0, c.element(0),
              batch_first ? Shape{batch, steps, directions, hidden}
                          : Shape{steps, directions, batch, hidden});
  for (const int i : {1, 2}) {
    c.SetOutput(i, c.element(0),
                batch_first ? Shape{batch, directions, hidden}
                            : Shape{directions, batch, hidden});
  }
  return absl::OkStatus();
}

// The labels of one term of an Einsum equation, without "...".
struct Term {
  std::string before, after;
  bool ellipsis = false;
};

Term ParseTerm(std::string_view text) {
  const size_t dots = text.find("...");
  if (dots == std::string_view::npos) return {std::string(text), "", false};
  return {std::string(text.substr(0, dots)), std::string(text.substr(dots + 3)),
          true};
}

// The dims of the labels of Einsum operands.
class Labels {
 public:
  // False if the shape does not fit the term or the dims seen before.
  bool Add(const Term& term, const std::optional<Shape>& shape) {
    const size_t labels = term.before.size() + term.after.size();
    if (shape &&
        (term.ellipsis ? shape->size() < labels : shape->size() != labels)) {
      return false;
    }
    for (size_t i = 0; i < term.before.size(); ++i) {
      if (!AddDim(term.before[i], shape ? (*shape)[i] : Dim())) return false;
    }
    for (size_t i = 0; i < term.after.size(); ++i) {
      const size_t from_end = term.after.size() - i;
      if (!AddDim(term.after[i],
                  shape ? (*shape)[shape->size() - from_end] : Dim())) {
        return false;
      }
    }
    if (!term.ellipsis) return true;
    if (!shape || !ellipsis_) {
      ellipsis_ = std::nullopt;
      return true;
    }
    ellipsis_ = Broadcast(
        *ellipsis_,
        Shape(shape->begin() + static_cast<int64_t>(term.before.size()),
              shape->end() - static_cast<int64_t>(term.after.size())));
    return ellipsis_.has_value();
  }

  // All labels that occur once, in order: the implicit output.
  Term Implicit() const {
    Term term;
    term.ellipsis = true;
    for (const auto& [label, seen] : dims_) {
      if (seen.count == 1) term.after += label;
    }
    return term;
  }

  // Nullopt if the rank is unknown or a label is not there.
  std::optional<Shape> Of(const Term& term) const {
    Shape shape;
    const auto add = [&](const std::string& labels) {
      for (const char label : labels) {
        const auto it = dims_.find(label);
        if (it == dims_.end()) return false;
        shape.push_back(it->second.dim);
      }
      return true;
    };
    if (!add(term.before)) return std::nullopt;
    if (term.ellipsis) {
      if (!ellipsis_) return std::nullopt;
      shape.insert(shape.end(), ellipsis_->begin(), ellipsis_->end());
    }
    return add(term.after) ? std::optional(shape) : std::nullopt;
  }

 private:
  struct Seen {
    Dim dim{1};
    int count = 0;
  };

  bool AddDim(char label, const Dim& dim) {
    Seen& seen = dims_[label];
    const std::optional<Shape> both = Broadcast({seen.dim}, {dim});
    if (!both) return false;
    seen.dim = (*both)[0];
    ++seen.count;
    return true;
  }

  std::map<char, Seen> dims_;
  std::optional<Shape> ellipsis_ = Shape();
};

absl::Status Einsum(InferenceContext& c) {
  std::string equation;
  for (const char letter : c.attributes().String("equation", "")) {
    if (letter != ' ') equation += letter;
  }
  const size_t arrow = equation.find("->");
  const std::vector<std::string> terms =
      absl::StrSplit(equation.substr(0, arrow), ',');
  if (static_cast<int>(terms.size()) != c.num_inputs()) {
    return Invalid(c, "the equation has another number of terms");
  }
  Labels labels;
  for (int i = 0; i < c.num_inputs(); ++i) {
    if (!labels.Add(ParseTerm(terms[i]), c.shape(i))) {
      return Invalid(c, "the shapes do not fit the equation");
    }
  }
  c.SetOutput(0, c.element(0),
              labels.Of(arrow == std::string::npos
                            ? labels.Implicit()
                            : ParseTerm(equation.substr(arrow + 2))));
  return absl::OkStatus();
}

// [batch, heads, length, size] of an operand that may also be given as
// [batch, length, heads * size].
std::optional<Shape> SplitHeads(const std::optional<Shape>& x, int64_t heads) {
  if (!x || x->size() == 4) return x;
  if (x->size() != 3 || heads <= 0) return std::nullopt;
  return Shape{(*x)[0], Dim(heads), (*x)[1], Divide((*x)[2], heads)};
}

absl::Status Attention(InferenceContext& c) {
  const int64_t q_heads = c.attributes().Int("q_num_heads", 0);
  const int64_t kv_heads = c.attributes().Int("kv_num_heads", 0);
  const std::optional<Shape> q = SplitHeads(c.shape(0), q_heads);
  const std::optional<Shape> k = SplitHeads(c.shape(1), kv_heads);
  const std::optional<Shape> v = SplitHeads(c.shape(2), kv_heads);
  const auto present = [&](const std::optional<Shape>& now, int past) {
    std::optional<Shape> shape = now;
    if (shape && c.HasInput(past)) {
      const std::optional<Shape>& before = c.shape(past);
      (*shape)[2] =
          before && before->size() == 4 ? (*shape)[2] + (*before)[2] : Dim();
    }
    return shape;
  };
  if (q) {
    const Dim size = v ? v->back() : Dim();
    const bool folded = c.shape(0)->size() == 3;
    c.SetOutput(0, c.element(0),
                folded ? Shape{(*q)[0], (*q)[2], size * Dim(q_heads)}
                       : Shape{(*q)[0], (*q)[1], (*q)[2], size});
  } else {
    c.SetOutput(0, c.element(0), std::nullopt);
  }
  const std::optional<Shape> keys = present(k, 4);
  c.SetOutput(1, c.element(1), keys);
  c.SetOutput(2, c.element(2), present(v, 5));
  c.SetOutput(3, c.element(0),
              q ? std::optional(Shape{(*q)[0], (*q)[1], (*q)[2],
                                      keys ? (*keys)[2] : Dim()})
                : std::nullopt);
  return absl::OkStatus();
}

absl::Status LinearAttention(InferenceContext& c) {
  const std::optional<Shape>& query = c.shape(0);
  const int64_t q_heads = c.attributes().Int("q_num_heads", 0);
  const int64_t kv_heads = c.attributes().Int("kv_num_heads", 0);
  if (query && query->size() != 3) return absl::OkStatus();
  const std::optional<Shape> k = SplitHeads(c.shape(1), kv_heads);
  const std::optional<Shape> v = SplitHeads(c.shape(2), kv_heads);
  const Dim batch = query ? (*query)[0] : Dim();
  const Dim size = v ? v->back() : Dim();
  c.SetOutput(0, c.element(0),
              Shape{batch, query ? (*query)[1] : Dim(), size * Dim(q_heads)});
  c.SetOutput(1, c.element(3),
              Shape{batch, Dim(kv_heads), k ? k->back() : Dim(), size});
  return absl::OkStatus();
}

absl::Status Det(InferenceContext& c) {
  std::optional<Shape> shape = c.shape(0);
  if (shape) {
    if (shape->size() < 2) return Invalid(c, "the input is not a matrix");
    shape->resize(shape->size() - 2);
  }
  c.SetOutput(0, c.element(0), std::move(shape));
  return absl::OkStatus();
}

}  // namespace

InferList LinearFunctions() {
  return {
      {"Attention"_op, Attention},
      {"BatchNormalization"_op, BatchNormalization},
      {"Det"_op, Det},
      {"Einsum"_op, Einsum},
      {"GRU"_op, Recurrent},
      {"Gemm"_op, Gemm},
      {"LSTM"_op, Recurrent},
      {"LayerNormalization"_op, LayerNormalization},
      {"LinearAttention"_op, LinearAttention},
      {"MatMul"_op, MatMul},
      {"MatMulInteger"_op, MatMulInteger},
      {"QLinearMatMul"_op, QLinearMatMul},
      {"RNN"_op, Recurrent},
  };
}

}  // namespace onnxopt::shape
