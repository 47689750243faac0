// SPDX-License-Identifier: Apache-2.0
// The command line of onnx-diff. docs/onnx-run-and-diff.md explains it to
// users.
#ifndef ONNXOPT_TOOLS_DIFF_FLAGS_H_
#define ONNXOPT_TOOLS_DIFF_FLAGS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/model_inputs.h"

namespace onnxopt {

struct OnnxDiffOptions : CommonOptions, InputOptions {
  /// Just two, once checked.
  std::vector<std::string> models;
  int64_t draws = 5;
  bool edge_values = false;
  /// Absent: 1e-4, and more for coarse types (see CheckOptions).
  std::optional<double> rtol;
  double atol = 1e-5;
  bool relative_to_largest = false;
};

absl::StatusOr<OnnxDiffOptions> ParseDiffFlags(
    std::span<char* const> arguments);

std::string DiffHelpText();

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_DIFF_FLAGS_H_
