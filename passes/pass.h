// SPDX-License-Identifier: Apache-2.0
// What a pass is, and what it may ask of whoever runs it.
#ifndef ONNXOPT_PASSES_PASS_H_
#define ONNXOPT_PASSES_PASS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "ir/model.h"
#include "support/diagnostics.h"

namespace onnxopt {

/// How the results of a rewritten model may differ from the original's.
enum class NumericClass : uint8_t {
  kExact,          // not at all, NaN, Inf and -0 included
  kReassociating,  // by rounding: algebraically equal
  kApproximate,    // by more than rounding
};

/// "exact", "reassociating", "approximate".
std::string_view NumericClassName(NumericClass numeric);

class PassContext;
class Target;
struct PassInfo;

/// An option in angle brackets: `fold<max-growth=1MiB>`.
struct PassOption {
  std::string name;
  std::string summary;
  std::string default_value;
};

using PassOptionValues = std::map<std::string, std::string, std::less<>>;
using PassCounters = std::map<std::string, int64_t, std::less<>>;

/// A part of a pass that can be disabled by itself: a rewrite rule.
struct PassPart {
  std::string name;
  std::string summary;
  NumericClass numeric = NumericClass::kExact;
};

/// A pass. It may not keep state between runs, and may run on two models in
/// two threads at once.
struct PassInfo {
  /// Kebab-case; the same in flags, logs, documentation and tests.
  std::string name;
  /// One line.
  std::string summary;
  NumericClass numeric = NumericClass::kExact;
  std::vector<PassOption> options;
  std::vector<PassPart> parts;
  /// The state the model has to be in; any if absent.
  std::optional<ModelState> required;
  /// An error means that the model cannot be processed, and ends everything.
  /// To find nothing to do is success. Whether the model changed is measured
  /// by its epoch.
  std::function<absl::Status(Model&, PassContext&)> run;
};

/// Shared by all passes of one run of the pass manager.
struct PassRunState {
  /// May be null.
  Diagnostics* diagnostics = nullptr;
  absl::flat_hash_set<std::string> disabled;
  /// What the model is to be written for; null: anything can be expressed.
  const Target* target = nullptr;
  std::optional<int64_t> rewrite_limit;
  /// Rewrites done so far.
  int64_t rewrites = 0;
  /// What the rewrite that used up the limit was; for bisection.
  std::string last_rewrite;
  /// Remarks made: passes run again and again would repeat them.
  absl::flat_hash_set<std::string> said;
};

/// The services of one run of one pass. Texts are functions because they are
/// only built when somebody will read them.
class PassContext {
 public:
  using Text = absl::FunctionRef<std::string()>;

  /// All must outlive the context.
  PassContext(const PassInfo& pass, const PassOptionValues& options,
              PassRunState& state, PassCounters& counters)
      : pass_(pass), options_(options), state_(state), counters_(counters) {}

  /// To be asked immediately before every single rewrite, with everything else
  /// decided: if it may be done, it is counted under `counter` and `what` ("...
  /// replaced by ...") becomes a remark. False when the rewrite limit is used
  /// up.
  bool Allow(std::string_view counter, Text what);

  /// Reports a near miss: `subject` was almost rewritten, but `reason`, a
  /// fixed phrase, forbids it.
  void Decline(std::string_view reason, Text subject);
  /// The same of a part of the pass with a name of its own, such as a rule.
  void Decline(std::string_view part, std::string_view reason, Text subject);

  void Remark(Text text);
  void Warn(std::string message);
  void Count(std::string_view counter, int64_t n = 1);

  /// As given, else the default. The pass must have declared the option.
  std::string_view Option(std::string_view name) const;

  /// Null: anything can be expressed.
  const Target* target() const { return state_.target; }

  /// Whether the user disabled the part of this pass with that name.
  bool IsDisabled(std::string_view name) const {
    return state_.disabled.contains(std::string(name));
  }

 private:
  const PassInfo& pass_;
  const PassOptionValues& options_;
  PassRunState& state_;
  PassCounters& counters_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_PASS_H_
