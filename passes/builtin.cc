// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>
#include <vector>

#include "passes/passes.h"
#include "passes/registry.h"
#include "passes/rewrite/rule.h"
#include "support/status.h"

namespace onnxopt {
namespace {

void Check(const absl::Status& status) { ONNXOPT_CHECK(status.ok()); }

// The pass that applies the built-in rules up to a numeric class.
PassInfo RulesPass(std::string name, std::string summary,
                   NumericClass numeric) {
  PassInfo pass;
  pass.name = std::move(name);
  pass.summary = std::move(summary);
  pass.numeric = numeric;
  pass.required = ModelState::kCanonical;
  RuleSet rules;
  for (const Rule& rule : BuiltinRules()) {
    if (rule.numeric > numeric) continue;
    pass.parts.push_back({rule.name, rule.algebra, rule.numeric});
    rules.push_back(rule);
  }
  pass.run = [rules = std::move(rules)](Model& model, PassContext& context) {
    return RunRules(model, rules, context);
  };
  return pass;
}

PassInfo FoldPass() {
  PassInfo pass;
  pass.name = "fold";
  pass.summary = "evaluate nodes whose inputs are constants";
  pass.numeric = NumericClass::kReassociating;
  pass.options = {
      {"exact", "leave what runtimes may round differently", "false"},
      {"max-growth", "by how much one node may make the file grow", "1MiB"}};
  pass.required = ModelState::kCanonical;
  pass.run = FoldConstants;
  return pass;
}

}  // namespace

void RegisterBuiltin(PassRegistry& registry) {
  using Run = absl::Status (*)(Model&, PassContext&);
  const auto add = [&registry](std::string name, Run run, std::string summary) {
    PassInfo pass;
    pass.name = std::move(name);
    pass.summary = std::move(summary);
    pass.run = run;
    Check(registry.Add(std::move(pass)));
  };
  add("hoist-constants", HoistConstants,
      "move constants of nested graphs and Constant nodes to initializers");
  add("eliminate-identity", EliminateIdentity,
      "remove nodes that return their input: Identity, inference Dropout, "
      "Concat, Sum, Mean, Max and Min of one input");
  add("dedup-constants", DedupConstants,
      "merge constants that are equal bit for bit");
  add("cse", EliminateCommonSubexpressions,
      "replace nodes by equal ones evaluated before them");
  add("eliminate-unused-body-inputs", EliminateUnusedBodyInputs,
      "remove unused carried values, scan inputs and outputs of Loop and Scan");
  add("eliminate-dead", EliminateDead,
      "remove unused nodes, constants, functions and value_info entries");

  Check(registry.Add(FoldPass()));
  Check(registry.Add(RulesPass("simplify", "apply the exact rewrite rules",
                               NumericClass::kExact)));
  Check(registry.Add(RulesPass(
      "fuse", "apply all rewrite rules, those that round differently too",
      NumericClass::kReassociating)));

  const auto add_group = [&registry](std::string name, std::string summary,
                                     std::vector<std::string> members) {
    Check(registry.AddGroup(
        {std::move(name), std::move(summary), std::move(members)}));
  };
  // Constants move together before equal ones are looked for, and cse compares
  // inputs by identity, so it comes after whatever makes them identical. The
  // removal of dead nodes last gives the next round fewer uses.
  add_group("cleanup", "everything that is exact and needs no shapes",
            {"hoist-constants", "eliminate-identity", "dedup-constants", "cse",
             "eliminate-unused-body-inputs", "eliminate-dead"});
  add_group(
      "eliminate", "remove what does nothing",
      {"eliminate-identity", "eliminate-unused-body-inputs", "eliminate-dead"});
}

}  // namespace onnxopt
