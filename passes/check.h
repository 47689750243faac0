// SPDX-License-Identifier: Apache-2.0
// Whether two models compute the same, found out by running both.
#ifndef ONNXOPT_PASSES_CHECK_H_
#define ONNXOPT_PASSES_CHECK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "eval/interpreter.h"
#include "ir/model.h"

namespace onnxopt {

struct CheckOptions {
  /// Inputs to compare on; dims that have no fixed size differ between them.
  int draws = 3;
  uint64_t seed = 1;
  /// Tolerances of floating-point outputs, rtol relative to the largest
  /// magnitude of the output. By default 1e-3, at least 8 times the distance
  /// from 1 to the next number for float16 and narrower types, and 0.02 in a
  /// model that quantizes: there rounding can differ by a whole step.
  std::optional<double> rtol;
  double atol = 1e-6;
  RunOptions run;
};

/// The largest errors of one output over all draws.
struct OutputErrors {
  std::string name;
  double max_abs = 0;
  double max_rel = 0;
  double max_ulp = 0;
};

struct CheckReport {
  enum class Outcome {
    kEqual,
    kDifferent,
    kUnchecked,  // nothing could be compared
  };
  Outcome outcome = Outcome::kUnchecked;
  /// Runs compared, and inputs drawn again because the original failed on
  /// them or computed nothing but NaN.
  int compared = 0;
  int redrawn = 0;
  std::vector<OutputErrors> outputs;
  /// For people: what differs and where first, or why nothing was compared.
  std::string message;
  /// For kUnchecked: operators that cannot be evaluated, with their numbers.
  std::vector<std::string> unsupported;
};

/// Runs both models on the same random inputs. Both are canonical (see
/// Upgrade) and have the same interface, but for inputs with a default, which
/// `optimized` may have made constants. It is a difference if `optimized`
/// fails where `original` runs.
absl::StatusOr<CheckReport> CheckEquivalent(const Model& original,
                                            const Model& optimized,
                                            const CheckOptions& options);

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_CHECK_H_
