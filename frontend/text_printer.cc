// SPDX-License-Identifier: Apache-2.0
#include "frontend/text_printer.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "fmt/core.h"
#include "frontend/proto_fields.h"
#include "frontend/text_fields.h"
#include "frontend/text_lexer.h"
#include "frontend/text_printer_impl.h"
#include "frontend/type_wire.h"
#include "frontend/wire_writer.h"
#include "support/status.h"

namespace onnxopt {
namespace {

constexpr size_t kFlushBytes = 1 << 16;
constexpr int kIndent = 2;

bool IsPlainDomain(std::string_view domain) {
  while (true) {
    const size_t dot = std::min(domain.find('.'), domain.size());
    if (!IsTextIdentifier(domain.substr(0, dot))) return false;
    if (dot == domain.size()) return true;
    domain.remove_prefix(dot + 1);
  }
}

// The field `field` with content `message`.
std::string Wrapped(int field, std::string_view message) {
  WireWriter writer;
  writer.Bytes(field, message);
  return writer.small();
}

}  // namespace

absl::StatusOr<TextDataFile> PrintModel(Model& model,
                                        const TextPrintOptions& options,
                                        Diagnostics* diagnostics,
                                        TextSink sink) {
  TextPrinter printer(model, options, sink);
  RETURN_IF_ERROR(printer.PrintModel());
  printer.ReportDropped(diagnostics);
  return printer.TakeDataFile();
}

absl::StatusOr<std::string> PrintModelToString(Model& model,
                                               const TextPrintOptions& options,
                                               Diagnostics* diagnostics) {
  std::string text;
  RETURN_IF_ERROR(
      PrintModel(model, options, diagnostics, [&text](std::string_view piece) {
        text += piece;
        return absl::OkStatus();
      }).status());
  return text;
}

void TextPrinter::ReportDropped(Diagnostics* diagnostics) const {
  for (const std::string& what : dropped_) {
    diagnostics->Warn("dropped: " + what);
  }
}

void TextPrinter::NewLine() {
  while (!out_.empty() && out_.back() == ' ') out_.pop_back();
  if (!out_.empty() && out_.back() != '\n') out_ += '\n';
  out_.append(indent_, ' ');
}

absl::Status TextPrinter::FlushIfLarge() {
  if (out_.size() < kFlushBytes) return absl::OkStatus();
  // The end stays: NewLine looks at it.
  const std::string last = out_.substr(out_.size() - 1);
  const absl::Status status =
      sink_(std::string_view(out_).substr(0, out_.size() - 1));
  out_ = last;
  return status;
}

void TextPrinter::Notes(const std::string& notes) {
  if (notes.empty()) return;
  size_t from = 0;
  while (from < notes.size()) {
    const size_t end = notes.find('\n', from) + 1;
    NewLine();
    out_.append(notes, from, end - from);
    from = end;
  }
  NewLine();
}

std::string TextPrinter::NotesOf(const Annotations& annotations,
                                 bool with_doc) {
  std::string notes;
  if (!annotations.unknown_fields.empty()) {
    AppendHexNote("fields", annotations.unknown_fields, &notes);
  }
  if (with_doc && !annotations.doc_string.empty()) {
    AppendStringNote("doc_string", annotations.doc_string, &notes);
  }
  for (const auto& [key, value] : annotations.metadata) {
    std::string entry;
    AppendStringNote("metadata", key, &entry);
    entry.pop_back();
    std::string quoted;
    AppendStringNote("", value, &quoted);
    notes += entry + quoted.substr(quoted.find(": "));
  }
  return notes;
}

// --- Model and functions

absl::Status TextPrinter::PrintModel() {
  std::string notes = NotesOf({{}, {}, model_.annotations().unknown_fields});
  for (std::string_view message : model_.training_infos()) {
    AppendHexNote("fields", Wrapped(proto::model::kTrainingInfo, message),
                  &notes);
  }
  Notes(notes);
  Header();
  NewLine();
  RETURN_IF_ERROR(GraphText(*model_.graph()));
  for (const Function* function : model_.functions()) {
    NewLine();
    RETURN_IF_ERROR(FunctionText(*function));
  }
  NewLine();
  return sink_(out_);
}

void TextPrinter::Imports(std::span<const OpsetImport> imports) {
  out_ += "opset_import: ";
  AppendTextList("[", imports, "]", &out_, [this](const OpsetImport& import) {
    Notes(NotesOf({{}, {}, import.unknown_fields}));
    AppendTextString(import.domain, &out_);
    out_ += fmt::format(" : {}", import.version);
  });
}

void TextPrinter::Header() {
  out_ += '<';
  indent_ = kIndent;
  NewLine();
  out_ += fmt::format("ir_version: {},", model_.ir_version());
  NewLine();
  Imports(model_.opset_imports());
  const auto entry = [this](std::string_view key, std::string_view value) {
    if (value.empty()) return;
    out_ += ',';
    NewLine();
    out_ += key;
    out_ += ": ";
    AppendTextString(value, &out_);
  };
  entry("producer_name", model_.producer_name());
  entry("producer_version", model_.producer_version());
  entry("domain", model_.domain());
  if (model_.model_version() != 0) {
    out_ += ',';
    NewLine();
    out_ += fmt::format("model_version: {}", model_.model_version());
  }
  entry("doc_string", model_.annotations().doc_string);
  const auto& metadata = model_.annotations().metadata;
  if (!metadata.empty()) {
    out_ += ',';
    NewLine();
    out_ += "metadata_props: ";
    AppendTextList("[", metadata, "]", &out_, [this](const auto& pair) {
      AppendTextString(pair.first, &out_);
      out_ += ": ";
      AppendTextString(pair.second, &out_);
    });
  }
  indent_ = 0;
  NewLine();
  out_ += '>';
}

void TextPrinter::FunctionHeader(const Function& function) {
  Notes(NotesOf(function.annotations(), /*with_doc=*/false));
  out_ += '<';
  indent_ = kIndent;
  NewLine();
  out_ += "domain: ";
  AppendTextString(function.domain(), &out_);
  out_ += ',';
  NewLine();
  if (!function.overload().empty()) {
    out_ += "overload: ";
    AppendTextString(function.overload(), &out_);
    out_ += ',';
    NewLine();
  }
  Imports(function.opset_imports());
  if (!function.annotations().doc_string.empty()) {
    out_ += ',';
    NewLine();
    out_ += "doc_string: ";
    AppendTextString(function.annotations().doc_string, &out_);
  }
  indent_ = 0;
  NewLine();
  out_ += '>';
  NewLine();
}

absl::Status TextPrinter::FunctionText(const Function& function) {
  FunctionHeader(function);
  AppendTextWord(function.name(), &out_);
  out_ += ' ';
  const size_t num_plain = function.attributes().size();
  if (num_plain + function.attribute_defaults().size() > 0) {
    out_ += '<';
    bool first = true;
    for (std::string_view name : function.attributes()) {
      if (!std::exchange(first, false)) out_ += ", ";
      AppendTextWord(name, &out_);
    }
    for (const Attribute& attribute : function.attribute_defaults()) {
      if (!std::exchange(first, false)) out_ += ", ";
      RETURN_IF_ERROR(AttributeText(attribute));
    }
    out_ += "> ";
  }
  const Graph& body = *function.body();
  AppendTextList("(", body.inputs(), ")", &out_, [this](const Value* value) {
    AppendTextId(names_.Of(*value), &out_);
  });
  out_ += " => (";
  for (size_t i = 0; i < body.output_infos().size(); ++i) {
    if (i > 0) out_ += ", ";
    AppendTextId(names_.OfOutput(body, static_cast<int>(i)), &out_);
  }
  out_ += ')';
  RETURN_IF_ERROR(Declarations(body, /*with_initializers=*/false));
  return Nodes(body);
}

// --- Graphs

void TextPrinter::ValueInfo(std::string_view name, const TypeRef& type,
                            const Annotations& annotations) {
  std::string notes = NotesOf(annotations);
  if (type != nullptr && !type->message().empty()) {
    WireWriter canonical;
    WriteType(*Type::WithMessage(type, {}), &canonical);
    if (canonical.small() != type->message()) {
      AppendHexNote("type", type->message(), &notes);
    }
  }
  Notes(notes);
  if (type != nullptr) out_ += TextOf(type) + ' ';
  AppendTextId(name, &out_);
}

absl::Status TextPrinter::GraphText(const Graph& graph) {
  std::string notes = NotesOf(graph.annotations());
  for (std::string_view message : graph.quantization_annotations()) {
    AppendHexNote("fields", Wrapped(proto::graph::kQuantization, message),
                  &notes);
  }
  Notes(notes);
  AppendTextId(graph.name(), &out_);
  out_ += ' ';
  indent_ += 2 * kIndent;  // of inputs that need a line of their own
  AppendTextList("(", graph.inputs(), ")", &out_, [this](const Value* value) {
    ValueInfo(names_.Of(*value), value->TypeToDeclare(), value->annotations());
  });
  out_ += " => (";
  for (size_t i = 0; i < graph.output_infos().size(); ++i) {
    if (i > 0) out_ += ", ";
    const OutputInfo& info = graph.output_infos()[i];
    ValueInfo(names_.OfOutput(graph, static_cast<int>(i)), info.type,
              info.annotations);
  }
  out_ += ')';
  indent_ -= 2 * kIndent;
  RETURN_IF_ERROR(Declarations(graph, /*with_initializers=*/true));
  return Nodes(graph);
}

// One entry of a list in '<' and '>' that takes a line for each.
absl::Status TextPrinter::Entry(bool* first, Step print) {
  if (std::exchange(*first, false)) {
    NewLine();
    out_ += '<';
    indent_ += kIndent;
  } else {
    out_ += ',';
  }
  NewLine();
  RETURN_IF_ERROR(print());
  return FlushIfLarge();
}

absl::Status TextPrinter::Declarations(const Graph& graph,
                                       bool with_initializers) {
  bool first = true;
  for (const Value& value : graph.constants()) {
    if (!with_initializers || IsExportedAsNode(value)) continue;
    RETURN_IF_ERROR(Entry(
        &first, [&] { return TensorText(value.tensor(), names_.Of(value)); }));
  }
  std::string dangling;
  for (const ValueInfoEntry& entry : graph.value_infos()) {
    if (entry.value == nullptr) {
      if (entry.message.empty()) continue;
      AppendHexNote("value_info", entry.message, &dangling);
      continue;
    }
    const Value& value = *entry.value;
    RETURN_IF_ERROR(Entry(&first, [&] {
      Notes(std::exchange(dangling, {}));
      ValueInfo(names_.Of(value), value.TypeToDeclare(), value.annotations());
      return absl::OkStatus();
    }));
  }
  if (!dangling.empty() && first) {
    NewLine();
    out_ += '<';
    indent_ += kIndent;
    first = false;
  }
  if (first) return absl::OkStatus();
  Notes(dangling);
  indent_ -= kIndent;
  NewLine();
  out_ += '>';
  return absl::OkStatus();
}

absl::Status TextPrinter::Nodes(const Graph& graph) {
  NewLine();
  out_ += '{';
  indent_ += kIndent;
  for (const ExportItem& item : ExportOrder(graph)) {
    NewLine();
    if (const auto* constant = std::get_if<const Value*>(&item)) {
      RETURN_IF_ERROR(ConstantText(**constant));
    } else {
      RETURN_IF_ERROR(NodeText(*std::get<const Node*>(item)));
    }
    RETURN_IF_ERROR(FlushIfLarge());
  }
  for (const ExportNames::Forward& forward : names_.ForwardsOf(graph)) {
    NewLine();
    NodeName(forward.node_name);
    AppendTextId(forward.output, &out_);
    out_ += " = Identity (";
    AppendTextId(names_.Of(*forward.value), &out_);
    out_ += ')';
  }
  indent_ -= kIndent;
  NewLine();
  out_ += '}';
  return absl::OkStatus();
}

// --- Nodes

void TextPrinter::NodeName(std::string_view name) {
  if (name.empty()) return;
  out_ += '[';
  AppendTextWord(name, &out_);
  out_ += "] ";
}

void TextPrinter::Operator(const OpDef& op, std::string_view overload) {
  if (!op.domain().empty()) {
    if (IsPlainDomain(op.domain())) {
      out_ += op.domain();
    } else {
      AppendTextString(op.domain(), &out_);
    }
    out_ += '.';
  }
  AppendTextWord(op.name(), &out_);
  if (overload.empty()) return;
  out_ += ':';
  AppendTextWord(overload, &out_);
}

void TextPrinter::Operands(std::span<Value* const> values) {
  AppendTextList("", values, "", &out_, [this](const Value* value) {
    AppendTextId(value ? names_.Of(*value) : std::string_view(), &out_);
  });
}

void TextPrinter::TypeComment(std::span<Value* const> outputs) {
  const bool any =
      std::any_of(outputs.begin(), outputs.end(), [](const Value* value) {
        return value != nullptr && value->TypeToShow() != nullptr;
      });
  if (!any) return;
  std::string comment;
  AppendTextList("  # ", outputs, "", &comment, [&](const Value* value) {
    comment += TextOf(value ? value->TypeToShow() : nullptr);
  });
  // Names of dims may contain anything.
  std::replace_if(
      comment.begin(), comment.end(), [](unsigned char c) { return c < ' '; },
      ' ');
  out_ += comment;
}

absl::Status TextPrinter::NodeText(const Node& node) {
  Notes(NotesOf(node.annotations()));
  NodeName(node.name());
  Operands(node.outputs());
  out_ += " = ";
  Operator(node.op(), node.overload());
  out_ += ' ';
  // Graphs are easier to read after the inputs.
  if (!node.has_graphs()) RETURN_IF_ERROR(AttributesOf(node));
  out_ += '(';
  Operands(node.inputs());
  out_ += ')';
  if (node.has_graphs()) {
    out_ += ' ';
    RETURN_IF_ERROR(AttributesOf(node));
    out_.pop_back();
  }
  TypeComment(node.outputs());
  return absl::OkStatus();
}

absl::Status TextPrinter::AttributesOf(const Node& node) {
  if (node.attributes().empty()) return absl::OkStatus();
  out_ += '<';
  indent_ += 2 * kIndent;
  bool first = true;
  for (const Attribute& attribute : node.attributes()) {
    if (!std::exchange(first, false)) out_ += ", ";
    RETURN_IF_ERROR(AttributeText(attribute));
  }
  indent_ -= 2 * kIndent;
  out_ += "> ";
  return absl::OkStatus();
}

absl::Status TextPrinter::ConstantText(const Value& constant) {
  const ConstantNode* form = constant.constant_node();
  if (form != nullptr) {
    Notes(NotesOf(form->annotations));
    NodeName(form->name);
  }
  AppendTextId(names_.Of(constant), &out_);
  out_ += " = Constant <";
  indent_ += 2 * kIndent;
  ASSIGN_OR_RETURN(const Attribute attribute, AttributeOf(constant));
  RETURN_IF_ERROR(AttributeText(attribute));
  indent_ -= 2 * kIndent;
  out_ += "> ()";
  return absl::OkStatus();
}

}  // namespace onnxopt
