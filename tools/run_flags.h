// SPDX-License-Identifier: Apache-2.0
// The command line of onnx-run. docs/onnx-run-and-diff.md explains it to users.
#ifndef ONNXOPT_TOOLS_RUN_FLAGS_H_
#define ONNXOPT_TOOLS_RUN_FLAGS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "eval/compare.h"
#include "tools/model_inputs.h"

namespace onnxopt {

struct OnnxRunOptions : CommonOptions, InputOptions {
  /// Just one, once checked.
  std::vector<std::string> models;
  /// Empty: outputs are printed.
  std::string output_dir;
  /// A test_data_set folder; empty: none.
  std::string test_data;
  /// By default those of ONNX's own runner of such folders.
  std::optional<double> rtol;
  std::optional<double> atol;
  /// How often to run to measure time; absent: time is not measured.
  std::optional<int64_t> timed_runs;
};

absl::StatusOr<OnnxRunOptions> ParseRunFlags(std::span<char* const> arguments);

std::string RunHelpText();

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_RUN_FLAGS_H_
