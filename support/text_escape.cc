// SPDX-License-Identifier: Apache-2.0
#include "support/text_escape.h"

#include <fmt/format.h>

#include <cstdint>

namespace onnxopt {
namespace {

// Length of the printable UTF-8 sequence `text` starts with, 0 if it starts
// with anything else: control characters (C1 included), surrogates, overlong
// and cut sequences.
size_t PrintableLength(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = at(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  uint32_t code = first & (0xFF >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (at(i) & 0x3F);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0xA0, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code >= kSmallest[length] && code <= 0x10FFFF && !surrogate ? length
                                                                     : 0;
}

}  // namespace

std::string QuoteForMessage(std::string_view text, size_t max_bytes) {
  std::string out = "'";
  size_t i = 0;
  while (i < text.size()) {
    const size_t length = PrintableLength(text.substr(i));
    if (i >= max_bytes || i + length > max_bytes) break;
    const char c = text[i];
    if (length == 0) {
      out += fmt::format("\\x{:02X}", static_cast<uint8_t>(c));
    } else {
      if (c == '\'' || c == '\\') out += '\\';
      out += text.substr(i, length);
    }
    i += length == 0 ? 1 : length;
  }
  out += i < text.size() ? "'..." : "'";
  return out;
}

}  // namespace onnxopt
