// SPDX-License-Identifier: Apache-2.0
// Reductions over any axes. The input is read once in order, each element being
// added to its result, so the order of additions is always the same. Sums of
// floating types are kept in double, those of integers wrap around.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
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

struct Plan {
  TensorDims result_dims;
  int64_t num_results = 0;
  // Elements of the input per result.
  int64_t count = 0;
  // The loop over the input: strides in the input, and in the result.
  TensorDims loop_dims;
  std::array<Strides, 2> strides;
};

// Which axes are reduced.
absl::StatusOr<std::vector<bool>> ReducedAxes(const KernelArgs& args) {
  const size_t rank = args.input(0)->dims().size();
  std::vector<int64_t> axes;
  if (args.input(1) != nullptr) {
    if (args.input(1)->dims().size() != 1) {
      return absl::InvalidArgumentError("axes must be of rank 1");
    }
    ASSIGN_OR_RETURN(axes, IntegersOf(*args.input(1)));
  }
  if (axes.empty()) {
    const bool keep = args.attributes().Int("noop_with_empty_axes", 0) != 0;
    return std::vector<bool>(rank, !keep);
  }
  std::vector<bool> reduced(rank, false);
  for (const int64_t given : axes) {
    ASSIGN_OR_RETURN(const int64_t axis,
                     NormalizeAxis(given, static_cast<int64_t>(rank)));
    if (reduced[axis]) {
      return absl::InvalidArgumentError(
          absl::StrCat("axis ", axis, " is given twice"));
    }
    reduced[axis] = true;
  }
  return reduced;
}

absl::StatusOr<Plan> MakePlan(const KernelArgs& args) {
  const TensorDims& dims = args.input(0)->dims();
  ASSIGN_OR_RETURN(const std::vector<bool> reduced, ReducedAxes(args));
  const bool keepdims = args.attributes().Int("keepdims", 1) != 0;
  Plan plan;
  TensorDims kept_dims;  // as with keepdims
  TensorDims reduced_dims;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    kept_dims.push_back(reduced[axis] ? 1 : dims[axis]);
    if (reduced[axis]) reduced_dims.push_back(dims[axis]);
    if (keepdims || !reduced[axis]) plan.result_dims.push_back(kept_dims[axis]);
  }
  const std::optional<int64_t> num_results = NumElements(kept_dims);
  const std::optional<int64_t> count = NumElements(reduced_dims);
  if (!num_results || !count ||
      *num_results > Tensor::kMaxMaterializedBytes / 8) {
    return absl::ResourceExhaustedError("the result is too large");
  }
  plan.num_results = *num_results;
  plan.count = *count;
  if (args.input(0)->num_elements() == 0) return plan;  // no loop
  plan.loop_dims = dims;
  plan.strides = {RowMajorStrides(dims), BroadcastStrides(kept_dims, dims)};
  JoinAxes(&plan.loop_dims, std::span(plan.strides));
  return plan;
}

// step(&result, element) for all elements in order.
template <typename T, typename Step>
absl::Status ForEachElement(const Tensor& x, const Plan& plan,
                            std::vector<T>& results, Step step) {
  if (x.num_elements() == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string_view bytes, x.bytes());
  std::array<T, kBlock> block;
  ForEachRun(plan.loop_dims, plan.strides,
             [&](int64_t size, const std::array<int64_t, 2>& offsets,
                 const std::array<int64_t, 2>& steps) {
               for (int64_t done = 0; done < size; done += kBlock) {
                 const int64_t n = std::min(kBlock, size - done);
                 Load<T>(x.type(), bytes, offsets[0] + done,
                         std::span(block).first(n));
                 T* result = results.data() + offsets[1] + done * steps[1];
                 for (int64_t i = 0; i < n; ++i) {
                   step(result[i * steps[1]], block[i]);
                 }
               }
             });
  return absl::OkStatus();
}

template <typename T>
Outputs StoreResults(const Plan& plan, ElementType type,
                     const std::vector<T>& results) {
  ASSIGN_OR_RETURN(TensorBuilder result,
                   TensorBuilder::Create(type, plan.result_dims));
  Store<T>(type, results, 0, result.bytes());
  return OneOutput(std::move(result).Finish());
}

template <typename T>
struct Reduction {
  T initial;
  T (*step)(T result, T element);
};

template <typename T>
Outputs Reduce(const Tensor& x, const Plan& plan, const Reduction<T>& reduction,
               absl::FunctionRef<T(T)> finish) {
  std::vector<T> results(plan.num_results, reduction.initial);
  RETURN_IF_ERROR(ForEachElement<T>(
      x, plan, results,
      [&](T& result, T element) { result = reduction.step(result, element); }));
  for (T& result : results) result = finish(result);
  return StoreResults(plan, x.type(), results);
}

// What has no value over an empty set, in integers.
absl::Status CheckNotEmpty(const Tensor& x, const Plan& plan) {
  if (plan.count > 0 || plan.num_results == 0 || IsFloating(x.type())) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "no integer is the reduction of an empty set");
}

template <typename T>
T AddMagnitude(T sum, T x) {
  return Plus<T>(sum, x < 0 ? Minus<T>(0, x) : x);
}
template <typename T>
T AddSquare(T sum, T x) {
  return Plus<T>(sum, Times<T>(x, x));
}

// Sums and products, which are exact in wrapping integers.
struct ExactReduction {
  OpId op;
  Reduction<double> floating;
  Reduction<int64_t> integer;
};

constexpr ExactReduction kExactReductions[] = {
    {"ReduceL1"_op, {0, AddMagnitude<double>}, {0, AddMagnitude<int64_t>}},
    {"ReduceProd"_op, {1, Times<double>}, {1, Times<int64_t>}},
    {"ReduceSum"_op, {0, Plus<double>}, {0, Plus<int64_t>}},
    {"ReduceSumSquare"_op, {0, AddSquare<double>}, {0, AddSquare<int64_t>}},
};

Outputs ReduceExactly(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  ASSIGN_OR_RETURN(const Plan plan, MakePlan(args));
  const ExactReduction* entry = kExactReductions;
  while (entry->op != args.op().id()) ++entry;
  if (IsFloating(x.type())) {
    return Reduce<double>(x, plan, entry->floating, [](double r) { return r; });
  }
  // Magnitudes of uint64 are what they are.
  const bool is_plain_sum =
      IsUnsigned(x.type()) && args.op().id() == "ReduceL1"_op;
  return Reduce<int64_t>(
      x, plan,
      is_plain_sum ? Reduction<int64_t>{0, Plus<int64_t>} : entry->integer,
      [](int64_t r) { return r; });
}

Outputs ReduceMean(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  ASSIGN_OR_RETURN(const Plan plan, MakePlan(args));
  RETURN_IF_ERROR(CheckNotEmpty(x, plan));
  const int64_t count = plan.count;
  if (IsFloating(x.type())) {
    return Reduce<double>(x, plan, {0, Plus<double>}, [count](double sum) {
      return sum / static_cast<double>(count);
    });
  }
  const bool is_unsigned = IsUnsigned(x.type());
  return Reduce<int64_t>(x, plan, {0, Plus<int64_t>}, [=](int64_t sum) {
    return is_unsigned ? static_cast<int64_t>(static_cast<uint64_t>(sum) /
                                              static_cast<uint64_t>(count))
                       : sum / count;
  });
}

// Integers are reduced in double, and truncated.
Outputs ReduceInDouble(const KernelArgs& args, const Reduction<double>& step,
                       double (*finish)(double)) {
  const Tensor& x = *args.input(0);
  ASSIGN_OR_RETURN(const Plan plan, MakePlan(args));
  // The logarithm of an empty sum is -infinity.
  if (finish(0) != 0) RETURN_IF_ERROR(CheckNotEmpty(x, plan));
  return Reduce<double>(x, plan, step, finish);
}

Outputs ReduceL2(const KernelArgs& args) {
  return ReduceInDouble(args, {0, AddSquare<double>},
                        [](double sum) { return std::sqrt(sum); });
}

Outputs ReduceLogSum(const KernelArgs& args) {
  return ReduceInDouble(args, {0, Plus<double>},
                        [](double sum) { return std::log(sum); });
}

// log(sum(exp(x - shift))) + shift, where the shift, the largest element, keeps
// exp from overflowing.
Outputs ReduceLogSumExp(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  ASSIGN_OR_RETURN(const Plan plan, MakePlan(args));
  RETURN_IF_ERROR(CheckNotEmpty(x, plan));
  std::vector<double> shifts(plan.num_results,
                             -std::numeric_limits<double>::infinity());
  RETURN_IF_ERROR(ForEachElement<double>(
      x, plan, shifts,
      [](double& shift, double element) { shift = Larger(shift, element); }));
  for (double& shift : shifts) {
    if (!std::isfinite(shift)) shift = 0;
  }
  std::vector<double> sums(plan.num_results, 0);
  RETURN_IF_ERROR(
      ForEachElement<double>(x, plan, sums, [&](double& sum, double element) {
        sum += std::exp(element - shifts[&sum - sums.data()]);
      }));
  for (size_t i = 0; i < sums.size(); ++i) {
    sums[i] = std::log(sums[i]) + shifts[i];
  }
  return StoreResults(plan, x.type(), sums);
}

// The bits that differ between an integer of the type and its rank among all
// int64: comparing needs uint64 in another order.
int64_t OrderMask(ElementType type) {
  return type == ElementType::kUint64 ? INT64_MIN : 0;
}

// The smallest and largest integers of a type, as LoadIntegers gives them.
std::pair<int64_t, int64_t> IntegerRange(ElementType type) {
  if (type == ElementType::kBool) return {0, 1};
  if (type == ElementType::kUint64) return {0, -1};
  const int bits = BitWidth(type);
  if (IsUnsigned(type)) return {0, (int64_t{1} << bits) - 1};
  const int64_t max = static_cast<int64_t>(~uint64_t{0} >> (65 - bits));
  return {-max - 1, max};
}

// Over an empty set: -infinity or the smallest number for the maximum, and so
// on.
Outputs ReduceToExtreme(const KernelArgs& args, bool is_max) {
  const Tensor& x = *args.input(0);
  ASSIGN_OR_RETURN(const Plan plan, MakePlan(args));
  if (IsFloating(x.type())) {
    const double infinity = std::numeric_limits<double>::infinity();
    return Reduce<double>(x, plan,
                          {is_max ? -infinity : infinity,
                           is_max ? Larger<double> : Smaller<double>},
                          [](double r) { return r; });
  }
  const int64_t mask = OrderMask(x.type());
  const auto [min, max] = IntegerRange(x.type());
  std::vector<int64_t> results(plan.num_results, is_max ? min : max);
  RETURN_IF_ERROR(ForEachElement<int64_t>(
      x, plan, results, [=](int64_t& result, int64_t element) {
        const bool less = (element ^ mask) < (result ^ mask);
        if (less != is_max) result = element;
      }));
  return StoreResults(plan, x.type(), results);
}

Outputs ReduceMax(const KernelArgs& args) {
  return ReduceToExtreme(args, /*is_max=*/true);
}
Outputs ReduceMin(const KernelArgs& args) {
  return ReduceToExtreme(args, /*is_max=*/false);
}

}  // namespace

KernelList ReductionKernels() {
  KernelList kernels = {
      {"ReduceL2"_op, ReduceL2},
      {"ReduceLogSum"_op, ReduceLogSum},
      {"ReduceLogSumExp"_op, ReduceLogSumExp},
      {"ReduceMax"_op, ReduceMax},
      {"ReduceMean"_op, ReduceMean},
      {"ReduceMin"_op, ReduceMin},
  };
  for (const ExactReduction& entry : kExactReductions) {
    kernels.push_back({entry.op, ReduceExactly});
  }
  return kernels;
}

}  // namespace onnxopt::eval
