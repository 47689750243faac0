// SPDX-License-Identifier: Apache-2.0
// --verify-diagnostics: comments of a text say what is to be reported.
#ifndef ONNXOPT_TOOLS_EXPECTED_H_
#define ONNXOPT_TOOLS_EXPECTED_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/diagnostics.h"

namespace onnxopt {

/// Compares `reported` with the comments of `text`, whose first line has the
/// number `first_line`:
///
///   # expected-error {{part of the message}}
///   # expected-warning@+1 {{the message begins with LINE:COLUMN: and is about
///                           the next line}}     (all on one line)
///
/// and `remark` likewise. Each comment stands for one message, and each message
/// needs one. Returns what is wrong, one text per deviation.
std::vector<std::string> CompareWithExpected(
    std::string_view text, int first_line,
    std::span<const Diagnostic> reported);

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_EXPECTED_H_
