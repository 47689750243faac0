// SPDX-License-Identifier: Apache-2.0
// Operators that write elements into a copy of a tensor.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "eval/arguments.h"
#include "eval/elements.h"
#include "eval/families.h"
#include "eval/indices.h"
#include "eval/move_elements.h"

namespace onnxopt::eval {
namespace {

enum class Reduction { kNone, kAdd, kMul, kMax, kMin };

absl::StatusOr<Reduction> ReductionOf(const KernelArgs& args) {
  const std::string_view name = args.attributes().String("reduction", "none");
  if (name == "none") return Reduction::kNone;
  if (name == "add") return Reduction::kAdd;
  if (name == "mul") return Reduction::kMul;
  if (name == "max") return Reduction::kMax;
  if (name == "min") return Reduction::kMin;
  return Invalid(
      absl::StrCat("reduction ", std::string(name), " is not known"));
}

// NaN in, NaN out.
double Combine(Reduction reduction, double a, double b) {
  switch (reduction) {
    case Reduction::kAdd:
      return a + b;
    case Reduction::kMul:
      return a * b;
    case Reduction::kMax:
      return std::isnan(a) || a > b ? a : b;
    case Reduction::kMin:
      return std::isnan(a) || a < b ? a : b;
    case Reduction::kNone:
      break;
  }
  return b;
}

// Two's complement; integers that are `unsigned` are in the bits of int64.
int64_t Combine(Reduction reduction, bool is_unsigned, int64_t a, int64_t b) {
  const auto x = static_cast<uint64_t>(a);
  const auto y = static_cast<uint64_t>(b);
  const bool less = is_unsigned ? x < y : a < b;
  switch (reduction) {
    case Reduction::kAdd:
      return static_cast<int64_t>(x + y);
    case Reduction::kMul:
      return static_cast<int64_t>(x * y);
    case Reduction::kMax:
      return less ? b : a;
    case Reduction::kMin:
      return less ? a : b;
    case Reduction::kNone:
      break;
  }
  return b;
}

// Writes the elements of `updates`, in order, into `bytes`, elements of `type`.
// Every step is rounded to the type, as if computed in it.
void Reduce(ElementType type, Reduction reduction, std::string_view updates,
            std::span<const int64_t> offsets, int64_t run,
            std::span<char> bytes) {
  const std::string_view current(bytes.data(), bytes.size());
  int64_t update = 0;
  for (const int64_t offset : offsets) {
    for (int64_t at = offset; at < offset + run; ++at, ++update) {
      if (IsFloating(type)) {
        double a;
        double b;
        LoadFloating(type, current, at, {&a, 1});
        LoadFloating(type, updates, update, {&b, 1});
        a = Combine(reduction, a, b);
        StoreFloating(type, {&a, 1}, at, bytes);
      } else {
        int64_t a;
        int64_t b;
        LoadIntegers(type, current, at, {&a, 1});
        LoadIntegers(type, updates, update, {&b, 1});
        // Sums of bools are their disjunctions: StoreIntegers sees to that.
        a = Combine(reduction, IsUnsigned(type), a, b);
        StoreIntegers(type, {&a, 1}, at, bytes);
      }
    }
  }
}

// `data` with runs of elements at `offsets` replaced by, or combined with,
// those of `updates`, in order.
absl::StatusOr<TensorRef> Scattered(const Tensor& data, const Tensor& updates,
                                    std::span<const int64_t> offsets,
                                    int64_t run, Reduction reduction) {
  if (reduction == Reduction::kNone) {
    const std::array<const Tensor*, 2> inputs = {&data, &updates};
    return MoveElements(data.dims(), inputs, [&](auto out, const auto& in) {
      std::copy(in[0].begin(), in[0].end(), out.begin());
      auto from = in[1].begin();
      for (const int64_t offset : offsets) {
        std::copy_n(from, run, out.begin() + offset);
        from += run;
      }
    });
  }
  const ElementType type = data.type();
  if (!IsFloating(type) && !IsInteger(type) && type != ElementType::kBool) {
    return absl::UnimplementedError(
        absl::StrCat("reductions of ", std::string(ElementTypeName(type))));
  }
  ASSIGN_OR_RETURN(const std::string_view old, data.bytes());
  ASSIGN_OR_RETURN(const std::string_view source, updates.bytes());
  ASSIGN_OR_RETURN(TensorBuilder out, TensorBuilder::Create(type, data.dims()));
  std::copy(old.begin(), old.end(), out.bytes().begin());
  Reduce(type, reduction, source, offsets, run, out.bytes());
  return std::move(out).Finish();
}

KernelOutputs ScatterElements(const KernelArgs& args) {
  const Tensor& data = *args.input(0);
  const Tensor& index = *args.input(1);
  const Tensor& updates = *args.input(2);
  ASSIGN_OR_RETURN(
      const int64_t axis,
      NormalizeAxis(args.attributes().Int("axis", 0), RankOf(data)));
  ASSIGN_OR_RETURN(const Reduction reduction, ReductionOf(args));
  if (updates.dims() != index.dims()) {
    return Invalid("indices and updates have different dims");
  }
  ASSIGN_OR_RETURN(const auto offsets, ElementOffsets(data, index, axis));
  return Single(Scattered(data, updates, offsets, 1, reduction));
}

KernelOutputs ScatterND(const KernelArgs& args) {
  const Tensor& data = *args.input(0);
  const Tensor& index = *args.input(1);
  const Tensor& updates = *args.input(2);
  ASSIGN_OR_RETURN(const Reduction reduction, ReductionOf(args));
  ASSIGN_OR_RETURN(const Slices slices, SlicesOf(data, index, 0));
  TensorDims dims(index.dims().begin(), index.dims().end() - 1);
  dims.insert(dims.end(), slices.dims.begin(), slices.dims.end());
  if (updates.dims() != dims) {
    return Invalid("updates have other dims than the slices of data");
  }
  return Single(
      Scattered(data, updates, slices.offsets, slices.run, reduction));
}

KernelOutputs TensorScatter(const KernelArgs& args) {
  const Tensor& cache = *args.input(0);
  const Tensor& update = *args.input(1);
  const TensorDims& dims = cache.dims();
  ASSIGN_OR_RETURN(
      const int64_t axis,
      NormalizeAxis(args.attributes().Int("axis", -2), RankOf(cache)));
  TensorDims expected = dims;
  if (axis == 0 || update.dims().size() != dims.size()) {
    return Invalid("the axis or the rank of update does not fit");
  }
  const int64_t length = update.dims()[axis];
  expected[axis] = length;
  if (update.dims() != expected || length > dims[axis]) {
    return Invalid(absl::StrCat("update ", update.TypeString(),
                                " does not fit ", cache.TypeString()));
  }
  const std::string_view mode = args.attributes().String("mode", "linear");
  if (mode != "linear" && mode != "circular") {
    return Invalid(absl::StrCat("mode ", std::string(mode), " is not known"));
  }
  if (update.num_elements() == 0) {
    return std::vector<TensorRef>{args.inputs()[0]};
  }
  std::vector<int64_t> starts(dims[0], 0);
  if (args.input(2) != nullptr) {
    ASSIGN_OR_RETURN(starts, IntegersOf(*args.input(2)));
  }
  if (static_cast<int64_t>(starts.size()) != dims[0]) {
    return Invalid("there is not one write index for each batch");
  }
  for (const int64_t start : starts) {
    if (start < 0 || (mode == "linear" ? start > dims[axis] - length
                                       : start > INT64_MAX - length)) {
      return Invalid(absl::StrCat("write index ", start, " is out of range"));
    }
  }
  const int64_t run = ProductOf(dims, axis + 1, dims.size());
  const int64_t outer = ProductOf(dims, 1, axis);  // within a batch
  std::vector<int64_t> offsets;
  for (int64_t row = 0; row < dims[0] * outer; ++row) {
    for (int64_t i = 0; i < length; ++i) {
      const int64_t at = (starts[row / outer] + i) % dims[axis];
      offsets.push_back((row * dims[axis] + at) * run);
    }
  }
  return Single(Scattered(cache, update, offsets, run, Reduction::kNone));
}

}  // namespace

KernelList ScatterKernels() {
  return {{"ScatterElements"_op, ScatterElements},
          {"ScatterND"_op, ScatterND},
          {"TensorScatter"_op, TensorScatter}};
}

}  // namespace onnxopt::eval
