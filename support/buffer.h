// SPDX-License-Identifier: Apache-2.0
//
// Immutable bytes with a lifetime: mapped files, heap memory, scratch files.
#ifndef ONNXOPT_SUPPORT_BUFFER_H_
#define ONNXOPT_SUPPORT_BUFFER_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace onnxopt {

class Buffer {
 public:
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  virtual ~Buffer() = default;

  std::string_view bytes() const { return bytes_; }
  // A file descriptor that holds the same bytes from offset 0, or -1.
  int fd() const { return fd_; }
  // The path, or a name like "<memory>", for messages.
  const std::string& name() const { return name_; }
  // An error naming the file if it is not what it was when it was opened
  // (size, modification time, inode). Always OK for memory.
  virtual absl::Status CheckUnchanged() const;

 protected:
  Buffer(std::string_view bytes, int fd, std::string name)
      : bytes_(bytes), fd_(fd), name_(std::move(name)) {}

  std::string_view bytes_;
  int fd_;
  std::string name_;
};

// Maps a file. The bytes must not be relied on after CheckUnchanged() fails,
// and reading past the end of a file truncated meanwhile raises SIGBUS. A pipe
// or device is read to its end into memory.
absl::StatusOr<std::shared_ptr<const Buffer>> MapFile(const std::string& path);

// The whole content of an open file or stream, which stays open and the
// caller's: a regular file at offset 0 is mapped, anything else is read to its
// end into memory. For standard input.
absl::StatusOr<std::shared_ptr<const Buffer>> ReadStream(int fd,
                                                         std::string name);

// Maps all of an open regular file, which stays open and the caller's.
absl::StatusOr<std::shared_ptr<const Buffer>> MapDescriptor(int fd,
                                                            std::string name);

std::shared_ptr<const Buffer> OwnBytes(std::string bytes,
                                       std::string name = "<memory>");

// The caller keeps the bytes alive and unchanged.
std::shared_ptr<const Buffer> ViewBytes(std::string_view bytes,
                                        std::string name = "<memory>");

// Builds a large buffer: of the heap as long as all of them are small together,
// else in a mapped temporary file without a name ($TMPDIR or /tmp). The disk
// space is reserved by Create, so that a full disk is an error there and not a
// fault while writing.
class ScratchWriter {
 public:
  // Bytes of memory that all scratch buffers of the process may take.
  static constexpr size_t kMaxMemory = size_t{32} << 20;

  static absl::StatusOr<ScratchWriter> Create(size_t size);

  ScratchWriter(ScratchWriter&& other) noexcept;
  ScratchWriter& operator=(ScratchWriter&& other) noexcept;
  ~ScratchWriter();

  // Zero at first. Invalid after Finish.
  std::span<char> span() const { return span_; }
  // Makes the bytes immutable.
  std::shared_ptr<const Buffer> Finish() &&;

 private:
  ScratchWriter(std::span<char> span, int fd) : span_(span), fd_(fd) {}

  std::span<char> span_;
  int fd_;  // -1: in memory, or moved from
};

}  // namespace onnxopt

#endif  // ONNXOPT_SUPPORT_BUFFER_H_
