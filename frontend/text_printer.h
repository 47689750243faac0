// SPDX-License-Identifier: Apache-2.0
// Writing models in ONNX's textual syntax (docs/text-format.md).
#ifndef ONNXOPT_FRONTEND_TEXT_PRINTER_H_
#define ONNXOPT_FRONTEND_TEXT_PRINTER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ir/model.h"
#include "ir/tensor.h"
#include "support/diagnostics.h"

namespace onnxopt {

/// What becomes of tensors with more elements than are printed.
enum class LargeTensors {
  kElide,     // a digest; reading it back takes TextParseOptions::data_file
  kDataFile,  // external data in the data file
  kInline,    // everything is printed
};

struct TextPrintOptions {
  /// Tensors with more elements are large; string tensors never are.
  int64_t max_inline_elements = 64;
  LargeTensors large = LargeTensors::kElide;
  /// For kDataFile: its name, relative to the folder of the text.
  std::string data_file;
  /// Tensors read from external files stay there.
  bool keep_external = false;
};

/// What belongs into the data file of a text, in ascending order of offset.
/// With kElide the offsets are those it would have.
struct TextDataFile {
  static constexpr uint64_t kAlignment = 64;
  struct Entry {
    TensorRef tensor;
    uint64_t offset = 0;
  };
  std::vector<Entry> entries;
};

using TextSink = absl::FunctionRef<absl::Status(std::string_view)>;

/// Sends the text of `model`, piece by piece. `model` is not changed but for
/// its interner. What the text cannot say is named on `diagnostics`, once per
/// kind, as a warning "dropped: ...".
absl::StatusOr<TextDataFile> PrintModel(Model& model,
                                        const TextPrintOptions& options,
                                        Diagnostics* diagnostics,
                                        TextSink sink);

/// The whole text in a string.
absl::StatusOr<std::string> PrintModelToString(Model& model,
                                               const TextPrintOptions& options,
                                               Diagnostics* diagnostics);

/// A type in ONNX's textual syntax: `float` is a scalar, `float[]` a tensor of
/// unknown rank. "?" if nothing is known.
std::string TextOf(const TypeRef& type);

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_TEXT_PRINTER_H_
