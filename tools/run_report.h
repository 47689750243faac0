// SPDX-License-Identifier: Apache-2.0
// What onnx-run prints.
#ifndef ONNXOPT_TOOLS_RUN_REPORT_H_
#define ONNXOPT_TOOLS_RUN_REPORT_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "eval/datum.h"
#include "eval/interpreter.h"
#include "ir/model.h"

namespace onnxopt {

/// "y: float[2,3]  min -1.5  max 2  mean 0.25", or all elements if they are
/// few; one line for each element of a sequence after that.
absl::StatusOr<std::string> DatumText(std::string_view name,
                                      const Datum& datum);

/// Measures runs of a model, and how their time divides by operator. What a
/// node with nested graphs, or a call of a function, takes is without the nodes
/// in them.
class RunTimer {
 public:
  /// Runs `model` once more.
  absl::Status Run(const Model& model, const std::vector<Datum>& inputs);

  /// The least and the median time of a run, and a table of operators, slowest
  /// first.
  std::string Text() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Share {
    Clock::duration time{0};
    int64_t calls = 0;
  };

  std::vector<Clock::duration> runs_;
  std::map<std::string, Share> shares_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_RUN_REPORT_H_
