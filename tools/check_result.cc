// SPDX-License-Identifier: Apache-2.0
#include "tools/check_result.h"

#include "absl/status/statusor.h"
#include "fmt/format.h"
#include "frontend/writer.h"
#include "passes/opset/upgrade.h"
#include "support/status.h"

namespace onnxopt {
namespace {

absl::StatusOr<std::unique_ptr<Model>> ReadCanonical(
    const EncodedModel& encoded) {
  Diagnostics ignored;
  ASSIGN_OR_RETURN(std::unique_ptr<Model> model,
                   ReadModelProto(encoded.bytes, encoded.read, &ignored));
  RETURN_IF_ERROR(Upgrade(*model, /*target=*/nullptr, &ignored));
  return model;
}

}  // namespace

absl::StatusOr<CheckReport> ResultChecker::Compare(const Model& result) {
  if (before_ == nullptr) {
    ASSIGN_OR_RETURN(before_, ReadCanonical(original_));
  }
  CheckOptions check;
  check.draws = static_cast<int>(options_.check.value_or(check.draws));
  check.rtol = options_.rtol;
  check.atol = options_.atol.value_or(check.atol);
  return CheckEquivalent(*before_, result, check);
}

absl::Status ResultChecker::Check(const EncodedModel& result) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Model> after, ReadCanonical(result));
  ASSIGN_OR_RETURN(const CheckReport report, Compare(*after));
  switch (report.outcome) {
    case CheckReport::Outcome::kEqual:
      return absl::OkStatus();
    case CheckReport::Outcome::kDifferent:
      return absl::FailedPreconditionError(fmt::format(
          "--check: the result computes something else than the input; {}",
          report.message));
    case CheckReport::Outcome::kUnchecked:
      break;
  }
  if (!options_.check_if_possible) {
    return absl::FailedPreconditionError(
        fmt::format("--check: nothing could be compared; {}", report.message));
  }
  unchecked_ = report.unsupported;
  if (unchecked_.empty()) unchecked_.push_back(report.message);
  return absl::OkStatus();
}

absl::Status ResultChecker::CheckPass(const PassEvent& event) {
  std::unique_ptr<Model> lifted;
  if (event.model.state() != ModelState::kCanonical) {
    ASSIGN_OR_RETURN(std::string bytes, SerializeModel(event.model));
    ASSIGN_OR_RETURN(
        lifted, ReadCanonical({OwnBytes(std::move(bytes)), original_.read}));
  }
  ASSIGN_OR_RETURN(const CheckReport report,
                   Compare(lifted == nullptr ? event.model : *lifted));
  if (report.outcome != CheckReport::Outcome::kDifferent) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(fmt::format(
      "--check-each: pass '{}' (run {}) made the model compute something else; "
      "{}",
      event.pass, event.run, report.message));
}

}  // namespace onnxopt
