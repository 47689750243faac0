// SPDX-License-Identifier: Apache-2.0
// Moving tensors into a file beside the model.
#ifndef ONNXOPT_FRONTEND_EXTERNAL_WRITER_H_
#define ONNXOPT_FRONTEND_EXTERNAL_WRITER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "frontend/writer.h"
#include "ir/model.h"
#include "support/output_file.h"

namespace onnxopt {

/// Appends all bytes of `tensor`: from file to file if they lie in one.
absl::Status AppendTensor(const Tensor& tensor, OutputFile* file);

/// Which tensors of a model go to an external file, and where in it.
class ExternalLayout {
 public:
  /// Plans all initializers of at least WriteOptions::kMinExternalBytes.
  explicit ExternalLayout(const Model& model);

  bool empty() const { return tensors_.empty(); }
  /// Of the file, in bytes.
  uint64_t size() const { return size_; }
  /// The location of a tensor that goes to the file; else null.
  const ExternalLocation* Find(const Tensor& tensor) const;

  /// Writes the file into `folder`, under `name` or, if that is empty, under
  /// `stem` and a name derived from the contents. A file that exists is never
  /// overwritten: if it has these contents it is used, else a derived name
  /// gets a number, and a given name is an error.
  absl::Status Write(const std::string& folder, const std::string& stem,
                     const std::string& name, const WriteOptions& options);
  /// The file Write has made, to be removed if the model cannot be written;
  /// empty if it existed.
  const std::string& new_file() const { return new_file_; }

 private:
  absl::Status WriteFile(const std::string& path, const WriteOptions& options,
                         bool* existed);

  std::vector<const Tensor*> tensors_;  // in file order, each once
  absl::flat_hash_map<const Tensor*, ExternalLocation> locations_;
  uint64_t size_ = 0;
  uint64_t hash_ = 0;
  std::string new_file_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_EXTERNAL_WRITER_H_
