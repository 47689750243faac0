// SPDX-License-Identifier: Apache-2.0
#include "passes/pass.h"

#include <algorithm>

#include "fmt/core.h"
#include "support/status.h"

namespace onnxopt {

std::string_view NumericClassName(NumericClass numeric) {
  switch (numeric) {
    case NumericClass::kExact:
      return "exact";
    case NumericClass::kReassociating:
      return "reassociating";
    case NumericClass::kApproximate:
      return "approximate";
  }
  return "unknown";
}

bool PassContext::Allow(std::string_view counter, Text what) {
  if (state_.rewrites == state_.rewrite_limit) return false;
  ++state_.rewrites;
  Count(counter);
  Remark(what);
  if (state_.rewrites == state_.rewrite_limit) {
    state_.last_rewrite = fmt::format("{}: {}", pass_.name, what());
  }
  return true;
}

void PassContext::Decline(std::string_view reason, Text subject) {
  Count(fmt::format("declined: {}", reason));
  Remark([&] { return fmt::format("{}: not done: {}", subject(), reason); });
}

void PassContext::Decline(std::string_view part, std::string_view reason,
                          Text subject) {
  Count(fmt::format("{}: declined: {}", part, reason));
  Remark([&] {
    return fmt::format("{}: {}: not done: {}", subject(), part, reason);
  });
}

void PassContext::Remark(Text text) {
  if (!state_.diagnostics || !state_.diagnostics->wants_remarks()) return;
  std::string message = text();
  if (!state_.said.insert(pass_.name + ": " + message).second) return;
  state_.diagnostics->Remark(pass_.name, std::move(message));
}

void PassContext::Warn(std::string message) {
  if (state_.diagnostics == nullptr) return;
  state_.diagnostics->Warn(fmt::format("{}: {}", pass_.name, message));
}

void PassContext::Count(std::string_view counter, int64_t n) {
  const auto it = counters_.find(counter);
  if (it != counters_.end()) {
    it->second += n;
  } else {
    counters_.emplace(counter, n);
  }
}

std::string_view PassContext::Option(std::string_view name) const {
  const auto given = options_.find(name);
  if (given != options_.end()) return given->second;
  const auto declared = std::find_if(
      pass_.options.begin(), pass_.options.end(),
      [name](const PassOption& option) { return option.name == name; });
  ONNXOPT_CHECK(declared != pass_.options.end());
  return declared->default_value;
}

}  // namespace onnxopt
