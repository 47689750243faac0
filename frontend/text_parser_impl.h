// SPDX-License-Identifier: Apache-2.0
// The recursive descent behind text_parser.h.
#ifndef ONNXOPT_FRONTEND_TEXT_PARSER_IMPL_H_
#define ONNXOPT_FRONTEND_TEXT_PARSER_IMPL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "frontend/text_lexer.h"
#include "frontend/text_parser.h"
#include "frontend/wire_writer.h"
#include "ir/attr_kind.h"
#include "ir/type.h"

namespace onnxopt {

/// Writes the message of each construct while parsing it. A function named
/// after a construct starts at its first token, leaves the lexer behind its
/// last one, and writes the fields of its message into the open submessage.
class TextParser {
 public:
  TextParser(std::string_view text, const TextParseOptions& options)
      : options_(options), lex_(text, options.first_line) {}

  absl::StatusOr<std::string> ParseModel();
  absl::StatusOr<std::string> ParseAttribute();

 private:
  using Step = absl::FunctionRef<absl::Status()>;
  using Notes = std::vector<TextNote>;
  using Entries = std::vector<std::pair<std::string, std::string>>;

  /// One value of an attribute.
  struct Item {
    AttrKind kind = AttrKind::kUndefined;
    int64_t i = 0;
    float f = 0;
    std::string bytes;  // a string, or the message of any other kind
  };
  /// Where the notes of a message go; 0: it has no such field. `own` is a key
  /// that the caller sees to.
  struct NoteFields {
    int doc_string = 0;
    int metadata = 0;
    std::string_view own = {};
  };
  struct HeaderFields {
    int ir_version, producer_name, producer_version, domain, model_version,
        doc_string, opset_import, metadata, overload;
  };

  // --- text_parser.cc
  absl::Status Model();
  absl::Status Header(const HeaderFields& fields);
  absl::Status HeaderEntry(const HeaderFields& fields);
  absl::Status OpsetImports(int field);
  absl::Status GraphBody();
  absl::Status Function();
  absl::Status FunctionAttributes();
  absl::Status FunctionOperands(int field);
  absl::Status ValueInfos(int info_field, int initializer_field,
                          std::string_view close, bool is_input);
  absl::Status ValueInfo(int info_field, int initializer_field, bool is_input);
  absl::Status Initializer(const TypeRef& type, std::string_view name,
                           const Notes& notes, TextPosition at);
  absl::Status DanglingValueInfos(int field, Notes* notes);
  absl::Status Nodes(int field);
  absl::Status Node();
  absl::Status Operator();
  absl::Status Operands(int field, std::string_view close);
  absl::Status Attributes();

  absl::Status WriteNotes(const Notes& notes, NoteFields fields);
  static const TextNote* FindNote(const Notes& notes, std::string_view key);
  static absl::StatusOr<std::string> HexOf(const TextNote& note);

  // --- text_parser_values.cc
  absl::StatusOr<TypeRef> ParseType();
  absl::StatusOr<TypeRef> ParseTensorType(bool sparse);
  absl::StatusOr<TypeRef> ParseInnerType();
  absl::StatusOr<TypeRef> ParseOpaqueType();
  absl::StatusOr<Shape> ParseShape();
  absl::Status TypeFields(const TypeRef& type, const Notes& notes);

  absl::Status Tensor(const TypeRef& type, std::string_view name,
                      const Notes& notes, TextPosition at);
  absl::Status TensorConstant(std::string_view name);
  absl::Status Elements(const Type& type, int64_t count);
  absl::Status ExternalData(std::string_view name);
  absl::Status SparseTensor(const TypeRef& type, std::string_view name,
                            const Notes& notes, TextPosition at);

  absl::Status Attribute();
  absl::Status AttributeFields(std::string_view name, const Notes& notes);
  absl::Status AttributeAssignment(std::string_view name);
  absl::Status AttributeValue(AttrKind stated);
  absl::Status AttributeList(AttrKind stated);
  absl::StatusOr<Item> ParseItem(AttrKind expected);
  absl::StatusOr<Item> ParseTypedItem(Notes notes);
  absl::StatusOr<Item> ParseGraphItem(Notes notes);
  absl::Status WriteItem(const Item& item, int field);

  // --- Small things
  absl::Status Match(std::string_view punctuation);
  bool Matches(std::string_view punctuation);
  absl::StatusOr<std::string> ParseId(std::string_view what);
  absl::StatusOr<std::string> ParseString(std::string_view what);
  absl::StatusOr<Entries> ParseEntries();
  void WriteEntries(const Entries& entries, int field);
  bool NextIsId() const {
    return lex_.Is(TextToken::Kind::kIdentifier) ||
           lex_.Is(TextToken::Kind::kString);
  }
  bool NextIsType() const;
  /// `step` as the submessage `field`.
  absl::Status Sub(int field, Step step);
  /// What `step` writes, apart.
  absl::StatusOr<std::string> Capture(Step step);
  /// `item`, separated by commas, up to `close`, which is consumed.
  absl::Status List(std::string_view close, Step item);
  /// Guards against nesting that exhausts the stack.
  absl::Status Nested(Step step);

  const TextParseOptions& options_;
  TextLexer lex_;
  WireWriter out_;
  int depth_ = 0;
};

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_TEXT_PARSER_IMPL_H_
