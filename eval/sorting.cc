// SPDX-License-Identifier: Apache-2.0
// Operators that put elements into an order.
#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "eval/arguments.h"
#include "eval/elements.h"
#include "eval/families.h"
#include "eval/move_elements.h"

namespace onnxopt::eval {
namespace {

constexpr uint64_t kSignBit = uint64_t{1} << 63;

// Keeps the order; -0 and 0 are equal, and NaN, all equal, above everything.
uint64_t KeyOf(double value) {
  if (std::isnan(value)) return UINT64_MAX;
  const auto bits = std::bit_cast<uint64_t>(value == 0 ? 0.0 : value);
  return bits & kSignBit ? ~bits : bits | kSignBit;
}

// The rank of each value among the distinct ones.
template <typename T>
std::vector<uint64_t> RanksOf(const std::vector<T>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<uint64_t> ranks(values.size());
  for (size_t i = 1; i < order.size(); ++i) {
    ranks[order[i]] =
        ranks[order[i - 1]] + (values[order[i - 1]] < values[order[i]] ? 1 : 0);
  }
  return ranks;
}

// A number for each element, ordered and equal as the elements are. Complex
// numbers are ordered by their real parts first.
absl::StatusOr<std::vector<uint64_t>> OrderKeys(const Tensor& tensor) {
  const ElementType type = tensor.type();
  if (type == ElementType::kString) return RanksOf(tensor.strings());
  ASSIGN_OR_RETURN(const std::string_view bytes, tensor.bytes());
  std::vector<uint64_t> keys(tensor.num_elements());
  const auto key_of_floating = [&](ElementType part, int64_t i) {
    double value;
    LoadFloating(part, bytes, i, {&value, 1});
    return KeyOf(value);
  };
  if (type == ElementType::kComplex64 || type == ElementType::kComplex128) {
    const auto part = type == ElementType::kComplex64 ? ElementType::kFloat
                                                      : ElementType::kDouble;
    std::vector<std::pair<uint64_t, uint64_t>> pairs;
    for (int64_t i = 0; i < tensor.num_elements(); ++i) {
      pairs.emplace_back(key_of_floating(part, 2 * i),
                         key_of_floating(part, 2 * i + 1));
    }
    return RanksOf(pairs);
  }
  for (int64_t i = 0; i < tensor.num_elements(); ++i) {
    if (IsFloating(type)) {
      keys[i] = key_of_floating(type, i);
    } else {
      int64_t value;
      LoadIntegers(type, bytes, i, {&value, 1});
      keys[i] = static_cast<uint64_t>(value) ^
                (type == ElementType::kUint64 ? 0 : kSignBit);
    }
  }
  return keys;
}

KernelOutputs TopK(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  ASSIGN_OR_RETURN(const int64_t k, ScalarOf(*args.input(1)));
  ASSIGN_OR_RETURN(const int64_t axis,
                   NormalizeAxis(args.attributes().Int("axis", -1), RankOf(x)));
  const bool largest = args.attributes().Int("largest", 1) != 0;
  const int64_t dim = x.dims()[axis];
  if (k < 0 || k > dim) {
    return Invalid(absl::StrCat("K ", k, " is not in 0..", dim));
  }
  ASSIGN_OR_RETURN(std::vector<uint64_t> keys, OrderKeys(x));
  if (largest) {
    for (uint64_t& key : keys) key = ~key;
  }
  TensorDims dims = x.dims();
  dims[axis] = k;
  ASSIGN_OR_RETURN(TensorBuilder places,
                   TensorBuilder::Create(ElementType::kInt64, dims));
  const auto indices = places.As<int64_t>();
  std::vector<int64_t> offsets(indices.size());
  const int64_t inner = ProductOf(dims, axis + 1, dims.size());
  const int64_t outer = ProductOf(dims, 0, axis);
  std::vector<int64_t> order(indices.empty() ? 0 : dim);
  for (int64_t o = 0; o < outer && !indices.empty(); ++o) {
    for (int64_t i = 0; i < inner; ++i) {
      const int64_t first = o * dim * inner + i;
      std::iota(order.begin(), order.end(), 0);
      std::partial_sort(order.begin(), order.begin() + k, order.end(),
                        [&](int64_t a, int64_t b) {
                          const uint64_t key_a = keys[first + a * inner];
                          const uint64_t key_b = keys[first + b * inner];
                          return key_a != key_b ? key_a < key_b : a < b;
                        });
      for (int64_t j = 0; j < k; ++j) {
        const int64_t at = (o * k + j) * inner + i;
        indices[at] = order[j];
        offsets[at] = first + order[j] * inner;
      }
    }
  }
  ASSIGN_OR_RETURN(TensorRef values, GatheredRuns(x, dims, offsets, 1));
  ASSIGN_OR_RETURN(TensorRef taken, std::move(places).Finish());
  return std::vector<TensorRef>{std::move(values), std::move(taken)};
}

// Equal slices of a list.
struct Groups {
  std::vector<int64_t> first;    // index of the first slice of each group
  std::vector<int64_t> counts;   // of slices in each group
  std::vector<int64_t> inverse;  // the group of each slice
};

// `compare(a, b)` is below, equal to or above 0. Groups are in order of their
// slices, or else of first appearance.
template <typename Compare>
Groups GroupEqual(int64_t count, bool sorted, Compare compare) {
  std::vector<int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return compare(a, b) < 0; });
  // The first slice of the group of each slice.
  std::vector<int64_t> leader(count);
  std::vector<int64_t> first;
  for (int64_t i = 0; i < count; ++i) {
    if (i == 0 || compare(order[i - 1], order[i]) != 0) {
      first.push_back(order[i]);
    }
    leader[order[i]] = first.back();
  }
  if (!sorted) std::sort(first.begin(), first.end());
  std::vector<int64_t> group_of_leader(count);
  for (size_t g = 0; g < first.size(); ++g) {
    group_of_leader[first[g]] = static_cast<int64_t>(g);
  }
  Groups groups;
  groups.counts.resize(first.size());
  for (const int64_t slice : leader) {
    groups.inverse.push_back(group_of_leader[slice]);
    ++groups.counts[groups.inverse.back()];
  }
  groups.first = std::move(first);
  return groups;
}

KernelOutputs Unique(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  // Without an axis, as if the elements were in a list.
  TensorDims dims = {x.num_elements()};
  int64_t axis = 0;
  if (const auto given = args.attributes().Int("axis"); given) {
    ASSIGN_OR_RETURN(axis, NormalizeAxis(*given, RankOf(x)));
    dims = x.dims();
  }
  ASSIGN_OR_RETURN(const std::vector<uint64_t> keys, OrderKeys(x));
  const int64_t dim = dims[axis];
  const int64_t inner = ProductOf(dims, axis + 1, dims.size());
  // Slices without elements are all equal, however many rows they have.
  const bool empty = x.num_elements() == 0;
  const int64_t outer = empty ? 0 : ProductOf(dims, 0, axis);
  if (empty && dim > kMaxStrings) return Invalid("the axis is too long");
  const Groups groups = GroupEqual(
      dim, args.attributes().Int("sorted", 1) != 0, [&](int64_t a, int64_t b) {
        for (int64_t o = 0; o < outer; ++o) {
          const uint64_t* row = keys.data() + o * dim * inner;
          for (int64_t i = 0; i < inner; ++i) {
            const uint64_t key_a = row[a * inner + i];
            const uint64_t key_b = row[b * inner + i];
            if (key_a != key_b) return key_a < key_b ? -1 : 1;
          }
        }
        return 0;
      });
  dims[axis] = static_cast<int64_t>(groups.first.size());
  std::vector<int64_t> offsets;
  for (int64_t o = 0; o < outer; ++o) {
    for (const int64_t slice : groups.first) {
      offsets.push_back((o * dim + slice) * inner);
    }
  }
  std::vector<TensorRef> outputs(4);
  ASSIGN_OR_RETURN(outputs[0], GatheredRuns(x, dims, offsets, inner));
  ASSIGN_OR_RETURN(outputs[1], MakeInt64s(groups.first));
  ASSIGN_OR_RETURN(outputs[2], MakeInt64s(groups.inverse));
  ASSIGN_OR_RETURN(outputs[3], MakeInt64s(groups.counts));
  return outputs;
}

}  // namespace

KernelList SortingKernels() {
  return {{"TopK"_op, TopK}, {"Unique"_op, Unique}};
}

}  // namespace onnxopt::eval
