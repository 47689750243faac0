// SPDX-License-Identifier: Apache-2.0
// Random inputs of a model that it is likely to accept.
#ifndef ONNXOPT_EVAL_RANDOM_INPUTS_H_
#define ONNXOPT_EVAL_RANDOM_INPUTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "eval/datum.h"
#include "ir/model.h"

namespace onnxopt {

struct RandomInputOptions {
  /// The same seed gives the same inputs on every machine.
  uint64_t seed = 0;
  /// Which sizes to try for dims that are not integers; rises when the model
  /// did not accept those before. From small ones, each dim its own, to sizes
  /// of images.
  int attempt = 0;
  /// Sizes of named dims that are not to be chosen.
  std::map<std::string, int64_t> dims;
  /// Gives inputs that have a default another value of the same type and dims
  /// instead of leaving them out.
  bool override_defaults = false;
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
/// conditions, shapes, lengths or divisors are in a range that suits that use,
/// as far as the uses tell. kUnimplemented for types that cannot be made,
/// kResourceExhausted for inputs that would be too large.
absl::StatusOr<RandomInputs> MakeRandomInputs(
    const Model& model, const RandomInputOptions& options);

}  // namespace onnxopt

#endif  // ONNXOPT_EVAL_RANDOM_INPUTS_H_
