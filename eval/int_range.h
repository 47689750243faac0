// SPDX-License-Identifier: Apache-2.0
// Which integers a model accepts for an input.
#ifndef ONNXOPT_EVAL_INT_RANGE_H_
#define ONNXOPT_EVAL_INT_RANGE_H_

#include <cstdint>
#include <optional>

#include "absl/functional/function_ref.h"
#include "ir/tensor.h"
#include "ir/value.h"

namespace onnxopt::eval {

struct IntRange {
  enum class Kind : uint8_t {
    kPlain,    // any in [min, max]
    kReshape,  // 1 everywhere but one -1, the shape given to a Reshape
    kAxes,     // 0, 1, 2...
  };
  Kind kind = Kind::kPlain;
  int64_t min = INT64_MIN;
  int64_t max = INT64_MAX;

  /// Nothing is known.
  bool IsFree() const { return min == INT64_MIN && max == INT64_MAX; }
};

/// The dims that a value has in the run; nullopt if they are not known.
using DimsOf = absl::FunctionRef<std::optional<TensorDims>(const Value&)>;

/// What all uses of `value` accept, found by following the value through
/// operators that pass its elements on. Those of masks are 0 and 1: the value
/// is named so, cast to bool, compared with 0, or subtracted from 1.
IntRange AcceptedRange(const Value& value, DimsOf dims_of);

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_INT_RANGE_H_
