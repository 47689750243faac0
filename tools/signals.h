// SPDX-License-Identifier: Apache-2.0
// What happens on signals.
#ifndef ONNXOPT_TOOLS_SIGNALS_H_
#define ONNXOPT_TOOLS_SIGNALS_H_

#include <string>

namespace onnxopt {

/// - SIGBUS, which reading a mapped file raises when the file has been cut
///   short: an error about `input`, and exit code 1.
/// - SIGINT, SIGTERM and SIGHUP end the program as usual.
/// Both remove the temporary file. SIGPIPE and SIGXFSZ are ignored: writing
/// then fails with an error.
void InstallSignalHandlers(const std::string& input);

/// The temporary file to remove; "" if there is none.
void SetTemporaryFile(const std::string& path);

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_SIGNALS_H_
