// SPDX-License-Identifier: Apache-2.0
// Evaluating small flat models, and comparing what comes out.
#ifndef ONNXOPT_TEST_RULES_RUN_MODEL_H_
#define ONNXOPT_TEST_RULES_RUN_MODEL_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ir/model.h"
#include "ir/tensor.h"

namespace onnxopt::rule_check {

struct Run {
  std::vector<TensorRef> outputs;
  /// Over all values, constants included: the largest finite magnitude of a
  /// floating-point element, and the largest number of elements.
  double magnitude = 0;
  int64_t elements = 1;
  /// As `magnitude`, of types of 16 bits.
  double narrow_magnitude = 0;
};

/// kFailedPrecondition when a value is not of the type that the model states;
/// the evaluator's error when it refuses a node.
absl::StatusOr<Run> RunModel(const Model& model,
                             const std::vector<TensorRef>& inputs);

/// How the outputs differ, empty if they do not. `exact`: bit for bit, but any
/// NaN equals any NaN. Else floating-point elements that are finite in both
/// may differ by
///
///   magnitude * (8 * u(element type) + elements * u(float))
///
/// where u is the unit roundoff, u(double) for double in both places. Values
/// are sums of products of other values, so no intermediate result exceeds
/// `magnitude` by more than cancels again; each of a handful of roundings to
/// the element type costs u of that, and sums of `elements` terms are
/// accumulated in float at least.
std::string Difference(const Run& expected, const Run& actual, bool exact);

}  // namespace onnxopt::rule_check

#endif  // ONNXOPT_TEST_RULES_RUN_MODEL_H_
