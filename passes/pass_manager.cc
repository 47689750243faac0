// SPDX-License-Identifier: Apache-2.0
#include "passes/pass_manager.h"

#include <algorithm>
#include <utility>

#include "fmt/core.h"
#include "ir/verifier.h"
#include "support/status.h"

namespace onnxopt {
namespace {

std::string_view StateName(ModelState state) {
  switch (state) {
    case ModelState::kAsRead:
      return "as read";
    case ModelState::kCanonical:
      return "canonical";
    case ModelState::kLegalized:
      return "legalized";
  }
  return "unknown";
}

class PassManager {
 public:
  PassManager(Model& model, const PassManagerOptions& options)
      : model_(model), options_(options) {
    state_.diagnostics = options.diagnostics;
    state_.rewrite_limit = options.rewrite_limit;
    state_.target = options.target;
  }

  absl::Status Disable(const PassRegistry& registry) {
    for (const std::string& name : options_.disabled) {
      const PassInfo* pass = registry.Find(name);
      const PassPart* part = registry.FindPart(name);
      if (pass == nullptr && part == nullptr) return registry.UnknownName(name);
      state_.disabled.insert(pass != nullptr ? pass->name : part->name);
    }
    return absl::OkStatus();
  }

  absl::Status RunSteps(const std::vector<PipelineStep>& steps) {
    for (const PipelineStep& step : steps) RETURN_IF_ERROR(RunStep(step));
    return absl::OkStatus();
  }

  PipelineReport TakeReport() {
    report_.rewrites = state_.rewrites;
    report_.last_rewrite = std::move(state_.last_rewrite);
    return std::move(report_);
  }

 private:
  absl::Status RunStep(const PipelineStep& step) {
    return step.pass == nullptr ? RunFixpoint(step) : RunPass(step);
  }

  absl::Status RunFixpoint(const PipelineStep& fixpoint) {
    // The epoch at which a step last found nothing to do. As long as the model
    // is at that epoch, the step would find nothing again.
    std::vector<std::optional<uint64_t>> idle_at(fixpoint.steps.size());
    std::vector<std::string> changing;
    for (int round = 0; round < kMaxFixpointRounds; ++round) {
      changing.clear();
      for (size_t i = 0; i < fixpoint.steps.size(); ++i) {
        const uint64_t before = model_.epoch();
        if (idle_at[i] == before) continue;
        RETURN_IF_ERROR(RunStep(fixpoint.steps[i]));
        if (model_.epoch() == before) {
          idle_at[i] = before;
        } else {
          changing.push_back(PipelineStepToString(fixpoint.steps[i]));
        }
      }
      if (changing.empty()) return absl::OkStatus();
    }
    GiveUp(changing);
    return absl::OkStatus();
  }

  // The model is valid after every pass, so this is not an error.
  void GiveUp(const std::vector<std::string>& changing) {
    std::string names;
    for (const std::string& name : changing) {
      names += fmt::format("{}'{}'", names.empty() ? "" : ", ", name);
    }
    std::string message = fmt::format(
        "the fixpoint was given up after {} rounds; still changing the model: "
        "{}",
        kMaxFixpointRounds, names);
    if (options_.diagnostics != nullptr) options_.diagnostics->Warn(message);
    report_.unfinished.push_back(std::move(message));
  }

  absl::Status RunPass(const PipelineStep& step) {
    const PassInfo& pass = *step.pass;
    if (state_.disabled.contains(pass.name)) return absl::OkStatus();
    if (pass.required && *pass.required != model_.state()) {
      return absl::FailedPreconditionError(fmt::format(
          "pass '{}' needs a model in the {} state, but it is {}", pass.name,
          StateName(*pass.required), StateName(model_.state())));
    }
    ++runs_;
    Notify(options_.before_pass, pass, /*changed=*/false);
    PassReport& report = ReportOf(pass);
    PassContext context(pass, step.options, state_, report.counters);
    const uint64_t epoch = model_.epoch();
    const auto start = std::chrono::steady_clock::now();
    const absl::Status status = pass.run(model_, context);
    report.time += std::chrono::steady_clock::now() - start;
    RETURN_IF_ERROR(Annotate(status, fmt::format("pass '{}'", pass.name)));
    const bool changed = model_.epoch() != epoch;
    ++report.runs;
    if (changed) {
      ++report.changes;
      RETURN_IF_ERROR(CheckResult(step));
    }
    Notify(options_.after_pass, pass, changed);
    return absl::OkStatus();
  }

  // Passes that changed nothing are not needed to get here again.
  absl::Status CheckResult(const PipelineStep& step) {
    if (!options_.verify_each) return absl::OkStatus();
    if (!history_.empty()) history_ += ',';
    history_ += PipelineStepToString(step);
    const absl::Status status = Verify(model_);
    if (status.ok()) return absl::OkStatus();
    return absl::InternalError(fmt::format(
        "pass '{}' made an invalid model: {}; reproduce with --verify-each "
        "--passes='{}' --rewrite-limit={}",
        step.pass->name, std::string(status.message()), history_,
        state_.rewrites));
  }

  void Notify(const PassCallback& callback, const PassInfo& pass,
              bool changed) {
    if (callback) callback({pass.name, runs_, changed, model_});
  }

  PassReport& ReportOf(const PassInfo& pass) {
    const auto it = std::find_if(
        report_.passes.begin(), report_.passes.end(),
        [&pass](const PassReport& r) { return r.name == pass.name; });
    if (it != report_.passes.end()) return *it;
    report_.passes.emplace_back();
    report_.passes.back().name = pass.name;
    return report_.passes.back();
  }

  Model& model_;
  const PassManagerOptions& options_;
  PassRunState state_;
  PipelineReport report_;
  int runs_ = 0;
  std::string history_;
};

}  // namespace

absl::StatusOr<PipelineReport> RunPipeline(
    Model& model, const std::vector<PipelineStep>& steps,
    const PassRegistry& registry, const PassManagerOptions& options) {
  PassManager manager(model, options);
  RETURN_IF_ERROR(manager.Disable(registry));
  if (options.verify_each) RETURN_IF_ERROR(Verify(model));
  RETURN_IF_ERROR(manager.RunSteps(steps));
  return manager.TakeReport();
}

}  // namespace onnxopt
