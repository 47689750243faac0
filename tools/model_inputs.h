// SPDX-License-Identifier: Apache-2.0
// What onnx-run and onnx-diff do before a model runs: read it, and find its
// inputs.
#ifndef ONNXOPT_TOOLS_MODEL_INPUTS_H_
#define ONNXOPT_TOOLS_MODEL_INPUTS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "eval/random_inputs.h"
#include "ir/model.h"
#include "tools/flag_parser.h"
#include "tools/reporter.h"

namespace onnxopt {

/// The part of the command line that is about inputs.
struct InputOptions {
  std::vector<std::string> inputs;  // NAME=FILE
  std::vector<std::string> dims;    // NAME=SIZE
  int64_t seed = 1;
};

/// Checks the form of NAME=FILE, where FILE ends in .npy or .pb or is `random`.
absl::Status AddInput(std::string_view value, InputOptions& options);
/// The same for NAME=SIZE.
absl::Status AddDim(std::string_view value, InputOptions& options);

/// Flags of options that are derived from InputOptions.
template <typename O>
inline constexpr Flag<O> kInputFlags[] = {
    {"--input", Takes::kValue, "NAME=FILE",
     "the value of an input: an array (.npy) or a TensorProto, SequenceProto "
     "or OptionalProto (.pb); NAME=random, the default, makes one up "
     "(repeatable)",
     [](std::string_view value, O& o) { return AddInput(value, o); }},
    {"--set-dim", Takes::kValue, "NAME=SIZE",
     "the size of a named dim (repeatable)",
     [](std::string_view value, O& o) { return AddDim(value, o); }},
    {"--seed", Takes::kValue, "N",
     "what random inputs depend on (1); the same N gives the same inputs",
     SetNumber<&O::seed>},
};

/// Reads a model as onnx-opt does, "-" from standard input, and brings it into
/// canonical form. Errors and warnings are about `path`.
absl::StatusOr<std::unique_ptr<Model>> ReadCanonicalModel(
    const std::string& path, Reporter& reporter);

/// What the options say about inputs of `model`. An error for names that the
/// model does not have, with those it has.
absl::StatusOr<RandomInputOptions> ResolveInputs(const InputOptions& options,
                                                 Model& model);

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_MODEL_INPUTS_H_
