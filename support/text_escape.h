// SPDX-License-Identifier: Apache-2.0
#ifndef ONNXOPT_SUPPORT_TEXT_ESCAPE_H_
#define ONNXOPT_SUPPORT_TEXT_ESCAPE_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace onnxopt {

// `text` from a model as it may appear in a message or on a terminal: in single
// quotes, control characters, quotes, backslashes and what is not UTF-8
// escaped, and cut ("...") after `max_bytes` of `text`.
std::string QuoteForMessage(std::string_view text, size_t max_bytes = 200);

}  // namespace onnxopt

#endif  // ONNXOPT_SUPPORT_TEXT_ESCAPE_H_
