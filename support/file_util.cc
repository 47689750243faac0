// SPDX-License-Identifier: Apache-2.0
#include "support/file_util.h"

#include <fmt/format.h>
#include <limits.h>
#include <unistd.h>

#include <system_error>

#include "support/text_escape.h"

namespace onnxopt {
namespace {

std::string_view Advice(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "; free some space there or write to another file system";
    case EFBIG:
      return "; raise the limit (ulimit -f) or write to another file system";
    case EPIPE:
      return "; the program that reads the output has ended";
    case EMFILE:
      return "; raise the limit (ulimit -n)";
    default:
      return "";
  }
}

}  // namespace

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) close(fd_);
}

std::string QuotePath(std::string_view path) {
  return QuoteForMessage(path, PATH_MAX);
}

absl::Status FileError(int error, std::string_view what,
                       std::string_view path) {
  return absl::Status(
      absl::ErrnoToStatusCode(error),
      fmt::format("cannot {} {}: {}{}", what, QuotePath(path),
                  std::generic_category().message(error), Advice(error)));
}

absl::Status FileChangedError(std::string_view path) {
  return absl::FailedPreconditionError(
      fmt::format("file {} was changed while it was in use; run again when "
                  "nothing writes to it",
                  QuotePath(path)));
}

}  // namespace onnxopt
