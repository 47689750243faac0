// SPDX-License-Identifier: Apache-2.0
// Random graphs in which the pattern of a rule matches.
#ifndef ONNXOPT_TEST_RULES_INSTANTIATE_H_
#define ONNXOPT_TEST_RULES_INSTANTIATE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "passes/rewrite/rule.h"
#include "test/random_graphs/random_graph.h"

namespace onnxopt::rule_check {

/// Instance number `seed` of the pattern of `rule`. Nullopt when its operands
/// did not come out valid; `why_not` says what stood in the way.
std::optional<random_graphs::RandomGraph> Instantiate(const Rule& rule,
                                                      uint64_t seed,
                                                      std::string* why_not);

}  // namespace onnxopt::rule_check

#endif  // ONNXOPT_TEST_RULES_INSTANTIATE_H_
