// SPDX-License-Identifier: Apache-2.0
// Models from text and data for tests of the evaluator.
#ifndef ONNXOPT_EVAL_RUN_TESTING_H_
#define ONNXOPT_EVAL_RUN_TESTING_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "eval/datum.h"
#include "ir/model.h"

namespace onnxopt::eval_testing {

/// A model at the canonical opset: `graph` in textual syntax, from the name of
/// the graph on, functions after it.
absl::StatusOr<std::unique_ptr<Model>> ModelOf(std::string_view graph);

Datum Floats(TensorDims dims, std::vector<float> values);
Datum Int64s(TensorDims dims, std::vector<int64_t> values);
Datum Bool(bool value);
Datum Strings(TensorDims dims, std::vector<std::string> values);

/// "float[2]{1, 2}", "[int64[]{3}, ...]", "some(...)", "none", "nothing".
std::string ToText(const Datum& datum);
std::string ToText(const std::vector<Datum>& data);

}  // namespace onnxopt::eval_testing

#endif  // ONNXOPT_EVAL_RUN_TESTING_H_
