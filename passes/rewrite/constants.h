// SPDX-License-Identifier: Apache-2.0
// Small constants as numbers, and numbers as small constants.
#ifndef ONNXOPT_PASSES_REWRITE_CONSTANTS_H_
#define ONNXOPT_PASSES_REWRITE_CONSTANTS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "ir/tensor.h"
#include "ir/value.h"

namespace onnxopt {

/// Elements of a constant, exactly, of at most `limit` elements. Float, half,
/// bfloat16, double, bool and integer types; nullopt for anything else, and for
/// integers that a double cannot hold.
std::optional<std::vector<double>> ConstantNumbers(const Value* value,
                                                   int64_t limit = 1 << 16);
/// Elements of a constant int32 or int64 tensor of at most 1024 elements.
std::optional<std::vector<int64_t>> ConstantInts(const Value* value);
/// Whether all elements of a constant equal `number`; -0 does not equal 0.
bool IsConstantOf(const Value* value, double number);

/// A one-dimensional int64 tensor.
TensorRef IntsTensor(const std::vector<int64_t>& values);
/// A scalar; an error for types it cannot make (strings, below 8 bits...).
absl::StatusOr<TensorRef> ScalarTensor(ElementType type, double value);

/// The shape of a tensor of known rank.
std::optional<Shape> ShapeOf(const Value* value);
/// Nullopt unless all dims are integers.
std::optional<std::vector<int64_t>> StaticDims(const Value* value);
/// kUndefined unless a tensor of known element type.
ElementType ElementOf(const Value* value);

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_REWRITE_CONSTANTS_H_
