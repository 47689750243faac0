// SPDX-License-Identifier: Apache-2.0
#include "frontend/writer.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "frontend/external_writer.h"
#include "frontend/reader.h"
#include "ir/verifier.h"
#include "support/output_file.h"
#include "support/status.h"
#include "support/text_escape.h"

namespace onnxopt {
namespace {

namespace fs = std::filesystem;

const ExternalLocation* AllInside(const Tensor&) { return nullptr; }

absl::Status AppendMessage(const WireWriter& message, OutputFile* file) {
  const std::string_view small = message.small();
  size_t done = 0;
  for (const WireWriter::Splice& splice : message.splices()) {
    RETURN_IF_ERROR(file->Append(small.substr(done, splice.at - done)));
    done = splice.at;
    if (splice.tensor != nullptr) {
      RETURN_IF_ERROR(AppendTensor(*splice.tensor, file));
    } else {
      RETURN_IF_ERROR(file->AppendFrom(
          *splice.buffer, splice.bytes.data() - splice.buffer->bytes().data(),
          splice.bytes.size()));
    }
  }
  return file->Append(small.substr(done));
}

fs::path FolderOf(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

// External data may stay where it is if the locations mean the same files.
bool SameFolder(const Model& model, const std::string& path) {
  std::error_code error;
  return fs::equivalent(FolderOf(std::string(model.source_name())),
                        FolderOf(path), error);
}

// Reads back what was written and compares its complaints with those of the
// input.
absl::Status Validate(const std::shared_ptr<const Buffer>& written,
                      const Model& model, const std::string& folder,
                      const WriteOptions& options, Diagnostics* diagnostics) {
  ReadOptions read;
  read.folder = folder;
  read.ops = model.ops_ref();
  Diagnostics ignored;
  absl::StatusOr<std::unique_ptr<Model>> again =
      ReadModelProto(written, read, &ignored);
  if (!again.ok()) {
    return absl::InternalError(absl::StrCat(
        "what was written cannot be read back: ", again.status().message()));
  }
  for (const std::string& complaint : CheckSchemas(**again)) {
    const auto& known = options.known_complaints;
    if (std::find(known.begin(), known.end(), complaint) != known.end()) {
      diagnostics->Warn(complaint);
    } else {
      return absl::InternalError("the result is not valid: " + complaint);
    }
  }
  return options.validate ? options.validate(*written) : absl::OkStatus();
}

absl::Status CheckInputsUnchanged(const Model& model) {
  for (const auto& buffer : model.buffers()) {
    RETURN_IF_ERROR(buffer->CheckUnchanged());
  }
  return absl::OkStatus();
}

absl::Status WriteMessage(const WireWriter& message, const Model& model,
                          const std::string& path, const WriteOptions& options,
                          Diagnostics* diagnostics) {
  ASSIGN_OR_RETURN(OutputFile file, OutputFile::Create(path));
  if (options.on_temporary) options.on_temporary(file.temp_path());
  RETURN_IF_ERROR(AppendMessage(message, &file));
  if (!file.is_direct()) {
    ASSIGN_OR_RETURN(const std::shared_ptr<const Buffer> written,
                     file.Reopen());
    RETURN_IF_ERROR(Validate(written, model, FolderOf(path).string(), options,
                             diagnostics));
  }
  RETURN_IF_ERROR(CheckInputsUnchanged(model));
  return file.Commit();
}

}  // namespace

absl::StatusOr<std::string> SerializeModel(Model& model) {
  const WireWriter message = EncodeModel(model, AllInside);
  if (message.size() > WriteOptions::kMaxMessageBytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the model has ", message.size(),
        " bytes, more than a protobuf message can have; write it to a file"));
  }
  std::string bytes;
  bytes.reserve(message.size());
  const std::string_view small = message.small();
  size_t done = 0;
  for (const WireWriter::Splice& splice : message.splices()) {
    bytes += small.substr(done, splice.at - done);
    done = splice.at;
    bytes += splice.bytes;
    if (splice.tensor == nullptr) continue;
    RETURN_IF_ERROR(splice.tensor->ForEachChunk([&](std::string_view chunk) {
      bytes += chunk;
      return absl::OkStatus();
    }));
  }
  bytes += small.substr(done);
  return bytes;
}

absl::StatusOr<uint64_t> WriteModel(Model& model, const std::string& path,
                                    const WriteOptions& options,
                                    Diagnostics* diagnostics) {
  const bool to_stdout = path == "-";
  const std::string target = to_stdout ? "/dev/stdout" : path;
  const bool keep =
      options.keep_external && !to_stdout && SameFolder(model, path);
  uint64_t external_bytes = 0;
  const auto where_it_was = [&external_bytes](const Tensor& tensor) {
    const ExternalLocation* location = tensor.external();
    if (location != nullptr) external_bytes += tensor.byte_size();
    return location;
  };
  WireWriter message =
      keep ? EncodeModel(model, where_it_was) : EncodeModel(model, AllInside);
  std::optional<ExternalLayout> layout;
  if (options.external_data ||
      message.size() > WriteOptions::kMaxMessageBytes) {
    if (to_stdout) {
      return absl::InvalidArgumentError(
          "the weights need an external file, which standard output cannot "
          "have; give a file name with -o");
    }
    layout.emplace(model);
    RETURN_IF_ERROR(layout->Write(FolderOf(path).string(),
                                  fs::path(path).filename().string(),
                                  options.external_file, options));
    external_bytes = layout->size();
    message = EncodeModel(model, [&](const Tensor& tensor) {
      const ExternalLocation* moved = layout->Find(tensor);
      return moved == nullptr && keep ? where_it_was(tensor) : moved;
    });
  }
  absl::Status status;
  if (message.size() > WriteOptions::kMaxMessageBytes) {
    status = absl::ResourceExhaustedError(
        "the model is larger than a protobuf message can be, even with its "
        "weights in an external file");
  } else {
    status = WriteMessage(message, model, target, options, diagnostics);
  }
  if (options.on_temporary) options.on_temporary("");
  if (!status.ok() && layout && !layout->new_file().empty()) {
    std::error_code ignored;
    fs::remove(layout->new_file(), ignored);
  }
  RETURN_IF_ERROR(status);
  return message.size() + external_bytes;
}

}  // namespace onnxopt
