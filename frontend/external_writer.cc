// SPDX-License-Identifier: Apache-2.0
#include "frontend/external_writer.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ir/walk.h"
#include "support/status.h"
#include "support/text_escape.h"

namespace onnxopt {
namespace {

// Names tried for new contents before giving up.
constexpr int kMaxNames = 1000;

uint64_t RoundUp(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

bool GoesOutside(const Tensor& tensor) {
  return tensor.byte_size() >= WriteOptions::kMinExternalBytes &&
         tensor.form() != Tensor::Form::kStrings && !tensor.IsSpeltSparse();
}

std::string NumberedName(const std::string& name, const std::string& stem,
                         uint64_t hash, int number) {
  if (!name.empty()) return name;
  const std::string suffix = number == 0 ? "" : absl::StrCat("-", number);
  return absl::StrFormat("%s.%016x%s.data", stem, hash, suffix);
}

}  // namespace

absl::Status AppendTensor(const Tensor& tensor, OutputFile* file) {
  const bool in_buffer = tensor.form() == Tensor::Form::kBorrowed ||
                         tensor.form() == Tensor::Form::kOwned;
  if (tensor.byte_size() == 0) return absl::OkStatus();  // It has no place.
  if (in_buffer && tensor.buffer() != nullptr) {
    ASSIGN_OR_RETURN(const std::string_view bytes, tensor.bytes());
    const Buffer& buffer = *tensor.buffer();
    return file->AppendFrom(buffer, bytes.data() - buffer.bytes().data(),
                            bytes.size());
  }
  return tensor.ForEachChunk(
      [file](std::string_view chunk) { return file->Append(chunk); });
}

ExternalLayout::ExternalLayout(const Model& model) {
  ForEachGraph(model, [&](const Graph& graph) {
    for (const Value& constant : graph.constants()) {
      const Tensor* tensor = constant.tensor().get();
      const bool is_initializer =
          graph.function() == nullptr &&
          constant.constant_form() == ConstantForm::kInitializer;
      if (!is_initializer || !GoesOutside(*tensor)) continue;
      const auto [it, is_new] = locations_.try_emplace(tensor);
      if (!is_new) continue;
      it->second.offset = RoundUp(size_, WriteOptions::kExternalAlignment);
      it->second.length = static_cast<uint64_t>(tensor->byte_size());
      size_ = it->second.offset + it->second.length;
      tensors_.push_back(tensor);
    }
  });
}

const ExternalLocation* ExternalLayout::Find(const Tensor& tensor) const {
  const auto it = locations_.find(&tensor);
  return it == locations_.end() ? nullptr : &it->second;
}

absl::Status ExternalLayout::WriteFile(const std::string& path,
                                       const WriteOptions& options,
                                       bool* existed) {
  ASSIGN_OR_RETURN(OutputFile file, OutputFile::Create(path));
  if (options.on_temporary) options.on_temporary(file.temp_path());
  for (const Tensor* tensor : tensors_) {
    RETURN_IF_ERROR(file.PadTo(WriteOptions::kExternalAlignment));
    RETURN_IF_ERROR(AppendTensor(*tensor, &file));
  }
  *existed = std::filesystem::exists(path);
  if (!*existed) {
    RETURN_IF_ERROR(file.CommitNoReplace());
    new_file_ = path;
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const auto written, file.Reopen());
  ASSIGN_OR_RETURN(const auto old, MapFile(path));
  if (written->bytes() == old->bytes()) return absl::OkStatus();
  return absl::AlreadyExistsError(
      "external data file " + QuoteForMessage(path) +
      " exists with other contents; it is not overwritten, name another one");
}

absl::Status ExternalLayout::Write(const std::string& folder,
                                   const std::string& stem,
                                   const std::string& name,
                                   const WriteOptions& options) {
  for (const Tensor* tensor : tensors_) {
    ASSIGN_OR_RETURN(const uint64_t fingerprint, Fingerprint(*tensor));
    hash_ = (hash_ ^ fingerprint) * 0x100000001b3;
  }
  absl::Status status;
  for (int number = 0; number < kMaxNames; ++number) {
    const std::string file = NumberedName(name, stem, hash_, number);
    bool existed = false;
    status = WriteFile((std::filesystem::path(folder) / file).string(), options,
                       &existed);
    if (options.on_temporary) options.on_temporary("");
    if (status.ok()) {
      for (auto& [tensor, location] : locations_) location.location = file;
      return status;
    }
    const bool try_next = absl::IsAlreadyExists(status) && name.empty();
    if (!try_next) break;
  }
  return status;
}

}  // namespace onnxopt
