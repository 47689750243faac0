// SPDX-License-Identifier: Apache-2.0
#include "passes/rules/rules.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace onnxopt {

const RuleSet& BuiltinRules() {
  static const RuleSet& rules = *new RuleSet([] {
    RuleSet all;
    for (const auto add :
         {AddNoopRules, AddArithmeticRules, AddLogicRules, AddCastRules,
          AddReshapeRules, AddSliceRules, AddConcatRules, AddMinMaxRules,
          AddLinearRules, AddPadRules, AddGemmRules}) {
      add(all);
    }
    std::sort(all.begin(), all.end(),
              [](const Rule& a, const Rule& b) { return a.name < b.name; });
    return all;
  }());
  return rules;
}

std::string RuleWord(OpId op) {
  std::string word;
  for (const char letter : OpName(op)) {
    const bool starts = absl::ascii_isupper(letter) && !word.empty() &&
                        absl::ascii_islower(word.back());
    if (starts) word += '-';
    word += absl::ascii_tolower(letter);
  }
  return word;
}

}  // namespace onnxopt
