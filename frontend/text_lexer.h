// SPDX-License-Identifier: Apache-2.0
// Tokens of ONNX's textual syntax.
#ifndef ONNXOPT_FRONTEND_TEXT_LEXER_H_
#define ONNXOPT_FRONTEND_TEXT_LEXER_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace onnxopt {

/// A place in a text, counted from 1; columns are bytes.
struct TextPosition {
  int line = 1;
  int column = 1;
};

/// "LINE:COLUMN: MESSAGE"
absl::Status TextError(TextPosition at, std::string_view message);

/// A comment `#@ key: value`, which belongs to the construct that the next
/// token begins.
struct TextNote {
  std::string_view key;
  std::string_view value;
  TextPosition at;
};

struct TextToken {
  enum class Kind {
    kEnd,
    kIdentifier,
    kString,
    kInt,
    kFloat,
    kPunctuation,  // one character, or "=>"
    kBad,          // text is what is wrong
  };
  Kind kind = Kind::kEnd;
  /// As written; of a string what is between the quotes, escapes and all.
  std::string_view text;
  TextPosition at;
  std::vector<TextNote> notes;
};

/// One token of lookahead over a text, which must outlive the lexer.
class TextLexer {
 public:
  explicit TextLexer(std::string_view text, int first_line = 1);

  const TextToken& token() const { return token_; }
  bool Is(TextToken::Kind kind) const { return token_.kind == kind; }
  bool Is(std::string_view punctuation) const {
    return Is(TextToken::Kind::kPunctuation) && token_.text == punctuation;
  }
  bool AtEnd() const { return Is(TextToken::Kind::kEnd); }

  /// The notes before the current token, which are then settled. To advance
  /// past a token with notes that nobody took is an error.
  std::vector<TextNote> TakeNotes();
  void Advance();

  /// "LINE:COLUMN: expected WHAT, not 'xyz'".
  absl::Status Expected(std::string_view what) const;

 private:
  void SkipSpace();
  void NewLine() {
    ++line_;
    line_start_ = next_ + 1;
  }
  TextPosition Here() const {
    return {line_, static_cast<int>(next_ - line_start_) + 1};
  }
  char Peek(size_t ahead = 0) const {
    return next_ + ahead < text_.size() ? text_[next_ + ahead] : '\0';
  }
  void LexString();
  void LexNumber();
  void LexWord();
  void Bad(TextPosition at, std::string_view what);

  std::string_view text_;
  size_t next_ = 0;
  size_t line_start_ = 0;
  int line_;
  TextToken token_;
};

/// The content of a string token: a backslash stands for the character after
/// it, whatever that is.
std::string UnescapeText(std::string_view text);

/// The value of a note that begins with a string in double quotes, escaped as
/// in C; `value` is cut after it.
absl::StatusOr<std::string> TakeNoteString(std::string_view* value,
                                           TextPosition at);

/// "nan", "inf", "infinity", in any case.
bool IsFloatWord(std::string_view word);

bool IsTextIdentifier(std::string_view text);

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_TEXT_LEXER_H_
