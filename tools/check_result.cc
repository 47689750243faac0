// SPDX-License-Identifier: Apache-2.0
#include "tools/check_result.h"

#include "absl/status/statusor.h"
#include "fmt/format.h"
#include "passes/check.h"
#include "passes/opset/upgrade.h"
#include "support/status.h"

namespace onnxopt {
namespace {

absl::StatusOr<std::unique_ptr<Model>> ReadCanonical(
    const EncodedModel& encoded) {
  Diagnostics ignored;
  ASSIGN_OR_RETURN(std::unique_ptr<Model> model,
                   ReadModelProto(encoded.bytes, encoded.read, &ignored));
  RETURN_IF_ERROR(Upgrade(*model, &ignored));
  return model;
}

}  // namespace

absl::Status CheckResult(const EncodedModel& original,
                         const EncodedModel& result, const ToolOptions& options,
                         std::vector<std::string>* unchecked) {
  CheckOptions check;
  check.draws = static_cast<int>(options.check.value_or(check.draws));
  check.rtol = options.rtol;
  check.atol = options.atol.value_or(check.atol);
  ASSIGN_OR_RETURN(const std::unique_ptr<Model> before,
                   ReadCanonical(original));
  ASSIGN_OR_RETURN(const std::unique_ptr<Model> after, ReadCanonical(result));
  ASSIGN_OR_RETURN(const CheckReport report,
                   CheckEquivalent(*before, *after, check));
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
  if (!options.check_if_possible) {
    return absl::FailedPreconditionError(
        fmt::format("--check: nothing could be compared; {}", report.message));
  }
  *unchecked = report.unsupported;
  if (unchecked->empty()) unchecked->push_back(report.message);
  return absl::OkStatus();
}

}  // namespace onnxopt
