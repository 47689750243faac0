// SPDX-License-Identifier: Apache-2.0
// Folders test_data_set_N, as ONNX stores them beside models: input_0.pb,
// input_1.pb, ... and output_0.pb, ...
#ifndef ONNXOPT_TOOLS_TEST_DATA_H_
#define ONNXOPT_TOOLS_TEST_DATA_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eval/compare.h"
#include "eval/datum.h"
#include "ir/model.h"

namespace onnxopt {

/// Adds the inputs to `given`, which must not have them. The files stand for
/// the inputs without a default or, if there are more, for all inputs, in
/// order.
absl::Status ReadTestInputs(const std::string& folder, Model& model,
                            std::map<std::string, Datum>* given);

/// For each output of the model what is expected, absent without a file. An
/// error if there is no file at all, or one too many.
absl::StatusOr<std::vector<Datum>> ReadTestOutputs(const std::string& folder,
                                                   Model& model);

/// One line for each output of `model`; `agree` says whether all are as
/// expected.
absl::StatusOr<std::string> CompareOutputs(const Model& model,
                                           const std::vector<Datum>& expected,
                                           const std::vector<Datum>& actual,
                                           const CompareOptions& options,
                                           bool* agree);

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_TEST_DATA_H_
