// SPDX-License-Identifier: Apache-2.0
#include "tools/text_output.h"

#include <filesystem>
#include <utility>

#include "frontend/external_writer.h"
#include "frontend/text_printer.h"
#include "ir/verifier.h"
#include "support/output_file.h"
#include "support/status.h"

namespace onnxopt {
namespace {

class TextWriter {
 public:
  TextWriter(Model& model, const TextOutputOptions& options)
      : model_(model), options_(options) {}

  absl::StatusOr<uint64_t> Write(const std::string& path,
                                 Diagnostics* diagnostics) {
    if (const absl::Status status = Verify(model_); !status.ok()) {
      return absl::InternalError(status.message());
    }
    const bool to_stdout = path == "-";
    TextPrintOptions print;
    if (!to_stdout) {
      print.large = LargeTensors::kDataFile;
      print.data_file =
          std::filesystem::path(path).filename().string() + ".data";
    }
    std::string text(options_.prefix);
    ASSIGN_OR_RETURN(
        const TextDataFile data,
        PrintModel(model_, print, diagnostics, [&text](std::string_view piece) {
          text += piece;
          return absl::OkStatus();
        }));
    for (const auto& buffer : model_.buffers()) {
      RETURN_IF_ERROR(buffer->CheckUnchanged());
    }
    // The text comes last: it is of no use without the tensors.
    if (!to_stdout && !data.entries.empty()) {
      RETURN_IF_ERROR(WriteFile(path + ".data", [&](OutputFile& file) {
        return AppendTensors(data, file);
      }));
    }
    RETURN_IF_ERROR(
        WriteFile(to_stdout ? "/dev/stdout" : path,
                  [&](OutputFile& file) { return file.Append(text); }));
    return bytes_;
  }

 private:
  static absl::Status AppendTensors(const TextDataFile& data,
                                    OutputFile& file) {
    for (const TextDataFile::Entry& entry : data.entries) {
      RETURN_IF_ERROR(file.PadTo(TextDataFile::kAlignment));
      ONNXOPT_CHECK(file.size() == entry.offset);
      RETURN_IF_ERROR(AppendTensor(*entry.tensor, &file));
    }
    return absl::OkStatus();
  }

  absl::Status WriteFile(const std::string& path,
                         absl::FunctionRef<absl::Status(OutputFile&)> append) {
    ASSIGN_OR_RETURN(OutputFile file, OutputFile::Create(path));
    if (options_.on_temporary) options_.on_temporary(file.temp_path());
    absl::Status status = append(file);
    if (status.ok()) status = file.Commit();
    if (options_.on_temporary) options_.on_temporary("");
    bytes_ += file.size();
    return status;
  }

  Model& model_;
  const TextOutputOptions& options_;
  uint64_t bytes_ = 0;
};

}  // namespace

absl::StatusOr<uint64_t> WriteText(Model& model, const std::string& path,
                                   const TextOutputOptions& options,
                                   Diagnostics* diagnostics) {
  return TextWriter(model, options).Write(path, diagnostics);
}

}  // namespace onnxopt
