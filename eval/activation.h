// SPDX-License-Identifier: Apache-2.0
// The activation functions of recurrent operators.
#ifndef ONNXOPT_EVAL_ACTIVATION_H_
#define ONNXOPT_EVAL_ACTIVATION_H_

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "ir/attribute_view.h"

namespace onnxopt::eval {

class Activation {
 public:
  double operator()(double x) const { return function_(x, alpha_, beta_); }

 private:
  friend absl::StatusOr<std::vector<Activation>> ReadActivations(
      const AttributeView& attributes,
      const std::vector<std::string_view>& defaults, size_t count);

  double (*function_)(double x, double alpha, double beta) = nullptr;
  double alpha_ = 0;
  double beta_ = 0;
};

/// The `count` functions that activations, activation_alpha and
/// activation_beta describe; without the attribute, `defaults` repeated.
absl::StatusOr<std::vector<Activation>> ReadActivations(
    const AttributeView& attributes,
    const std::vector<std::string_view>& defaults, size_t count);

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_ACTIVATION_H_
