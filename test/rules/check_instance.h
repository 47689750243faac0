// SPDX-License-Identifier: Apache-2.0
// One rule on one graph.
#ifndef ONNXOPT_TEST_RULES_CHECK_INSTANCE_H_
#define ONNXOPT_TEST_RULES_CHECK_INSTANCE_H_

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "passes/rewrite/rule.h"

namespace onnxopt::rule_check {

struct GuardId {
  GuardKind kind = GuardKind::kSafety;
  std::string reason;
  friend auto operator<=>(const GuardId&, const GuardId&) = default;
};

struct InstanceResult {
  /// Not empty: the pattern could not be instantiated, or the graph cannot be
  /// evaluated. Nothing else is set then.
  std::string invalid;
  bool fired = false;
  std::set<GuardId> asked;
  std::set<GuardId> declined;
  /// What is wrong with the result; empty if nothing is.
  std::string failure;
};

/// Instance number `seed`, with `ignored_guard` ignored unless it is empty.
InstanceResult CheckInstance(const Rule& rule, uint64_t seed,
                             std::string_view ignored_guard = {});

/// The instance before and after the rule, as text.
std::string DescribeInstance(const Rule& rule, uint64_t seed,
                             std::string_view ignored_guard = {});

}  // namespace onnxopt::rule_check

#endif  // ONNXOPT_TEST_RULES_CHECK_INSTANCE_H_
