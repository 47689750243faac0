// SPDX-License-Identifier: Apache-2.0
// Which passes run, in which order: the text of `--passes`.
#ifndef ONNXOPT_PASSES_PIPELINE_H_
#define ONNXOPT_PASSES_PIPELINE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "passes/pass.h"
#include "passes/registry.h"

namespace onnxopt {

/// A pass with its options, or steps repeated until nothing changes.
struct PipelineStep {
  /// Null for a fixpoint.
  const PassInfo* pass = nullptr;
  PassOptionValues options;
  /// Of a fixpoint.
  std::vector<PipelineStep> steps;
};

/// Parses, with spaces allowed everywhere but inside words,
///
///   pipeline = [step {"," step}]
///   step     = "fixpoint" "(" pipeline ")" | pass [options] | group
///   options  = "<" option {"," option} ">"
///   option   = name ["=" value]              (without a value it is "true")
///
/// A group stands for its members. Errors name the place in `text`, counted
/// from 1. The steps refer to the passes of `registry`.
absl::StatusOr<std::vector<PipelineStep>> ParsePipeline(
    std::string_view text, const PassRegistry& registry);

/// Text that parses to the same steps. Groups are written as their members.
std::string PipelineToString(const std::vector<PipelineStep>& steps);
std::string PipelineStepToString(const PipelineStep& step);

inline constexpr int kMaxOptimizationLevel = 3;

/// The pipeline of -O0 (nothing) to -O3. 1 has exact passes only.
std::string_view PipelineForLevel(int level);

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_PIPELINE_H_
