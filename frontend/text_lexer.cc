// SPDX-License-Identifier: Apache-2.0
#include "frontend/text_lexer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "fmt/core.h"
#include "support/text_escape.h"

namespace onnxopt {
namespace {

constexpr size_t kMaxQuotedBytes = 40;

bool IsSpace(char c) { return absl::ascii_isspace(c); }
bool IsDigit(char c) { return absl::ascii_isdigit(c); }
bool IsWordStart(char c) { return absl::ascii_isalpha(c) || c == '_'; }
bool IsWordPart(char c) { return absl::ascii_isalnum(c) || c == '_'; }

absl::string_view AbslView(std::string_view text) {
  return {text.data(), text.size()};
}

TextNote SplitNote(std::string_view comment, TextPosition at) {
  const size_t colon = std::min(comment.find(':'), comment.size());
  const auto strip = [](std::string_view text) {
    while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
    while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
    return text;
  };
  const size_t value = std::min(colon + 1, comment.size());
  return {strip(comment.substr(0, colon)), strip(comment.substr(value)), at};
}

}  // namespace

absl::Status TextError(TextPosition at, std::string_view message) {
  return absl::InvalidArgumentError(
      fmt::format("{}:{}: {}", at.line, at.column, message));
}

TextLexer::TextLexer(std::string_view text, int first_line)
    : text_(text), line_(first_line) {
  Advance();
}

std::vector<TextNote> TextLexer::TakeNotes() {
  return std::exchange(token_.notes, {});
}

void TextLexer::Bad(TextPosition at, std::string_view what) {
  token_.kind = TextToken::Kind::kBad;
  token_.text = what;
  token_.at = at;
  token_.notes.clear();
  next_ = text_.size();
}

void TextLexer::Advance() {
  if (token_.kind == TextToken::Kind::kBad) return;
  if (!token_.notes.empty()) {
    return Bad(token_.notes.front().at,
               "this '#@' comment stands before nothing it could belong to");
  }
  SkipSpace();
  token_.at = Here();
  const char c = Peek();
  if (next_ >= text_.size()) {
    token_.kind = TextToken::Kind::kEnd;
    token_.text = {};
  } else if (c == '"') {
    LexString();
  } else if (IsDigit(c) || c == '-') {
    LexNumber();
  } else if (IsWordStart(c)) {
    LexWord();
  } else {
    const size_t size = c == '=' && Peek(1) == '>' ? 2 : 1;
    token_.kind = TextToken::Kind::kPunctuation;
    token_.text = text_.substr(next_, size);
    next_ += size;
  }
}

void TextLexer::SkipSpace() {
  for (; next_ < text_.size(); ++next_) {
    const char c = text_[next_];
    if (c == '\n') {
      NewLine();
    } else if (c == '#') {
      const size_t end = std::min(text_.find('\n', next_), text_.size());
      if (Peek(1) == '@') {
        token_.notes.push_back(
            SplitNote(text_.substr(next_ + 2, end - next_ - 2), Here()));
      }
      next_ = end - 1;
    } else if (!IsSpace(c)) {
      return;
    }
  }
}

void TextLexer::LexString() {
  const TextPosition at = Here();
  const size_t from = ++next_;
  for (; next_ < text_.size() && text_[next_] != '"'; ++next_) {
    if (text_[next_] == '\\' && next_ + 1 < text_.size()) ++next_;
    if (text_[next_] == '\n') NewLine();
  }
  if (next_ >= text_.size()) return Bad(at, "this string does not end");
  token_.kind = TextToken::Kind::kString;
  token_.text = text_.substr(from, next_ - from);
  ++next_;
}

void TextLexer::LexNumber() {
  const TextPosition at = Here();
  const size_t from = next_;
  if (Peek() == '-') ++next_;
  token_.kind = TextToken::Kind::kInt;
  const auto digits = [this] {
    const size_t first = next_;
    while (IsDigit(Peek())) ++next_;
    return next_ > first;
  };
  bool good = false;
  if (IsWordStart(Peek())) {
    const size_t word = next_;
    while (IsWordPart(Peek())) ++next_;
    token_.kind = TextToken::Kind::kFloat;
    good = IsFloatWord(text_.substr(word, next_ - word));
  } else {
    good = digits();
    if (good && Peek() == '.') {
      ++next_;
      digits();
      token_.kind = TextToken::Kind::kFloat;
    }
    if (good && (Peek() == 'e' || Peek() == 'E')) {
      ++next_;
      if (Peek() == '+' || Peek() == '-') ++next_;
      good = digits();
      token_.kind = TextToken::Kind::kFloat;
    }
  }
  if (!good || IsWordPart(Peek()) || Peek() == '.') {
    return Bad(at, "this is not a number");
  }
  token_.text = text_.substr(from, next_ - from);
}

void TextLexer::LexWord() {
  const size_t from = next_;
  while (IsWordPart(Peek())) ++next_;
  token_.kind = TextToken::Kind::kIdentifier;
  token_.text = text_.substr(from, next_ - from);
}

absl::Status TextLexer::Expected(std::string_view what) const {
  if (token_.kind == TextToken::Kind::kBad) {
    return TextError(token_.at, token_.text);
  }
  const std::string found = AtEnd()
                                ? "the end of the text"
                                : QuoteForMessage(token_.text, kMaxQuotedBytes);
  return TextError(token_.at, fmt::format("expected {}, not {}", what, found));
}

std::string UnescapeText(std::string_view text) {
  std::string content;
  content.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    content += text[i];
  }
  return content;
}

absl::StatusOr<std::string> TakeNoteString(std::string_view* value,
                                           TextPosition at) {
  const std::string_view text = *value;
  size_t end = 1;
  while (end < text.size() && text[end] != '"') {
    end += text[end] == '\\' ? 2 : 1;
  }
  std::string content;
  if (text.empty() || text[0] != '"' || end >= text.size() ||
      !absl::CUnescape(AbslView(text.substr(1, end - 1)), &content)) {
    return TextError(at,
                     "expected a string in double quotes in this '#@' "
                     "comment");
  }
  value->remove_prefix(end + 1);
  return content;
}

bool IsFloatWord(std::string_view word) {
  const absl::string_view text = AbslView(word);
  return absl::EqualsIgnoreCase(text, "nan") ||
         absl::EqualsIgnoreCase(text, "inf") ||
         absl::EqualsIgnoreCase(text, "infinity");
}

bool IsTextIdentifier(std::string_view text) {
  return !text.empty() && IsWordStart(text[0]) &&
         std::all_of(text.begin(), text.end(), IsWordPart);
}

}  // namespace onnxopt
