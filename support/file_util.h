// SPDX-License-Identifier: Apache-2.0
//
// What buffer.cc and output_file.cc share about file descriptors.
#ifndef ONNXOPT_SUPPORT_FILE_UTIL_H_
#define ONNXOPT_SUPPORT_FILE_UTIL_H_

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"

namespace onnxopt {

// Owns a file descriptor.
class UniqueFd {
 public:
  explicit UniqueFd(int fd = -1) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd();

  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

// Repeats a system call that signals interrupt; call() returns -1 and errno.
template <typename Call>
auto RetryOnInterrupt(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

// "cannot WHAT 'PATH': REASON" for the error number `error`, with what to do
// about it where the reason alone does not say.
absl::Status FileError(int error, std::string_view what, std::string_view path);

// `path` is not what it was when it was opened.
absl::Status FileChangedError(std::string_view path);

std::string QuotePath(std::string_view path);

}  // namespace onnxopt

#endif  // ONNXOPT_SUPPORT_FILE_UTIL_H_
