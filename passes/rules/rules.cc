// SPDX-License-Identifier: Apache-2.0
#include "passes/rules/rules.h"

#include <algorithm>

namespace onnxopt {

const RuleSet& BuiltinRules() {
  static const RuleSet& rules = *new RuleSet([] {
    RuleSet all;
    AddNoopRules(all);
    AddMovementRules(all);
    AddLinearRules(all);
    AddPadRules(all);
    AddGemmRules(all);
    std::sort(all.begin(), all.end(),
              [](const Rule& a, const Rule& b) { return a.name < b.name; });
    return all;
  }());
  return rules;
}

}  // namespace onnxopt
