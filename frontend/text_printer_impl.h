// SPDX-License-Identifier: Apache-2.0
// The work behind text_printer.h.
#ifndef ONNXOPT_FRONTEND_TEXT_PRINTER_IMPL_H_
#define ONNXOPT_FRONTEND_TEXT_PRINTER_IMPL_H_

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "frontend/tensor_reader.h"
#include "frontend/text_printer.h"
#include "ir/export_names.h"
#include "ir/export_order.h"

namespace onnxopt {

class TextPrinter {
 public:
  TextPrinter(Model& model, const TextPrintOptions& options, TextSink sink)
      : model_(model), options_(options), names_(model), sink_(sink) {}

  absl::Status PrintModel();
  TextDataFile TakeDataFile() { return std::move(data_file_); }
  void ReportDropped(Diagnostics* diagnostics) const;

 private:
  using Step = absl::FunctionRef<absl::Status()>;

  // --- text_printer.cc
  void Header();
  absl::Status FunctionText(const Function& function);
  void FunctionHeader(const Function& function);
  void Imports(std::span<const OpsetImport> imports);
  absl::Status GraphText(const Graph& graph);
  absl::Status Declarations(const Graph& graph, bool with_initializers);
  absl::Status Nodes(const Graph& graph);
  absl::Status NodeText(const Node& node);
  absl::Status AttributesOf(const Node& node);
  absl::Status ConstantText(const Value& constant);
  void Operator(const OpDef& op, std::string_view overload);
  void NodeName(std::string_view name);
  void Operands(std::span<Value* const> values);
  void ValueInfo(std::string_view name, const TypeRef& type,
                 const Annotations& annotations);
  void TypeComment(std::span<Value* const> outputs);
  absl::Status Entry(bool* first, Step print);

  // --- text_printer_values.cc
  absl::Status AttributeText(const Attribute& attribute);
  absl::Status PlainAttribute(const Attribute& attribute);
  absl::Status TensorAttribute(const Attribute& attribute);
  absl::Status GraphAttribute(const Attribute& attribute);
  absl::StatusOr<Attribute> AttributeOf(const Value& constant);
  /// TYPE NAME = DATA, with notes. `name` is empty within attributes.
  absl::Status TensorText(const TensorRef& tensor, std::string_view name);
  absl::Status SparseText(const TensorRef& tensor, std::string_view name);
  absl::Status TensorData(const TensorRef& tensor, const std::string& external);
  absl::Status InlineData(const Tensor& tensor);
  absl::Status OutOfLineData(const TensorRef& tensor);
  bool IsLarge(const Tensor& tensor) const;
  TensorReader ReaderFor(const Tensor& tensor);

  /// Notes begin a new line, and what follows them another.
  void Notes(const std::string& notes);
  std::string NotesOf(const Annotations& annotations, bool with_doc = true);
  void NewLine();
  absl::Status FlushIfLarge();

  Model& model_;
  const TextPrintOptions& options_;
  ExportNames names_;
  TextSink sink_;
  std::string out_;
  int indent_ = 0;
  TextDataFile data_file_;
  uint64_t data_file_size_ = 0;
  std::set<std::string> dropped_;
};

/// Appends `values`, each by `append`, in `open` and `close`.
template <typename Values, typename Append>
void AppendTextList(std::string_view open, const Values& values,
                    std::string_view close, std::string* out, Append append) {
  *out += open;
  bool first = true;
  for (const auto& value : values) {
    if (!first) *out += ", ";
    first = false;
    append(value);
  }
  *out += close;
}

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_TEXT_PRINTER_IMPL_H_
