// SPDX-License-Identifier: Apache-2.0
#ifndef ONNXOPT_SUPPORT_DIAGNOSTICS_H_
#define ONNXOPT_SUPPORT_DIAGNOSTICS_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace onnxopt {

enum class Severity { kError, kWarning, kRemark };

struct Diagnostic {
  Severity severity;
  std::string message;  // already names the node or value it is about
  std::string pass;     // who says it; may be empty
};

// Collects what readers and passes have to say beyond success or failure.
// Whoever created it prints it. Not thread-safe.
class Diagnostics {
 public:
  Diagnostics() = default;
  explicit Diagnostics(bool wants_remarks) : wants_remarks_(wants_remarks) {}

  // Ask before building the text of a remark.
  bool wants_remarks() const { return wants_remarks_; }

  void Error(std::string message) {
    all_.push_back({Severity::kError, std::move(message), ""});
  }
  void Warn(std::string message) {
    all_.push_back({Severity::kWarning, std::move(message), ""});
  }
  // Dropped unless wants_remarks().
  void Remark(std::string_view pass, std::string message) {
    if (!wants_remarks_) return;
    all_.push_back({Severity::kRemark, std::move(message), std::string(pass)});
  }

  const std::vector<Diagnostic>& all() const { return all_; }

 private:
  bool wants_remarks_ = false;
  std::vector<Diagnostic> all_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_SUPPORT_DIAGNOSTICS_H_
