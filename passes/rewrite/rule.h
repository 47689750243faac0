// SPDX-License-Identifier: Apache-2.0
// Rewrite rules are data. See docs/rewriting.md.
#ifndef ONNXOPT_PASSES_REWRITE_RULE_H_
#define ONNXOPT_PASSES_REWRITE_RULE_H_

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "passes/pass.h"
#include "passes/rewrite/pattern.h"

namespace onnxopt {

class Rewriter;

/// Why a guard stays that the machine check of rules cannot prove necessary.
struct JustifiedGuard {
  std::string_view reason;  // as given to Require
  std::string_view why;
};

struct Rule {
  /// Kebab-case; the same in --disable, remarks, documentation and tests.
  std::string name;
  /// One line: "Transpose(Transpose(x, p), q) -> Transpose(x, p*q)".
  std::string algebra;
  NumericClass numeric = NumericClass::kExact;
  Pattern pattern;
  /// Checks guards, stages nodes and returns what replaces output 0 of the
  /// root; null declines. Must not keep state.
  Value* (*build)(Rewriter&) = nullptr;
  std::vector<JustifiedGuard> justified = {};
};

using RuleSet = std::vector<Rule>;

/// What a guard is for.
enum class GuardKind : uint8_t {
  kSafety,     // without it the result would differ or be invalid
  kMatch,      // the same, but not to hold is no near miss
  kKnowledge,  // without what it asks for nothing can be built
  kProfit,     // without it the graph would not get better
};

/// What tests look at and change. None of it is for production.
struct RewriteHooks {
  /// A safety or match guard that holds always, by its reason.
  std::string_view ignored_guard;
  /// Of every guard reached, whether it holds or not.
  std::function<void(const Rule&, GuardKind, std::string_view reason)> asked;
  std::function<void(const Rule&, GuardKind, std::string_view reason)> declined;
  std::function<void(const Rule&)> fired;
};

/// Rewrites all graphs of the model until no rule of the set fires. The model
/// is in canonical state. Linear in the size of the model and the number of
/// rewrites. When the fuel runs out, which only rules that undo each other can
/// do, a warning names them.
absl::Status RunRules(Model& model, const RuleSet& rules, PassContext& context,
                      const RewriteHooks* hooks = nullptr);

/// All rules of onnx-opt, sorted by name.
const RuleSet& BuiltinRules();

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_REWRITE_RULE_H_
