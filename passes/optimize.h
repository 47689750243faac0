// SPDX-License-Identifier: Apache-2.0
// The driver that tools and embedders call.
#ifndef ONNXOPT_PASSES_OPTIMIZE_H_
#define ONNXOPT_PASSES_OPTIMIZE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ir/model.h"
#include "passes/opset/target.h"
#include "passes/pass_manager.h"
#include "passes/registry.h"

namespace onnxopt {

struct OptimizeOptions {
  /// 0 to kMaxOptimizationLevel.
  int level = 2;
  /// A pipeline (see ParsePipeline) instead of the level's; "" runs nothing.
  std::optional<std::string> passes;
  /// The passes that can be named; null means the built-in ones.
  const PassRegistry* registry = nullptr;
  /// Makes constants of the graph inputs that have a default, which callers
  /// may then no longer override.
  bool freeze_initializers = false;
  /// Opsets to convert the model to, whatever the pipeline.
  TargetOpsets target;
  PassManagerOptions manager;
};

/// How often an operator occurs in the main graph, functions and nested graphs,
/// constants in the form of nodes included.
struct OperatorCount {
  std::string op;  // OpDef::FullName()
  int64_t before = 0;
  int64_t after = 0;
};

struct OptimizeReport {
  /// What was run, without groups.
  std::string pipeline;
  /// Sorted by name.
  std::vector<OperatorCount> operators;
  int64_t nodes_before = 0;
  int64_t nodes_after = 0;
  /// Elementary changes of the IR; 0 when the model is as it was.
  uint64_t changes = 0;
  PipelineReport run;
};

/// Optimizes `model` in place. After an error the model may be partly
/// optimized and should not be written.
absl::StatusOr<OptimizeReport> Optimize(Model& model,
                                        const OptimizeOptions& options);

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_OPTIMIZE_H_
