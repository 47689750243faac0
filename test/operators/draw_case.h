// SPDX-License-Identifier: Apache-2.0
// Random models of one node, with what our evaluator makes of them.
#ifndef ONNXOPT_TEST_OPERATORS_DRAW_CASE_H_
#define ONNXOPT_TEST_OPERATORS_DRAW_CASE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ir/op_def.h"
#include "ir/tensor.h"

namespace onnxopt::operator_cases {

/// How near the results of two right implementations are.
enum class Agreement {
  kExact,        // elements are moved, never computed
  kElementwise,  // each is computed from one element of each operand
  kSums,         // sums may be taken in another order
  kSteps,        // several operators say it, each of which rounds to bfloat16
};

struct NamedTensor {
  std::string name;
  TensorRef tensor;
};

struct OperatorCase {
  /// The node in one line: operands, attributes, opset.
  std::string text;
  Agreement agreement = Agreement::kSums;
  /// A serialized ModelProto.
  std::string model;
  std::vector<NamedTensor> inputs;
  std::vector<NamedTensor> outputs;
};

/// Case `number` of `op`, which has a kernel and a sampler. Equal arguments,
/// equal cases. Fails when no valid node was found.
absl::StatusOr<OperatorCase> DrawCase(const OpDef& op, uint64_t number);

}  // namespace onnxopt::operator_cases

#endif  // ONNXOPT_TEST_OPERATORS_DRAW_CASE_H_
