// SPDX-License-Identifier: Apache-2.0
// Runs passes, with the same services for all of them.
#ifndef ONNXOPT_PASSES_PASS_MANAGER_H_
#define ONNXOPT_PASSES_PASS_MANAGER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "ir/model.h"
#include "passes/pass.h"
#include "passes/pipeline.h"
#include "support/diagnostics.h"

namespace onnxopt {

/// What is about to happen, or has happened.
struct PassEvent {
  std::string_view pass;
  /// Counts the runs of passes, from 1.
  int run = 0;
  /// Whether the pass changed the model; false before it runs.
  bool changed = false;
  Model& model;
};

using PassCallback = std::function<void(const PassEvent&)>;

struct PassManagerOptions {
  /// Receives remarks, if it wants them, and warnings. May be null.
  Diagnostics* diagnostics = nullptr;
  /// At most so many rewrites are done; the rest is left as it is.
  std::optional<int64_t> rewrite_limit;
  /// What the model will be legalized to; null: anything can be expressed.
  const Target* target = nullptr;
  /// Names of passes and rules that are skipped.
  std::vector<std::string> disabled;
  /// Verifies the model at the start and after every pass that changed it.
  bool verify_each = false;
  /// For printing. They must not change the model.
  PassCallback before_pass;
  PassCallback after_pass;
};

/// All runs of one pass together.
struct PassReport {
  std::string name;
  int runs = 0;
  /// Runs that changed the model.
  int changes = 0;
  std::chrono::nanoseconds time{0};
  PassCounters counters;
};

struct PipelineReport {
  /// In the order of their first run.
  std::vector<PassReport> passes;
  /// Of all passes together; see PassContext::Allow.
  int64_t rewrites = 0;
  /// The rewrite that used up the limit; empty if it was not used up.
  std::string last_rewrite;
  /// One message per fixpoint that was given up; also warnings.
  std::vector<std::string> unfinished;
};

/// A fixpoint is given up after so many rounds. Passes that make progress are
/// done after a few; passes that undo each other's work never are.
inline constexpr int kMaxFixpointRounds = 100;

/// Runs `steps` on `model`. Errors name the pass. With `verify_each`, a model
/// that a pass broke is an internal error with the shortest pipeline that
/// reproduces it. `registry` is the one that `steps` was parsed with.
absl::StatusOr<PipelineReport> RunPipeline(
    Model& model, const std::vector<PipelineStep>& steps,
    const PassRegistry& registry, const PassManagerOptions& options);

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_PASS_MANAGER_H_
