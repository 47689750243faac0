// SPDX-License-Identifier: Apache-2.0
// Einsum: operands are contracted from left to right, two at a time, each time
// as a stack of matrix products.
#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "eval/families.h"
#include "eval/gemm.h"
#include "eval/numbers.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

using Outputs = absl::StatusOr<std::vector<TensorRef>>;

// A letter, or the axis of an ellipsis, counted from its end.
using Label = int;
using Labels = std::vector<Label>;
constexpr Label kEllipsis = 256;

struct Equation {
  std::vector<Labels> operands;
  Labels output;
  std::map<Label, int64_t> sizes;
};

bool Contains(const Labels& labels, Label label) {
  return std::ranges::find(labels, label) != labels.end();
}

// The labels of a term; `rank` is the number of its axes, or -1 if that
// follows from `ellipsis_axes`.
absl::StatusOr<Labels> ParseTerm(std::string_view term, int64_t rank,
                                 int64_t ellipsis_axes) {
  Labels labels;
  bool seen_ellipsis = false;
  const auto letters = static_cast<int64_t>(std::ranges::count_if(
      term, [](char c) { return absl::ascii_isalpha(c); }));
  for (size_t i = 0; i < term.size(); ++i) {
    if (absl::ascii_isalpha(term[i])) {
      labels.push_back(term[i]);
    } else if (term.substr(i, 3) == "..." && !seen_ellipsis) {
      seen_ellipsis = true;
      i += 2;
      const int64_t axes = rank < 0 ? ellipsis_axes : rank - letters;
      for (int64_t axis = axes; axis-- > 0;) {
        labels.push_back(kEllipsis + static_cast<Label>(axis));
      }
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("'", std::string(term), "' is no term of an equation"));
    }
  }
  if (rank >= 0 && static_cast<int64_t>(labels.size()) != rank) {
    return absl::InvalidArgumentError(
        absl::StrCat("the term '", std::string(term),
                     "' does not fit an operand of rank ", rank));
  }
  return labels;
}

// What an equation without "->" means: the axes of ellipses, then the letters
// that occur once, in alphabetical order.
Labels ImplicitOutput(const std::vector<Labels>& operands,
                      int64_t ellipsis_axes) {
  Labels output;
  for (int64_t axis = ellipsis_axes; axis-- > 0;) {
    output.push_back(kEllipsis + static_cast<Label>(axis));
  }
  for (Label letter = 0; letter < kEllipsis; ++letter) {
    int64_t count = 0;
    for (const Labels& labels : operands) {
      count += std::ranges::count(labels, letter);
    }
    if (count == 1) output.push_back(letter);
  }
  return output;
}

absl::Status AddSizes(const Labels& labels, const TensorDims& dims,
                      std::map<Label, int64_t>* sizes) {
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto [it, is_new] = sizes->emplace(labels[i], dims[i]);
    if (is_new || it->second == dims[i]) continue;
    const bool broadcasts =
        labels[i] >= kEllipsis && (it->second == 1 || dims[i] == 1);
    if (!broadcasts) {
      return absl::InvalidArgumentError(
          absl::StrCat("one label is for dims ", it->second, " and ", dims[i]));
    }
    if (it->second == 1) it->second = dims[i];
  }
  return absl::OkStatus();
}

absl::StatusOr<Equation> ParseEquation(std::string text,
                                       std::span<const TensorRef> inputs) {
  std::erase(text, ' ');
  const size_t arrow = text.find("->");
  std::string_view terms = std::string_view(text).substr(0, arrow);
  Equation equation;
  int64_t ellipsis_axes = 0;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const size_t comma = terms.find(',');
    if ((comma == std::string_view::npos) != (i + 1 == inputs.size())) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", text, "' is not for ", inputs.size(), " operands"));
    }
    const TensorDims& dims = inputs[i]->dims();
    ASSIGN_OR_RETURN(Labels labels,
                     ParseTerm(terms.substr(0, comma),
                               static_cast<int64_t>(dims.size()), 0));
    RETURN_IF_ERROR(AddSizes(labels, dims, &equation.sizes));
    const int64_t axes = std::ranges::count_if(
        labels, [](Label label) { return label >= kEllipsis; });
    ellipsis_axes = std::max(ellipsis_axes, axes);
    equation.operands.push_back(std::move(labels));
    terms.remove_prefix(comma == std::string_view::npos ? terms.size()
                                                        : comma + 1);
  }
  if (arrow == std::string::npos) {
    equation.output = ImplicitOutput(equation.operands, ellipsis_axes);
    return equation;
  }
  ASSIGN_OR_RETURN(
      equation.output,
      ParseTerm(std::string_view(text).substr(arrow + 2), -1, ellipsis_axes));
  for (const Label label : equation.output) {
    if (std::ranges::count(equation.output, label) != 1 ||
        !equation.sizes.contains(label)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the output of '", text, "' is wrong"));
    }
  }
  return equation;
}

// A view of a tensor, or an intermediate result. No label is repeated in the
// latter.
template <typename T>
struct Operand {
  std::vector<T> owned;
  const T* data = nullptr;
  Labels labels;
  Strides strides;
};

template <typename T>
class Contraction {
 public:
  explicit Contraction(const Equation& equation) : equation_(equation) {}

  TensorDims DimsOf(const Labels& labels) const {
    TensorDims dims;
    for (const Label label : labels) dims.push_back(equation_.sizes.at(label));
    return dims;
  }

  // Row-major with exactly the axes `kept`, the others (and diagonals) summed.
  absl::StatusOr<Operand<T>> Arrange(const Operand<T>& operand,
                                     const Labels& kept) const {
    Labels order = kept;
    for (const Label label : operand.labels) {
      if (!Contains(order, label)) order.push_back(label);
    }
    Strides from(order.size(), 0);
    for (size_t i = 0; i < operand.labels.size(); ++i) {
      from[std::ranges::find(order, operand.labels[i]) - order.begin()] +=
          operand.strides[i];
    }
    Operand<T> result;
    ASSIGN_OR_RETURN(result.owned, Zeros(kept));
    result.labels = kept;
    result.strides = RowMajorStrides(DimsOf(kept));
    Strides to = result.strides;
    to.resize(order.size(), 0);
    T* out = result.owned.data();
    ForEachRun<2>(DimsOf(order), {from, to},
                  [&](int64_t n, const std::array<int64_t, 2>& at,
                      const std::array<int64_t, 2>& steps) {
                    for (int64_t i = 0; i < n; ++i) {
                      out[at[1] + i * steps[1]] +=
                          operand.data[at[0] + i * steps[0]];
                    }
                  });
    result.data = out;
    return result;
  }

  // The product of a and b, summed over what is not in `needed`.
  absl::StatusOr<Operand<T>> Multiply(const Operand<T>& a, const Operand<T>& b,
                                      const Labels& needed) const {
    Labels batch;
    Labels summed;
    Labels rows;
    Labels columns;
    for (const Label label : a.labels) {
      const bool shared = Contains(b.labels, label);
      const bool is_needed = Contains(needed, label);
      if (!shared && !is_needed) continue;  // Arrange sums it
      Labels& group = !shared ? rows : is_needed ? batch : summed;
      if (!Contains(group, label)) group.push_back(label);
    }
    for (const Label label : b.labels) {
      if (!Contains(a.labels, label) && Contains(needed, label) &&
          !Contains(columns, label)) {
        columns.push_back(label);
      }
    }
    ASSIGN_OR_RETURN(const Operand<T> left,
                     Arrange(a, Joined(batch, rows, summed)));
    ASSIGN_OR_RETURN(const Operand<T> right,
                     Arrange(b, Joined(batch, summed, columns)));
    Operand<T> result;
    result.labels = Joined(batch, rows, columns);
    result.strides = RowMajorStrides(DimsOf(result.labels));
    ASSIGN_OR_RETURN(result.owned, Zeros(result.labels));
    result.data = result.owned.data();
    if (result.owned.empty()) return result;
    const int64_t m = SizeOf(rows);
    const int64_t n = SizeOf(columns);
    const int64_t k = SizeOf(summed);
    for (int64_t i = 0; i < SizeOf(batch); ++i) {
      MultiplyMatrices<T>(m, n, k, {left.data + i * m * k, k, 1},
                          {right.data + i * k * n, n, 1},
                          result.owned.data() + i * m * n, n);
    }
    return result;
  }

 private:
  static Labels Joined(Labels a, const Labels& b, const Labels& c) {
    a.insert(a.end(), b.begin(), b.end());
    a.insert(a.end(), c.begin(), c.end());
    return a;
  }
  int64_t SizeOf(const Labels& labels) const {
    return ProductOf(DimsOf(labels), 0, labels.size());
  }
  absl::StatusOr<std::vector<T>> Zeros(const Labels& labels) const {
    constexpr int64_t kMaxElements = 1 << 28;
    const std::optional<int64_t> count = NumElements(DimsOf(labels));
    if (!count || *count > kMaxElements) {
      return absl::ResourceExhaustedError(
          "an intermediate result is too large");
    }
    return std::vector<T>(*count);
  }

  const Equation& equation_;
};

// An axis that broadcasts (along an ellipsis) is left out.
template <typename T>
Operand<T> ViewOf(const Tensor& tensor, const Numbers<T>& numbers,
                  const Labels& labels, const Equation& equation) {
  Operand<T> operand;
  operand.data = numbers.data();
  const Strides strides = RowMajorStrides(tensor.dims());
  for (size_t i = 0; i < labels.size(); ++i) {
    if (tensor.dims()[i] != equation.sizes.at(labels[i])) continue;
    operand.labels.push_back(labels[i]);
    operand.strides.push_back(strides[i]);
  }
  return operand;
}

// What the output and the operands after number i have.
Labels NeededAfter(const Equation& equation, size_t i) {
  Labels needed = equation.output;
  for (++i; i < equation.operands.size(); ++i) {
    needed.insert(needed.end(), equation.operands[i].begin(),
                  equation.operands[i].end());
  }
  return needed;
}

Outputs Einsum(const KernelArgs& args) {
  ASSIGN_OR_RETURN(
      const Equation equation,
      ParseEquation(std::string(args.attributes().String("equation", "")),
                    args.inputs()));
  const ElementType type = args.input(0)->type();
  return WithNumberType(type, [&]<typename T>(T) -> Outputs {
    const Contraction<T> contraction(equation);
    ASSIGN_OR_RETURN(
        Result<T> result,
        Result<T>::Create(type, contraction.DimsOf(equation.output)));
    ASSIGN_OR_RETURN(const Numbers<T> first, Numbers<T>::Of(*args.input(0)));
    Operand<T> product =
        ViewOf(*args.input(0), first, equation.operands[0], equation);
    for (size_t i = 1; i < equation.operands.size(); ++i) {
      const Tensor& tensor = *args.input(static_cast<int>(i));
      ASSIGN_OR_RETURN(const Numbers<T> numbers, Numbers<T>::Of(tensor));
      ASSIGN_OR_RETURN(
          product,
          contraction.Multiply(
              product, ViewOf(tensor, numbers, equation.operands[i], equation),
              NeededAfter(equation, i)));
    }
    ASSIGN_OR_RETURN(const Operand<T> arranged,
                     contraction.Arrange(product, equation.output));
    std::ranges::copy(arranged.owned, result.data());
    return Single(std::move(result));
  });
}

}  // namespace

KernelList EinsumKernels() { return {{"Einsum"_op, Einsum}}; }

}  // namespace onnxopt::eval
