// SPDX-License-Identifier: Apache-2.0
// --check: does the result compute what the input did?
#ifndef ONNXOPT_TOOLS_CHECK_RESULT_H_
#define ONNXOPT_TOOLS_CHECK_RESULT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "frontend/reader.h"
#include "support/buffer.h"
#include "tools/options.h"

namespace onnxopt {

/// A ModelProto, and how to read it.
struct EncodedModel {
  std::shared_ptr<const Buffer> bytes;
  ReadOptions read;
};

/// Runs both models on random inputs as the options say. An error says what
/// differs or, unless a check is wanted only if possible, why nothing could be
/// compared; in that case `unchecked` gets the reasons instead.
absl::Status CheckResult(const EncodedModel& original,
                         const EncodedModel& result, const ToolOptions& options,
                         std::vector<std::string>* unchecked);

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_CHECK_RESULT_H_
