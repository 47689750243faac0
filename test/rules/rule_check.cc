// SPDX-License-Identifier: Apache-2.0
// The machine check of rewrite rules; see docs/rewriting.md and --help.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fmt/core.h"
#include "passes/rewrite/rule.h"
#include "test/rules/check_instance.h"

namespace onnxopt::rule_check {
namespace {

constexpr char kHelp[] =
    "Checks every rewrite rule on random instances of its pattern: both sides\n"
    "are evaluated and compared, and each guard is shown to be needed.\n"
    "  --rule=NAME   this rule only\n"
    "  --seed=N      this instance only, and print it before and after\n"
    "  --ignore=R    with --seed: ignore the guard with this reason\n"
    "  --sample      fewer instances; guards need no proof\n"
    "  --floor=N     fail when fewer rules are checked\n";

struct Options {
  std::string rule;
  std::optional<uint64_t> seed;
  std::string ignore;
  bool sample = false;
  size_t floor = 0;
};

struct Effort {
  uint64_t instances;     // valid ones, at least
  uint64_t fired;         // at least
  uint64_t max_attempts;  // instances, valid or not
  bool guards;            // need a proof
};
constexpr Effort kWhole = {200, 50, 3000, true};
constexpr Effort kSample = {60, 15, 2500, false};

bool IsSafety(GuardKind kind) {
  return kind == GuardKind::kSafety || kind == GuardKind::kMatch;
}

struct GuardState {
  int declined = 0;
  std::vector<uint64_t> untried;  // seeds at which it declined
  bool proven = false;
  bool crashes = false;
};

// Ignores the guard at the seeds at which it declined, in a process of its own:
// what a rule does then, it was not written for.
void Prove(const Rule& rule, const std::string& reason, GuardState* guard) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(3);
    for (const uint64_t seed : guard->untried) {
      if (!CheckInstance(rule, seed, reason).failure.empty()) _exit(0);
    }
    _exit(1);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return;
  guard->untried.clear();
  if (!WIFEXITED(status) || WEXITSTATUS(status) > 1) guard->crashes = true;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) guard->proven = true;
}

class RuleCheck {
 public:
  RuleCheck(const Rule& rule, const Effort& effort)
      : rule_(rule), effort_(effort) {}

  // Prints a line; true if all is well.
  bool Run() {
    uint64_t seed = 0;
    while (seed < effort_.max_attempts && failures_ < 3 && !Enough()) {
      const uint64_t end = seed + 100;
      for (; seed < end && failures_ < 3; ++seed) Instance(seed);
      if (valid_ == 0 && seed >= 400) break;
      if (!effort_.guards) continue;
      for (auto& [id, guard] : guards_) {
        if (IsSafety(id.kind) && !guard.proven && !guard.untried.empty()) {
          Prove(rule_, id.reason, &guard);
        }
      }
    }
    return Report(seed);
  }

 private:
  void Instance(uint64_t seed) {
    const InstanceResult result = CheckInstance(rule_, seed);
    if (!result.invalid.empty()) {
      ++invalid_[result.invalid];
      return;
    }
    ++valid_;
    fired_ += result.fired ? 1 : 0;
    for (const GuardId& id : result.asked) guards_[id];
    for (const GuardId& id : result.declined) {
      GuardState& guard = guards_[id];
      ++guard.declined;
      if (guard.untried.size() < 200) guard.untried.push_back(seed);
    }
    if (result.failure.empty()) return;
    ++failures_;
    fmt::print("FAILED {} --seed={}: {}\n{}\n", rule_.name, seed,
               result.failure, DescribeInstance(rule_, seed));
  }

  bool IsJustified(const std::string& reason) const {
    return std::any_of(
        rule_.justified.begin(), rule_.justified.end(),
        [&](const JustifiedGuard& guard) { return guard.reason == reason; });
  }

  bool NeedsProof(const GuardId& id, const GuardState& guard) const {
    return IsSafety(id.kind) && !guard.proven && !IsJustified(id.reason);
  }

  bool Enough() const {
    if (valid_ < effort_.instances || fired_ < effort_.fired) return false;
    return !effort_.guards ||
           std::none_of(guards_.begin(), guards_.end(), [&](const auto& entry) {
             return NeedsProof(entry.first, entry.second);
           });
  }

  bool Report(uint64_t attempts) const {
    bool ok = failures_ == 0;
    fmt::print("{}: {} instances of {}, {} fired\n", rule_.name, valid_,
               attempts, fired_);
    for (const auto& [id, guard] : guards_) {
      std::string verdict;
      if (guard.proven) {
        verdict = ", proven";
      } else if (IsSafety(id.kind) && IsJustified(id.reason)) {
        verdict = ", justified";
      } else if (effort_.guards && NeedsProof(id, guard)) {
        ok = false;
        verdict = guard.declined == 0
                      ? ", FAILED: never declines"
                      : ", FAILED: nothing goes wrong without it";
      }
      if (guard.crashes && effort_.guards) {
        verdict += ", FAILED: the rule crashes without it, so it is Known()";
        ok = false;
      }
      fmt::print("    declined {:4}: {}{}\n", guard.declined, id.reason,
                 verdict);
    }
    if (valid_ < effort_.instances || fired_ < effort_.fired) {
      ok = false;
      fmt::print("    FAILED: it is to fire {} times in {} instances\n",
                 effort_.fired, effort_.instances);
      std::vector<std::pair<int, std::string>> reasons;
      for (const auto& [reason, count] : invalid_) {
        reasons.emplace_back(-count, reason);
      }
      std::sort(reasons.begin(), reasons.end());
      for (size_t i = 0; i < reasons.size() && i < 3; ++i) {
        fmt::print("    not valid {}: {}\n", -reasons[i].first,
                   reasons[i].second);
      }
    }
    return ok;
  }

  const Rule& rule_;
  const Effort effort_;
  uint64_t valid_ = 0;
  uint64_t fired_ = 0;
  int failures_ = 0;
  std::map<std::string, int> invalid_;
  std::map<GuardId, GuardState> guards_;
};

int Replay(const Rule& rule, const Options& options) {
  const InstanceResult result =
      CheckInstance(rule, *options.seed, options.ignore);
  fmt::print("{}", DescribeInstance(rule, *options.seed, options.ignore));
  fmt::print("{}\n", !result.invalid.empty()   ? "invalid: " + result.invalid
                     : !result.failure.empty() ? "FAILED: " + result.failure
                     : result.fired            ? "fired"
                                               : "declined");
  for (const GuardId& id : result.declined) fmt::print("  {}\n", id.reason);
  return result.failure.empty() ? 0 : 1;
}

int RunAll(const Options& options) {
  size_t checked = 0;
  std::vector<std::string> failed;
  for (const Rule& rule : BuiltinRules()) {
    if (!options.rule.empty() && rule.name != options.rule) continue;
    if (options.seed) return Replay(rule, options);
    ++checked;
    if (!RuleCheck(rule, options.sample ? kSample : kWhole).Run()) {
      failed.push_back(rule.name);
    }
  }
  for (const std::string& name : failed) fmt::print("FAILED {}\n", name);
  fmt::print("{} rules checked, {} failed\n", checked, failed.size());
  const size_t floor = options.rule.empty() ? options.floor : 1;
  if (checked < floor) fmt::print("FAILED: fewer than {}\n", floor);
  return failed.empty() && checked >= floor ? 0 : 1;
}

bool Parse(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const std::string value =
        equals == std::string::npos ? "" : argument.substr(equals + 1);
    if (name == "--rule") {
      options->rule = value;
    } else if (name == "--seed") {
      options->seed = std::strtoull(value.c_str(), nullptr, 10);
    } else if (name == "--ignore") {
      options->ignore = value;
    } else if (name == "--sample") {
      options->sample = true;
    } else if (name == "--floor") {
      options->floor = std::strtoull(value.c_str(), nullptr, 10);
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace
}  // namespace onnxopt::rule_check

int main(int argc, char** argv) {
  onnxopt::rule_check::Options options;
  if (!onnxopt::rule_check::Parse(argc, argv, &options)) {
    std::fputs(onnxopt::rule_check::kHelp, stderr);
    return 2;
  }
  return onnxopt::rule_check::RunAll(options);
}
