// SPDX-License-Identifier: Apache-2.0
#ifndef ONNXOPT_SUPPORT_OUTPUT_FILE_H_
#define ONNXOPT_SUPPORT_OUTPUT_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "support/buffer.h"

namespace onnxopt {

// Replaces a file atomically: writes a temporary file beside it, which takes
// its place at Commit. At every moment, also after a crash, the target has
// either its old content or all of the new one. Without Commit the destructor
// removes the temporary file and the target stays as it was.
//
// The target's symbolic links are followed and its mode is kept. A target that
// is not a regular file (pipe, device, /dev/stdout, /dev/fd/N) is *direct*: it
// is written as the bytes come, and Commit only flushes.
//
// After an error every further call returns that error. Not thread-safe.
class OutputFile {
 public:
  // Fails, before any work is done, if the target cannot be written.
  static absl::StatusOr<OutputFile> Create(const std::string& path);

  OutputFile(OutputFile&&) noexcept;
  OutputFile& operator=(OutputFile&&) noexcept;
  ~OutputFile();

  absl::Status Append(std::string_view bytes);
  // Appends length bytes of `source` from `offset`, from file to file inside
  // the kernel where it can. The range must lie inside source.bytes(). A source
  // file truncated since it was mapped is an error.
  absl::Status AppendFrom(const Buffer& source, size_t offset, size_t length);
  // Appends zeros up to a multiple of `alignment`.
  absl::Status PadTo(size_t alignment);

  // Bytes appended so far.
  uint64_t size() const;

  // What was appended so far, mapped. Not for direct targets.
  absl::StatusOr<std::shared_ptr<const Buffer>> Reopen();

  bool is_direct() const;
  // Empty for direct targets and after Commit. A handler for deadly signals
  // should unlink it.
  const std::string& temp_path() const;

  // Writes everything to disk and puts it in the target's place. Nothing can be
  // appended afterwards.
  absl::Status Commit();
  // Like Commit, but kAlreadyExists if the target exists by now.
  absl::Status CommitNoReplace();

 private:
  struct State;
  explicit OutputFile(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_SUPPORT_OUTPUT_FILE_H_
