// SPDX-License-Identifier: Apache-2.0
// --check and --check-each: does the result compute what the input did?
#ifndef ONNXOPT_TOOLS_CHECK_RESULT_H_
#define ONNXOPT_TOOLS_CHECK_RESULT_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "frontend/reader.h"
#include "passes/check.h"
#include "passes/pass_manager.h"
#include "support/buffer.h"
#include "tools/options.h"

namespace onnxopt {

/// A ModelProto, and how to read it.
struct EncodedModel {
  std::shared_ptr<const Buffer> bytes;
  ReadOptions read;
};

/// Compares results with one model, on random inputs as the options say.
class ResultChecker {
 public:
  explicit ResultChecker(const ToolOptions& options) : options_(options) {}
  /// Before anything is checked.
  void set_original(EncodedModel original) { original_ = std::move(original); }

  /// --check: an error says what differs or, unless a check is wanted only if
  /// possible, why nothing could be compared; else `unchecked` gets the
  /// reasons.
  absl::Status Check(const EncodedModel& result);
  /// --check-each: the same for a model in memory that a pass changed, in any
  /// state; the error names the pass. What cannot be compared is left to Check.
  absl::Status CheckPass(const PassEvent& event);

  const std::vector<std::string>& unchecked() const { return unchecked_; }

 private:
  absl::StatusOr<CheckReport> Compare(const Model& result);

  EncodedModel original_;
  const ToolOptions& options_;
  std::unique_ptr<Model> before_;  // read when it is first needed
  std::vector<std::string> unchecked_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_CHECK_RESULT_H_
