// SPDX-License-Identifier: Apache-2.0
// Messages to the user, on standard error.
#ifndef ONNXOPT_TOOLS_REPORTER_H_
#define ONNXOPT_TOOLS_REPORTER_H_

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "support/diagnostics.h"

namespace onnxopt {

/// A POSIX extended regular expression.
class Regex {
 public:
  static absl::StatusOr<Regex> Compile(const std::string& pattern);
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();
  bool Matches(const std::string& text) const;

 private:
  struct State;
  explicit Regex(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Whether to colour what goes to standard error: it is a terminal and the user
/// did not set NO_COLOR.
bool UseColor();

/// Prints one line per diagnostic: "FILE: error: MESSAGE",
/// "FILE: remark: [PASS] MESSAGE". Control characters are escaped.
class Reporter {
 public:
  Reporter(bool quiet, bool color) : quiet_(quiet), color_(color) {}

  /// Remarks whose text (with the pass) does not match are dropped.
  void set_remark_filter(Regex filter) {
    remark_filter_ = std::make_unique<Regex>(std::move(filter));
  }
  /// From now on diagnostics are kept and not printed.
  void Capture() { capture_ = true; }
  /// Diagnostics are printed again; returns those kept.
  std::vector<Diagnostic> StopCapture() {
    capture_ = false;
    return std::exchange(captured_, {});
  }

  void Error(std::string_view file, std::string message) {
    Report(file, {Severity::kError, std::move(message), ""});
  }
  void Error(std::string_view file, const absl::Status& status) {
    Error(file, std::string(status.message()));
  }
  void Report(std::string_view file, const Diagnostic& diagnostic);

 private:
  bool quiet_;
  bool color_;
  bool capture_ = false;
  std::unique_ptr<Regex> remark_filter_;
  std::vector<Diagnostic> captured_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_REPORTER_H_
