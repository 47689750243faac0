// SPDX-License-Identifier: Apache-2.0
// Random inputs of a model that it is likely to accept.
#ifndef ONNXOPT_EVAL_RANDOM_INPUTS_H_
#define ONNXOPT_EVAL_RANDOM_INPUTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eval/datum.h"
#include "eval/interpreter.h"
#include "ir/model.h"

namespace onnxopt {

struct RandomInputOptions {
  /// The same seed gives the same inputs on every machine.
  uint64_t seed = 1;
  /// Which sizes to try for dims that are not integers; rises when the model
  /// did not accept those before. From small ones, each dim its own, to sizes
  /// of images.
  int attempt = 0;
  /// Sizes of named dims that are not to be chosen.
  std::map<std::string, int64_t> dims;
  /// Inputs that are not to be made, by name. Their dims decide named ones.
  std::map<std::string, Datum> given;
  /// Gives inputs that have a default another value of the same type and dims
  /// instead of leaving them out.
  bool override_defaults = false;
  /// Every size that can be chosen is 1.
  bool all_ones = false;
  /// Some numbers are very large or small, the ends of their type, infinite or
  /// NaN.
  bool edge_values = false;
};

struct RandomInputs {
  /// In the order of RunInputs (interpreter.h).
  std::vector<Datum> data;
  /// The size of every named dim.
  std::map<std::string, int64_t> dims;

  /// "batch = 2, seq = 5"; empty without named dims.
  std::string DimsText() const;
};

/// Every named dim has one size everywhere. Integers that are used as indices,
/// conditions, masks, shapes, lengths or divisors are in a range that suits
/// that use, as far as the uses tell. kUnimplemented for types that cannot be
/// made, kResourceExhausted for inputs that would be too large,
/// kInvalidArgument if what is given contradicts itself or the model.
absl::StatusOr<RandomInputs> MakeRandomInputs(
    const Model& model, const RandomInputOptions& options);

/// How often a model did not run on what was drawn. Carried from one run to the
/// next, it spares the sizes that failed.
struct Redraws {
  int attempt = 0;
  int failures = 0;
  /// The last failure; OK if there was none.
  absl::Status reason;
};

struct RandomRun {
  RandomInputs inputs;
  std::vector<Datum> outputs;
};

/// Runs `model` on random inputs, drawn again with other seeds and sizes until
/// it runs and `accept` has no error for its outputs. `options.seed` is the
/// first seed, and `options.all_ones` holds for the first try alone. Returns
/// the last error when no try succeeds or no other can.
absl::StatusOr<RandomRun> RunOnRandomInputs(
    const Model& model, const RandomInputOptions& options,
    const RunOptions& run,
    absl::FunctionRef<absl::Status(const std::vector<Datum>&)> accept,
    Redraws* redraws);

}  // namespace onnxopt

#endif  // ONNXOPT_EVAL_RANDOM_INPUTS_H_
