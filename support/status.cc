// SPDX-License-Identifier: Apache-2.0
#include "support/status.h"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace onnxopt {

absl::Status Annotate(absl::Status status, std::string_view prefix) {
  if (status.ok()) return status;
  return absl::Status(status.code(), std::string(prefix) + ": " +
                                         std::string(status.message()));
}

namespace internal {

void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr,
               "%s:%d: internal error: check failed: %s\n"
               "This is a bug in onnx-opt; please report it.\n",
               file, line, condition);
  std::abort();
}

}  // namespace internal
}  // namespace onnxopt
