// SPDX-License-Identifier: Apache-2.0
#include "frontend/text_parser.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "fmt/core.h"
#include "frontend/proto_fields.h"
#include "frontend/reader.h"
#include "frontend/text_elements.h"
#include "frontend/text_parser_impl.h"
#include "frontend/type_wire.h"
#include "support/status.h"
#include "support/text_escape.h"

namespace onnxopt {

absl::StatusOr<std::string> ParseModelText(std::string_view text,
                                           const TextParseOptions& options) {
  return TextParser(text, options).ParseModel();
}

absl::StatusOr<std::string> ParseAttributeText(std::string_view text) {
  return TextParser(text, TextParseOptions()).ParseAttribute();
}

std::vector<std::pair<int, std::string_view>> SplitModels(
    std::string_view text) {
  constexpr std::string_view kSeparator = "# -----";
  std::vector<std::pair<int, std::string_view>> models;
  size_t from = 0;
  int from_line = 1;
  int line = 1;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (in_string) {
      if (c == '\\' && i + 1 < text.size() && text[i + 1] != '\n') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '#') {
      const size_t end = std::min(text.find('\n', i), text.size());
      const bool at_start = i == 0 || text[i - 1] == '\n';
      if (at_start && text.substr(i).starts_with(kSeparator)) {
        models.emplace_back(from_line, text.substr(from, i - from));
        from = std::min(end + 1, text.size());
        from_line = line + 1;
      }
      i = end - 1;
    }
  }
  models.emplace_back(from_line, text.substr(from));
  return models;
}

// --- Small things

absl::Status TextParser::Match(std::string_view punctuation) {
  if (Matches(punctuation)) return absl::OkStatus();
  return lex_.Expected(fmt::format("'{}'", punctuation));
}

bool TextParser::Matches(std::string_view punctuation) {
  if (!lex_.Is(punctuation)) return false;
  lex_.Advance();
  return true;
}

absl::StatusOr<std::string> TextParser::ParseId(std::string_view what) {
  if (!NextIsId()) return lex_.Expected(what);
  const bool quoted = lex_.Is(TextToken::Kind::kString);
  const std::string_view text = lex_.token().text;
  lex_.Advance();
  return quoted ? UnescapeText(text) : std::string(text);
}

absl::StatusOr<std::string> TextParser::ParseString(std::string_view what) {
  if (!lex_.Is(TextToken::Kind::kString)) return lex_.Expected(what);
  return ParseId(what);
}

absl::StatusOr<TextParser::Entries> TextParser::ParseEntries() {
  Entries entries;
  RETURN_IF_ERROR(Match("["));
  RETURN_IF_ERROR(List("]", [&]() -> absl::Status {
    ASSIGN_OR_RETURN(std::string key, ParseString("a key in double quotes"));
    RETURN_IF_ERROR(Match(":"));
    ASSIGN_OR_RETURN(std::string value,
                     ParseString("a value in double quotes"));
    entries.emplace_back(std::move(key), std::move(value));
    return absl::OkStatus();
  }));
  return entries;
}

void TextParser::WriteEntries(const Entries& entries, int field) {
  for (const auto& [key, value] : entries) {
    const size_t entry = out_.Begin(field);
    out_.Bytes(proto::entry::kKey, key);
    out_.Bytes(proto::entry::kValue, value);
    out_.End(entry);
  }
}

absl::Status TextParser::Sub(int field, Step step) {
  const size_t begin = out_.Begin(field);
  RETURN_IF_ERROR(step());
  out_.End(begin);
  return absl::OkStatus();
}

absl::StatusOr<std::string> TextParser::Capture(Step step) {
  WireWriter outer = std::exchange(out_, WireWriter());
  const absl::Status status = step();
  std::swap(outer, out_);
  if (!status.ok()) return status;
  return outer.small();
}

absl::Status TextParser::List(std::string_view close, Step item) {
  if (Matches(close)) return absl::OkStatus();
  do {
    RETURN_IF_ERROR(item());
  } while (Matches(","));
  if (Matches(close)) return absl::OkStatus();
  return lex_.Expected(fmt::format("',' or '{}'", close));
}

absl::Status TextParser::Nested(Step step) {
  if (depth_ >= kMaxNesting) {
    return TextError(lex_.token().at,
                     fmt::format("graphs or types are nested deeper than {} "
                                 "levels",
                                 kMaxNesting));
  }
  ++depth_;
  const absl::Status status = step();
  --depth_;
  return status;
}

// --- Notes

const TextNote* TextParser::FindNote(const Notes& notes, std::string_view key) {
  for (const TextNote& note : notes) {
    if (note.key == key) return &note;
  }
  return nullptr;
}

absl::StatusOr<std::string> TextParser::HexOf(const TextNote& note) {
  const std::string_view hex = note.value;
  const bool good = hex.size() % 2 == 0 &&
                    std::all_of(hex.begin(), hex.end(), [](unsigned char c) {
                      return absl::ascii_isxdigit(c);
                    });
  if (!good) {
    return TextError(note.at, fmt::format("the value of '#@ {}' is no string "
                                          "of hexadecimal digits",
                                          note.key));
  }
  return absl::HexStringToBytes(absl::string_view(hex.data(), hex.size()));
}

absl::Status TextParser::WriteNotes(const Notes& notes, NoteFields fields) {
  for (const TextNote& note : notes) {
    std::string_view value = note.value;
    if (note.key == "fields") {
      ASSIGN_OR_RETURN(const std::string raw, HexOf(note));
      out_.Raw(raw);
    } else if (note.key == "doc_string" && fields.doc_string != 0) {
      ASSIGN_OR_RETURN(const std::string text, TakeNoteString(&value, note.at));
      out_.Bytes(fields.doc_string, text);
    } else if (note.key == "metadata" && fields.metadata != 0) {
      ASSIGN_OR_RETURN(std::string key, TakeNoteString(&value, note.at));
      if (!value.starts_with(": ")) {
        return TextError(note.at, "expected '#@ metadata: \"KEY\": \"VALUE\"'");
      }
      value.remove_prefix(2);
      ASSIGN_OR_RETURN(std::string text, TakeNoteString(&value, note.at));
      WriteEntries({{std::move(key), std::move(text)}}, fields.metadata);
    } else if (note.key != fields.own) {
      return TextError(
          note.at,
          fmt::format("'#@ {}' does not belong to what follows", note.key));
    }
  }
  return absl::OkStatus();
}

// --- Model

absl::StatusOr<std::string> TextParser::ParseModel() {
  RETURN_IF_ERROR(Model());
  return out_.small();
}

absl::Status TextParser::Model() {
  namespace field = proto::model;
  if (lex_.Is("<")) {
    RETURN_IF_ERROR(
        WriteNotes(lex_.TakeNotes(), {field::kDocString, field::kMetadata}));
    RETURN_IF_ERROR(
        Header({field::kIrVersion, field::kProducerName,
                field::kProducerVersion, field::kDomain, field::kModelVersion,
                field::kDocString, field::kOpsetImport, field::kMetadata, 0}));
  }
  RETURN_IF_ERROR(Sub(field::kGraph, [&]() -> absl::Status {
    const Notes notes = lex_.TakeNotes();
    RETURN_IF_ERROR(
        WriteNotes(notes, {proto::graph::kDocString, proto::graph::kMetadata}));
    ASSIGN_OR_RETURN(const std::string name, ParseId("the name of the graph"));
    out_.OptionalBytes(proto::graph::kName, name);
    return GraphBody();
  }));
  while (!lex_.AtEnd()) {
    RETURN_IF_ERROR(Sub(field::kFunctions, [&] { return Function(); }));
  }
  lex_.Advance();  // complains about notes at the end
  if (lex_.AtEnd()) return absl::OkStatus();
  return lex_.Expected("the end of the text");
}

absl::Status TextParser::Header(const HeaderFields& fields) {
  RETURN_IF_ERROR(Match("<"));
  return List(">", [&] { return HeaderEntry(fields); });
}

absl::Status TextParser::HeaderEntry(const HeaderFields& fields) {
  const TextPosition at = lex_.token().at;
  ASSIGN_OR_RETURN(const std::string key, ParseId("a key such as ir_version"));
  RETURN_IF_ERROR(Match(":"));
  const std::pair<std::string_view, int> ints[] = {
      {"ir_version", fields.ir_version},
      {"model_version", fields.model_version}};
  for (const auto& [name, field] : ints) {
    if (key != name || field == 0) continue;
    ASSIGN_OR_RETURN(const int64_t value, ParseTextInt(lex_.token()));
    lex_.Advance();
    out_.Int(field, value);
    return absl::OkStatus();
  }
  const std::pair<std::string_view, int> strings[] = {
      {"producer_name", fields.producer_name},
      {"producer_version", fields.producer_version},
      {"domain", fields.domain},
      {"doc_string", fields.doc_string},
      {"overload", fields.overload}};
  for (const auto& [name, field] : strings) {
    if (key != name || field == 0) continue;
    ASSIGN_OR_RETURN(const std::string value,
                     ParseString("a string in double quotes"));
    out_.OptionalBytes(field, value);
    return absl::OkStatus();
  }
  if (key == "opset_import") return OpsetImports(fields.opset_import);
  if (key == "metadata_props") {
    ASSIGN_OR_RETURN(const Entries entries, ParseEntries());
    WriteEntries(entries, fields.metadata);
    return absl::OkStatus();
  }
  return TextError(at, fmt::format("unknown key {}", QuoteForMessage(key)));
}

absl::Status TextParser::OpsetImports(int field) {
  RETURN_IF_ERROR(Match("["));
  return List("]", [&] {
    return Sub(field, [&]() -> absl::Status {
      RETURN_IF_ERROR(WriteNotes(lex_.TakeNotes(), {}));
      ASSIGN_OR_RETURN(const std::string domain,
                       ParseString("a domain in double quotes"));
      out_.OptionalBytes(proto::opset_id::kDomain, domain);
      RETURN_IF_ERROR(Match(":"));
      ASSIGN_OR_RETURN(const int64_t version, ParseTextInt(lex_.token()));
      lex_.Advance();
      out_.Int(proto::opset_id::kVersion, version);
      return absl::OkStatus();
    });
  });
}

// --- Graph

absl::Status TextParser::GraphBody() {
  return Nested([&]() -> absl::Status {
    namespace field = proto::graph;
    RETURN_IF_ERROR(Match("("));
    RETURN_IF_ERROR(ValueInfos(field::kInput, field::kInitializer, ")", true));
    RETURN_IF_ERROR(Match("=>"));
    RETURN_IF_ERROR(Match("("));
    RETURN_IF_ERROR(ValueInfos(field::kOutput, 0, ")", false));
    if (Matches("<")) {
      RETURN_IF_ERROR(
          ValueInfos(field::kValueInfo, field::kInitializer, ">", false));
    }
    return Nodes(field::kNode);
  });
}

absl::Status TextParser::ValueInfos(int info_field, int initializer_field,
                                    std::string_view close, bool is_input) {
  while (!lex_.Is(close)) {
    RETURN_IF_ERROR(ValueInfo(info_field, initializer_field, is_input));
    if (lex_.Is(close)) continue;
    if (!Matches(",")) {
      return lex_.Expected(fmt::format("',' or '{}'", close));
    }
  }
  Notes notes = lex_.TakeNotes();
  RETURN_IF_ERROR(DanglingValueInfos(info_field, &notes));
  RETURN_IF_ERROR(WriteNotes(notes, {}));
  return Match(close);
}

// Entries that name no value have no syntax, only their place among others.
absl::Status TextParser::DanglingValueInfos(int field, Notes* notes) {
  while (!notes->empty() && notes->front().key == "value_info") {
    ASSIGN_OR_RETURN(const std::string message, HexOf(notes->front()));
    out_.Bytes(field, message);
    notes->erase(notes->begin());
  }
  return absl::OkStatus();
}

absl::Status TextParser::ValueInfo(int info_field, int initializer_field,
                                   bool is_input) {
  namespace field = proto::value_info;
  Notes notes = lex_.TakeNotes();
  RETURN_IF_ERROR(DanglingValueInfos(info_field, &notes));
  const TextPosition at = lex_.token().at;
  TypeRef type;
  if (NextIsType()) {
    ASSIGN_OR_RETURN(type, ParseType());
  }
  ASSIGN_OR_RETURN(const std::string name, ParseId("the name of a value"));
  const bool initialized = initializer_field != 0 && Matches("=");
  if (!initialized || is_input) {
    RETURN_IF_ERROR(Sub(info_field, [&]() -> absl::Status {
      RETURN_IF_ERROR(
          WriteNotes(notes, {field::kDocString, field::kMetadata, "type"}));
      out_.OptionalBytes(field::kName, name);
      return TypeFields(type, notes);
    }));
    notes.clear();
  }
  if (!initialized) return absl::OkStatus();
  return Initializer(type, name, notes, at);
}

absl::Status TextParser::Initializer(const TypeRef& type, std::string_view name,
                                     const Notes& notes, TextPosition at) {
  if (type != nullptr && type->kind() == Type::Kind::kSparseTensor) {
    return Sub(proto::graph::kSparseInitializer,
               [&] { return SparseTensor(type, name, notes, at); });
  }
  return Sub(proto::graph::kInitializer,
             [&] { return Tensor(type, name, notes, at); });
}

absl::Status TextParser::Nodes(int field) {
  RETURN_IF_ERROR(Match("{"));
  while (!Matches("}")) {
    RETURN_IF_ERROR(Sub(field, [&] { return Node(); }));
  }
  return absl::OkStatus();
}

absl::Status TextParser::Node() {
  namespace field = proto::node;
  RETURN_IF_ERROR(
      WriteNotes(lex_.TakeNotes(), {field::kDocString, field::kMetadata}));
  if (!NextIsId() && !lex_.Is("[") && !lex_.Is("=") && !lex_.Is(",")) {
    return lex_.Expected("a node or '}'");
  }
  if (Matches("[")) {
    ASSIGN_OR_RETURN(const std::string name, ParseId("the name of a node"));
    out_.OptionalBytes(field::kName, name);
    RETURN_IF_ERROR(Match("]"));
  }
  RETURN_IF_ERROR(Operands(field::kOutput, "="));
  RETURN_IF_ERROR(Operator());
  bool has_attributes = false;
  if (lex_.Is("<")) {
    has_attributes = true;
    RETURN_IF_ERROR(Attributes());
  }
  RETURN_IF_ERROR(Match("("));
  RETURN_IF_ERROR(Operands(field::kInput, ")"));
  if (!has_attributes && lex_.Is("<")) return Attributes();
  return absl::OkStatus();
}

absl::Status TextParser::Operator() {
  ASSIGN_OR_RETURN(std::string name, ParseId("an operator"));
  std::string domain;
  while (Matches(".")) {
    if (!domain.empty()) domain += '.';
    domain += name;
    ASSIGN_OR_RETURN(name, ParseId("an operator"));
  }
  out_.Bytes(proto::node::kOpType, name);
  out_.OptionalBytes(proto::node::kDomain, domain);
  if (!Matches(":")) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string overload, ParseId("an overload"));
  out_.OptionalBytes(proto::node::kOverload, overload);
  return absl::OkStatus();
}

// An absent operand is "" or nothing before a comma.
absl::Status TextParser::Operands(int field, std::string_view close) {
  while (!Matches(close)) {
    std::string name;
    if (!lex_.Is(",")) {
      ASSIGN_OR_RETURN(name, ParseId("the name of a value"));
    }
    out_.Bytes(field, name);
    if (lex_.Is(close)) continue;
    if (!Matches(",")) {
      return lex_.Expected(fmt::format("',' or '{}'", close));
    }
  }
  return absl::OkStatus();
}

absl::Status TextParser::Attributes() {
  RETURN_IF_ERROR(Match("<"));
  return List(">", [&] {
    return Sub(proto::node::kAttribute, [&] { return Attribute(); });
  });
}

// --- Function

absl::Status TextParser::Function() {
  namespace field = proto::function;
  constexpr NoteFields kNotes = {field::kDocString, field::kMetadata};
  if (lex_.Is("<")) {
    RETURN_IF_ERROR(WriteNotes(lex_.TakeNotes(), kNotes));
    RETURN_IF_ERROR(
        Header({0, 0, 0, field::kDomain, 0, field::kDocString,
                field::kOpsetImport, field::kMetadata, field::kOverload}));
  }
  RETURN_IF_ERROR(WriteNotes(lex_.TakeNotes(), kNotes));
  ASSIGN_OR_RETURN(const std::string name, ParseId("a function"));
  out_.OptionalBytes(field::kName, name);
  if (Matches("<")) RETURN_IF_ERROR(FunctionAttributes());
  RETURN_IF_ERROR(FunctionOperands(field::kInput));
  RETURN_IF_ERROR(Match("=>"));
  RETURN_IF_ERROR(FunctionOperands(field::kOutput));
  if (Matches("<")) {
    RETURN_IF_ERROR(ValueInfos(field::kValueInfo, 0, ">", false));
  }
  return Nodes(field::kNode);
}

absl::Status TextParser::FunctionAttributes() {
  return List(">", [&]() -> absl::Status {
    Notes notes = lex_.TakeNotes();
    ASSIGN_OR_RETURN(const std::string name,
                     ParseId("the name of an attribute"));
    if (!lex_.Is(":") && !lex_.Is("=")) {
      out_.Bytes(proto::function::kAttribute, name);
      return WriteNotes(notes, {});
    }
    return Sub(proto::function::kAttributeProto,
               [&] { return AttributeFields(name, notes); });
  });
}

absl::Status TextParser::FunctionOperands(int field) {
  RETURN_IF_ERROR(Match("("));
  return List(")", [&]() -> absl::Status {
    TypeRef type;
    if (NextIsType()) {
      ASSIGN_OR_RETURN(type, ParseType());
    }
    ASSIGN_OR_RETURN(const std::string name, ParseId("the name of a value"));
    out_.Bytes(field, name);
    if (type == nullptr) return absl::OkStatus();
    return Sub(proto::function::kValueInfo, [&]() -> absl::Status {
      out_.Bytes(proto::value_info::kName, name);
      return TypeFields(type, {});
    });
  });
}

}  // namespace onnxopt
