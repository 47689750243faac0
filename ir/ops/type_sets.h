// SPDX-License-Identifier: Apache-2.0

#ifndef ONNXOPT_IR_OPS_TYPE_SETS_H_
#define ONNXOPT_IR_OPS_TYPE_SETS_H_

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace onnxopt {

// The concrete types that `text` denotes, ascending and without duplicates:
// "fp|seq(int8)" is seq(tensor(int8)), tensor(double), tensor(float) and
// tensor(float16). The syntax is that of CustomOp::types after the "=". Map
// types are views into `text`.
absl::StatusOr<std::vector<std::string_view>> ExpandTypes(
    std::string_view text);

// Whether `type` is a concrete type such as "seq(tensor(float))" or a map.
bool IsConcreteType(std::string_view type);

}  // namespace onnxopt

#endif  // ONNXOPT_IR_OPS_TYPE_SETS_H_
