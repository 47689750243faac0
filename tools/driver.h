// SPDX-License-Identifier: Apache-2.0
// What onnx-opt does once its command line is understood.
#ifndef ONNXOPT_TOOLS_DRIVER_H_
#define ONNXOPT_TOOLS_DRIVER_H_

#include "tools/exit_code.h"
#include "tools/options.h"

namespace onnxopt {

/// Reads, optimizes and writes as `options` say, and reports on standard
/// error.
ExitCode RunTool(const ToolOptions& options);

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_DRIVER_H_
