// SPDX-License-Identifier: Apache-2.0
// What the exit codes of the tools say.
#ifndef ONNXOPT_TOOLS_EXIT_CODE_H_
#define ONNXOPT_TOOLS_EXIT_CODE_H_

namespace onnxopt {

enum ExitCode {
  kSuccess = 0,
  kFailure = 1,  // a bad model, a file error, a failed check, a difference
  kUsage = 2,    // a bad command line
  kOurBug = 3,   // the tool is wrong; nothing was written
};

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_EXIT_CODE_H_
