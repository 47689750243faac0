// SPDX-License-Identifier: Apache-2.0
// Whether two models compute the same, found out by running both.
#ifndef ONNXOPT_PASSES_CHECK_H_
#define ONNXOPT_PASSES_CHECK_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "eval/interpreter.h"
#include "eval/random_inputs.h"
#include "ir/model.h"

namespace onnxopt {

struct CheckOptions {
  /// Inputs to compare on; dims that have no fixed size differ between them,
  /// and in the second all are 1.
  int draws = 3;
  /// How they are made; what changes from draw to draw is set here. With edge
  /// values there are as many draws again that have them.
  RandomInputOptions inputs;
  /// Tolerances of floating-point outputs. Without `rtol` it is
  /// `default_rtol`, or at least 8 times the distance from 1 to the next number
  /// for float16 and narrower types. If it is relative to the largest magnitude
  /// of the output, it is 0.02 in a model that quantizes: there rounding can
  /// differ by a whole step.
  std::optional<double> rtol;
  double default_rtol = 1e-3;
  double atol = 1e-6;
  bool relative_to_largest = true;
  RunOptions run;
  /// What messages call the two models.
  std::string original_name = "the original";
  std::string result_name = "the result";
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
  /// Why inputs were last drawn again.
  std::string redraw_reason;
  /// The sizes that named dims had in the runs compared.
  std::map<std::string, std::set<int64_t>> dims;
  std::vector<OutputErrors> outputs;
  /// For people: what differs and where first, or why nothing was compared.
  std::string message;
  /// For kUnchecked: operators that cannot be evaluated, with their numbers.
  std::vector<std::string> unsupported;
};

/// Runs both models, which are canonical (see Upgrade), on the same random
/// inputs. Inputs and outputs are matched by name; kInvalidArgument lists those
/// that only one model has, and those of different types. Inputs with a default
/// may be missing: the other model may have made constants of them. It is a
/// difference if `optimized` fails where `original` runs.
absl::StatusOr<CheckReport> CheckEquivalent(const Model& original,
                                            const Model& optimized,
                                            const CheckOptions& options);

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_CHECK_H_
