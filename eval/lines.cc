// SPDX-License-Identifier: Apache-2.0
// Operators that treat every line along one axis by itself: ArgMax, CumSum,
// Softmax and the like.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eval/arithmetic.h"
#include "eval/dense.h"
#include "eval/elements.h"
#include "eval/families.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

using Outputs = absl::StatusOr<std::vector<TensorRef>>;

// Elements that are converted at once, unless a single line is longer.
constexpr int64_t kSlab = 1 << 16;

// `size` elements, `stride` apart.
template <typename T>
struct Line {
  T& operator[](int64_t i) const { return first[i * stride]; }

  T* first;
  int64_t size;
  int64_t stride;
};

// visit(line, number) for all lines of `x` along `axis`, where number counts
// the lines in row-major order of the other axes. What is left in the lines is
// stored in `result`, of the same dims, unless it is null.
template <typename T, typename Visit>
absl::Status ForEachLine(const Tensor& x, int64_t axis, TensorBuilder* result,
                         Visit visit) {
  if (x.num_elements() == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string_view bytes, x.bytes());
  const TensorDims& dims = x.dims();
  const int64_t outer = ProductOf(dims, 0, axis);
  const int64_t inner = ProductOf(dims, axis + 1, dims.size());
  const int64_t size = dims[axis];
  const int64_t width = std::clamp<int64_t>(kSlab / size, 1, inner);
  std::vector<T> slab(size * width);
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t column = 0; column < inner; column += width) {
      const int64_t n = std::min(width, inner - column);
      // Lines that lie one after the other are read at once.
      const int64_t row = n == inner ? size * n : n;
      const int64_t first = o * size * inner + column;
      for (int64_t done = 0; done < size * n; done += row) {
        Load<T>(x.type(), bytes, first + done / n * inner,
                std::span(slab).subspan(done, row));
      }
      for (int64_t i = 0; i < n; ++i) {
        visit(Line<T>{slab.data() + i, size, n}, o * inner + column + i);
      }
      if (result == nullptr) continue;
      for (int64_t done = 0; done < size * n; done += row) {
        Store<T>(result->type(), std::span(slab).subspan(done, row),
                 first + done / n * inner, result->bytes());
      }
    }
  }
  return absl::OkStatus();
}

template <typename T, typename Visit>
Outputs MapLines(const Tensor& x, int64_t axis, Visit visit) {
  ASSIGN_OR_RETURN(TensorBuilder result,
                   TensorBuilder::Create(x.type(), x.dims()));
  RETURN_IF_ERROR(ForEachLine<T>(
      x, axis, &result, [&](const Line<T>& line, int64_t) { visit(line); }));
  return OneOutput(std::move(result).Finish());
}

absl::StatusOr<int64_t> AxisOf(const KernelArgs& args) {
  return NormalizeAxis(args.attributes().Int("axis", -1),
                       static_cast<int64_t>(args.input(0)->dims().size()));
}

// The position of the largest element (or of the smallest one: `less` exchanges
// its arguments). A NaN beats all numbers, as in NumPy.
template <typename T, typename Less>
int64_t Extreme(const Line<T>& line, bool select_last, Less less) {
  int64_t best = 0;
  for (int64_t i = 1; i < line.size; ++i) {
    const T a = line[i];
    const T b = line[best];
    bool better = less(b, a);
    bool tied = !better && !less(a, b);
    if (IsNotANumber(a) || IsNotANumber(b)) {
      better = !IsNotANumber(b);
      tied = IsNotANumber(a) && IsNotANumber(b);
    }
    if (better || (tied && select_last)) best = i;
  }
  return best;
}

Outputs ArgExtreme(const KernelArgs& args, bool is_max) {
  const Tensor& x = *args.input(0);
  ASSIGN_OR_RETURN(const int64_t axis, AxisOf(args));
  const bool select_last = args.attributes().Int("select_last_index", 0) != 0;
  TensorDims dims = x.dims();
  if (args.attributes().Int("keepdims", 1) != 0) {
    dims[axis] = 1;
  } else {
    dims.erase(dims.begin() + axis);
  }
  ASSIGN_OR_RETURN(TensorBuilder result,
                   TensorBuilder::Create(ElementType::kInt64, std::move(dims)));
  if (x.dims()[axis] == 0 && result.num_elements() > 0) {
    return absl::InvalidArgumentError("no element to choose from");
  }
  const std::span<int64_t> out = result.As<int64_t>();
  if (IsFloating(x.type())) {
    RETURN_IF_ERROR(ForEachLine<double>(
        x, axis, nullptr, [&](const Line<double>& line, int64_t number) {
          out[number] = Extreme(
              line, select_last,
              [is_max](double a, double b) { return is_max ? a < b : b < a; });
        }));
  } else {
    // uint64 in the order of int64.
    const int64_t mask = x.type() == ElementType::kUint64 ? INT64_MIN : 0;
    RETURN_IF_ERROR(ForEachLine<int64_t>(
        x, axis, nullptr, [&](const Line<int64_t>& line, int64_t number) {
          out[number] = Extreme(line, select_last, [=](int64_t a, int64_t b) {
            return is_max ? (a ^ mask) < (b ^ mask) : (b ^ mask) < (a ^ mask);
          });
        }));
  }
  return OneOutput(std::move(result).Finish());
}

Outputs ArgMax(const KernelArgs& args) {
  return ArgExtreme(args, /*is_max=*/true);
}
Outputs ArgMin(const KernelArgs& args) {
  return ArgExtreme(args, /*is_max=*/false);
}

template <typename T>
Outputs Accumulate(const KernelArgs& args, int64_t axis, T initial,
                   T (*combine)(T, T)) {
  const bool exclusive = args.attributes().Int("exclusive", 0) != 0;
  const bool reverse = args.attributes().Int("reverse", 0) != 0;
  return MapLines<T>(*args.input(0), axis, [=](const Line<T>& line) {
    T sum = initial;
    for (int64_t k = 0; k < line.size; ++k) {
      T& element = line[reverse ? line.size - 1 - k : k];
      const T before = sum;
      sum = combine(sum, element);
      element = exclusive ? before : sum;
    }
  });
}

absl::StatusOr<int64_t> CumulativeAxis(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const std::vector<int64_t> axis, IntegersOf(*args.input(1)));
  if (axis.size() != 1) {
    return absl::InvalidArgumentError("the axis must be a scalar");
  }
  return NormalizeAxis(axis[0],
                       static_cast<int64_t>(args.input(0)->dims().size()));
}

Outputs CumSum(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const int64_t axis, CumulativeAxis(args));
  return IsFloating(args.input(0)->type())
             ? Accumulate<double>(args, axis, 0, Plus<double>)
             : Accumulate<int64_t>(args, axis, 0, Plus<int64_t>);
}

Outputs CumProd(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const int64_t axis, CumulativeAxis(args));
  return IsFloating(args.input(0)->type())
             ? Accumulate<double>(args, axis, 1, Times<double>)
             : Accumulate<int64_t>(args, axis, 1, Times<int64_t>);
}

double LargestOf(const Line<double>& line) {
  double largest = line[0];
  for (int64_t i = 1; i < line.size; ++i) largest = Larger(largest, line[i]);
  return largest;
}

Outputs Softmax(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const int64_t axis, AxisOf(args));
  return MapLines<double>(*args.input(0), axis, [](const Line<double>& line) {
    const double largest = LargestOf(line);
    double sum = 0;
    for (int64_t i = 0; i < line.size; ++i) {
      line[i] = std::exp(line[i] - largest);
      sum += line[i];
    }
    for (int64_t i = 0; i < line.size; ++i) line[i] /= sum;
  });
}

Outputs LogSoftmax(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const int64_t axis, AxisOf(args));
  return MapLines<double>(*args.input(0), axis, [](const Line<double>& line) {
    const double largest = LargestOf(line);
    double sum = 0;
    for (int64_t i = 0; i < line.size; ++i) {
      sum += std::exp(line[i] - largest);
    }
    const double log_sum = std::log(sum);
    for (int64_t i = 0; i < line.size; ++i) {
      line[i] = line[i] - largest - log_sum;
    }
  });
}

Outputs Hardmax(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const int64_t axis, AxisOf(args));
  return MapLines<double>(*args.input(0), axis, [](const Line<double>& line) {
    const int64_t best = Extreme(line, /*select_last=*/false,
                                 [](double a, double b) { return a < b; });
    for (int64_t i = 0; i < line.size; ++i) line[i] = i == best ? 1 : 0;
  });
}

Outputs LpNormalization(const KernelArgs& args) {
  ASSIGN_OR_RETURN(const int64_t axis, AxisOf(args));
  const int64_t p = args.attributes().Int("p", 2);
  if (p != 1 && p != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("p must be 1 or 2, not ", p));
  }
  return MapLines<double>(*args.input(0), axis, [p](const Line<double>& line) {
    double norm = 0;
    for (int64_t i = 0; i < line.size; ++i) {
      norm += p == 1 ? std::fabs(line[i]) : line[i] * line[i];
    }
    if (p == 2) norm = std::sqrt(norm);
    if (norm == 0) return;  // zeros stay zeros
    for (int64_t i = 0; i < line.size; ++i) line[i] /= norm;
  });
}

}  // namespace

KernelList LineKernels() {
  return {
      {"ArgMax"_op, ArgMax},
      {"ArgMin"_op, ArgMin},
      {"CumProd"_op, CumProd},
      {"CumSum"_op, CumSum},
      {"Hardmax"_op, Hardmax},
      {"LogSoftmax"_op, LogSoftmax},
      {"LpNormalization"_op, LpNormalization},
      {"Softmax"_op, Softmax},
  };
}

}  // namespace onnxopt::eval
