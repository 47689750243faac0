// SPDX-License-Identifier: Apache-2.0
// Whatever the text is: an error, or a model whose text is accepted again.
#include "frontend/reader.h"
#include "frontend/text_parser.h"
#include "frontend/text_printer.h"
#include "support/buffer.h"
#include "support/status.h"

namespace onnxopt {
namespace {

void Fuzz(std::string_view text) {
  absl::StatusOr<std::string> bytes = ParseModelText(text);
  if (!bytes.ok()) return;
  Diagnostics diagnostics;
  const auto model =
      ReadModelProto(ViewBytes(*bytes), ReadOptions(), &diagnostics);
  if (!model.ok()) return;
  TextPrintOptions print;
  print.large = LargeTensors::kInline;
  const auto printed = PrintModelToString(**model, print, &diagnostics);
  if (!printed.ok()) return;
  const absl::Status again = ParseModelText(*printed).status();
  if (!again.ok()) {
    internal::CheckFailed(__FILE__, __LINE__, again.ToString().c_str());
  }
}

}  // namespace
}  // namespace onnxopt

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  onnxopt::Fuzz({reinterpret_cast<const char*>(data), size});
  return 0;
}
