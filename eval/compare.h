// SPDX-License-Identifier: Apache-2.0
// Whether two data are the same, and how far apart they are.
#ifndef ONNXOPT_EVAL_COMPARE_H_
#define ONNXOPT_EVAL_COMPARE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "eval/datum.h"

namespace onnxopt {

/// Floating-point elements agree if |actual - expected| <=
/// atol + rtol * |expected|, or both are NaN, or they are the same infinity.
/// All other elements have to be equal.
struct CompareOptions {
  double rtol = 0;
  double atol = 0;
  /// The tolerance is relative to the largest finite magnitude of the expected
  /// tensor instead of the element's own: for results of deep nets.
  bool relative_to_largest = false;
};

struct Comparison {
  bool equal = true;
  /// What differs first, for people; empty if equal.
  std::string difference;
  /// Row-major index of the first element that differs; -1: none does, or the
  /// types, dims or lengths differ.
  int64_t first_index = -1;
  int64_t num_different = 0;
  int64_t num_elements = 0;
  /// Over all floating-point elements; infinite where NaN or infinity meets
  /// another number. ULPs are steps between neighbouring numbers of the type.
  double max_abs_error = 0;
  double max_rel_error = 0;
  double max_ulp_error = 0;
};

/// "largest error: absolute 0.01, relative 1e-05, 3 ULP"
std::string ErrorsText(double max_abs, double max_rel, double max_ulp);

/// Sequences, optionals and maps are compared element by element. Fails only
/// when bytes cannot be read.
absl::StatusOr<Comparison> Compare(const Datum& expected, const Datum& actual,
                                   const CompareOptions& options);

}  // namespace onnxopt

#endif  // ONNXOPT_EVAL_COMPARE_H_
