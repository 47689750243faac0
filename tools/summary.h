// SPDX-License-Identifier: Apache-2.0
// Tables for people: what --summary, --stats, --time-passes and --list-passes
// print.
#ifndef ONNXOPT_TOOLS_SUMMARY_H_
#define ONNXOPT_TOOLS_SUMMARY_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "passes/optimize.h"
#include "passes/registry.h"

namespace onnxopt {

/// Of one model; external data included.
struct FileFacts {
  uint64_t bytes_before = 0;
  /// Absent if nothing was written.
  std::optional<uint64_t> bytes_after;
  std::chrono::nanoseconds time{0};
};

/// Operators whose number changed, all nodes, bytes, and time.
std::string SummaryText(const OptimizeReport& report, const FileFacts& facts,
                        bool color);

/// What each pass counted.
std::string StatsText(const PipelineReport& report);

/// Slowest pass first.
std::string TimesText(const PipelineReport& report);

/// Passes with their options, groups, and the pipelines of the levels.
std::string PassListText(const PassRegistry& registry);
/// Every rewrite rule with its numeric class and its algebra.
std::string RuleListText(const PassRegistry& registry);

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_SUMMARY_H_
