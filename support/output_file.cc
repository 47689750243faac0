// SPDX-License-Identifier: Apache-2.0
#include "support/output_file.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <utility>

#include "support/file_util.h"
#include "support/status.h"

namespace onnxopt {
namespace {

// Collects the small writes of a protobuf writer.
constexpr size_t kBufferBytes = size_t{256} << 10;
// Copying inside the kernel pays for whole files and where file systems share
// extents. Smaller pieces, which seldom start at the same place of a page in
// both files, are copied faster (by a fifth on ext4) through the buffer.
constexpr size_t kMinKernelCopy = size_t{32} << 20;

struct Target {
  std::string path;                     // with symbolic links resolved
  UniqueFd direct;                      // open if the target is direct
  std::optional<struct stat> existing;  // of a regular file
};

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string BaseName(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// N of "/dev/fd/N". Opening such a path anew would lose the file's position
// and fail for sockets, so it is duplicated instead.
std::optional<int> DescriptorOfPath(std::string_view path) {
  for (const std::string_view prefix : {"/dev/fd/", "/proc/self/fd/"}) {
    if (!path.starts_with(prefix)) continue;
    const std::string_view digits = path.substr(prefix.size());
    const char* end = digits.data() + digits.size();
    int fd = 0;
    const auto [rest, error] = std::from_chars(digits.data(), end, fd);
    if (error == std::errc() && rest == end && fd >= 0) return fd;
  }
  return std::nullopt;
}

absl::StatusOr<std::string> ReadLink(const std::string& path) {
  std::string link(PATH_MAX, '\0');
  const ssize_t length = readlink(path.c_str(), link.data(), link.size());
  if (length < 0) return FileError(errno, "write", path);
  link.resize(static_cast<size_t>(length));
  if (link.starts_with('/')) return link;
  return DirectoryOf(path) + "/" + link;
}

absl::StatusOr<Target> OpenDirect(std::string path) {
  UniqueFd fd(RetryOnInterrupt(
      [&] { return open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY); }));
  if (!fd) return FileError(errno, "write", path);
  return Target{std::move(path), std::move(fd), std::nullopt};
}

absl::StatusOr<Target> ResolveTarget(std::string path) {
  constexpr int kMaxLinks = 40;  // as the kernel
  for (int links = 0; links <= kMaxLinks; ++links) {
    if (const std::optional<int> fd = DescriptorOfPath(path)) {
      UniqueFd copy(fcntl(*fd, F_DUPFD_CLOEXEC, 0));
      if (!copy) return FileError(errno, "write", path);
      return Target{std::move(path), std::move(copy), std::nullopt};
    }
    struct stat status;
    if (lstat(path.c_str(), &status) != 0) {
      if (errno != ENOENT || BaseName(path).empty()) {
        return FileError(errno, "write", path);
      }
      return Target{std::move(path), UniqueFd(), std::nullopt};
    }
    if (S_ISDIR(status.st_mode)) return FileError(EISDIR, "write", path);
    if (S_ISREG(status.st_mode)) {
      if (faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0) {
        return FileError(errno, "write", path);
      }
      return Target{std::move(path), UniqueFd(), status};
    }
    if (!S_ISLNK(status.st_mode)) return OpenDirect(std::move(path));
    ASSIGN_OR_RETURN(path, ReadLink(path));
  }
  return FileError(ELOOP, "write", path);
}

// A name beside the target, cut so that it fits where the target's does.
std::string TempPath(const std::string& target) {
  constexpr size_t kMaxBase = NAME_MAX - sizeof(".onnx-opt-tmp.XXXXXX");
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz012345";
  unsigned char random[6];
  ONNXOPT_CHECK(getrandom(random, sizeof(random), 0) == sizeof(random));
  std::string name = DirectoryOf(target) + "/." +
                     BaseName(target).substr(0, kMaxBase) + ".onnx-opt-tmp.";
  for (const unsigned char byte : random) {
    name += kLetters[byte % kLetters.size()];
  }
  return name;
}

absl::Status SyncDirectory(const std::string& directory) {
  UniqueFd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // A directory may allow writing but not reading; and not all file systems
  // can sync one.
  if (!fd && errno == EACCES) return absl::OkStatus();
  if (!fd || (fsync(fd.get()) != 0 && errno != EINVAL)) {
    return FileError(errno, "sync directory", directory);
  }
  return absl::OkStatus();
}

// Renames, but never over an existing file.
int RenameNoReplace(const char* from, const char* to) {
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  // Not every file system has RENAME_NOREPLACE.
  if (link(from, to) != 0) return -1;
  return unlink(from);
}

}  // namespace

struct OutputFile::State {
  std::string target;
  std::string temp;  // empty if direct or committed
  UniqueFd fd;
  std::string buffer;   // the end of the file, not written yet
  uint64_t size = 0;    // with what is in `buffer`
  absl::Status status;  // the first error
  bool direct = false;
  bool committed = false;

  ~State() {
    if (!temp.empty()) unlink(temp.c_str());
  }

  absl::Status Fail(int error) {
    return status = FileError(error, "write", target);
  }
  absl::Status CreateTemp(const std::optional<struct stat>& existing);
  absl::Status Write(std::string_view bytes);
  absl::Status Flush();
  absl::StatusOr<size_t> CopyInKernel(int source, size_t offset, size_t length);
  absl::Status CopyByReading(const Buffer& source, size_t offset,
                             size_t length);
  absl::Status Commit(bool replace);
};

absl::Status OutputFile::State::CreateTemp(
    const std::optional<struct stat>& existing) {
  // Nobody may read a private file's new content under its temporary name.
  const mode_t mode = existing ? 0600 : 0666;
  do {
    temp = TempPath(target);
    fd = UniqueFd(
        open(temp.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  } while (!fd && errno == EEXIST);
  if (!fd) {
    const int error = errno;
    temp.clear();
    return Annotate(FileError(error, "create a file in", DirectoryOf(target)),
                    "cannot write " + QuotePath(target));
  }
  if (!existing) return absl::OkStatus();
  // Only root may give files away; for others the new file is their own.
  if (fchown(fd.get(), existing->st_uid, existing->st_gid) != 0 &&
      errno != EPERM) {
    return Fail(errno);
  }
  if (fchmod(fd.get(), existing->st_mode & 07777) != 0) return Fail(errno);
  return absl::OkStatus();
}

absl::Status OutputFile::State::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = RetryOnInterrupt(
        [&] { return write(fd.get(), bytes.data(), bytes.size()); });
    if (count < 0) return Fail(errno);
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return absl::OkStatus();
}

absl::Status OutputFile::State::Flush() {
  RETURN_IF_ERROR(Write(buffer));
  buffer.clear();
  return absl::OkStatus();
}

// Copies as much as the kernel can copy from file to file and returns how much
// that was. Where it cannot (other file systems, pipes, old kernels), reading
// and writing does the rest or meets the true error.
absl::StatusOr<size_t> OutputFile::State::CopyInKernel(int source,
                                                       size_t offset,
                                                       size_t length) {
  RETURN_IF_ERROR(Flush());
  auto from = static_cast<off64_t>(offset);
  size_t copied = 0;
  while (copied < length) {
    const ssize_t count = RetryOnInterrupt([&] {
      return copy_file_range(source, &from, fd.get(), nullptr, length - copied,
                             0);
    });
    if (count <= 0) break;
    copied += static_cast<size_t>(count);
    size += static_cast<size_t>(count);
  }
  return copied;
}

absl::Status OutputFile::State::CopyByReading(const Buffer& source,
                                              size_t offset, size_t length) {
  while (length > 0) {
    if (buffer.size() >= kBufferBytes) RETURN_IF_ERROR(Flush());
    const size_t used = buffer.size();
    const size_t piece = std::min(length, kBufferBytes - used);
    buffer.resize(used + piece);
    const ssize_t count = RetryOnInterrupt([&] {
      return pread(source.fd(), &buffer[used], piece,
                   static_cast<off64_t>(offset));
    });
    if (count < 0) {
      return status = FileError(errno, "read", source.name());
    }
    if (count == 0) {
      return status = FileChangedError(source.name());
    }
    const auto got = static_cast<size_t>(count);
    buffer.resize(used + got);
    size += got;
    offset += got;
    length -= got;
  }
  return absl::OkStatus();
}

absl::Status OutputFile::State::Commit(bool replace) {
  RETURN_IF_ERROR(status);
  ONNXOPT_CHECK(!committed);
  RETURN_IF_ERROR(Flush());
  committed = true;
  if (direct) return absl::OkStatus();
  if (RetryOnInterrupt([&] { return fsync(fd.get()); }) != 0) {
    return Fail(errno);
  }
  const int renamed = replace ? rename(temp.c_str(), target.c_str())
                              : RenameNoReplace(temp.c_str(), target.c_str());
  if (renamed != 0) return Fail(errno);
  temp.clear();
  return status = SyncDirectory(DirectoryOf(target));
}

OutputFile::OutputFile(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
OutputFile::OutputFile(OutputFile&&) noexcept = default;
OutputFile& OutputFile::operator=(OutputFile&&) noexcept = default;
OutputFile::~OutputFile() = default;

absl::StatusOr<OutputFile> OutputFile::Create(const std::string& path) {
  ASSIGN_OR_RETURN(Target target, ResolveTarget(path));
  auto state = std::make_unique<State>();
  state->target = std::move(target.path);
  state->direct = static_cast<bool>(target.direct);
  state->fd = std::move(target.direct);
  if (!state->direct) RETURN_IF_ERROR(state->CreateTemp(target.existing));
  state->buffer.reserve(kBufferBytes);
  return OutputFile(std::move(state));
}

absl::Status OutputFile::Append(std::string_view bytes) {
  State& state = *state_;
  RETURN_IF_ERROR(state.status);
  ONNXOPT_CHECK(!state.committed);
  if (state.buffer.size() + bytes.size() > kBufferBytes) {
    RETURN_IF_ERROR(state.Flush());
  }
  if (bytes.size() < kBufferBytes) {
    state.buffer += bytes;
  } else {
    RETURN_IF_ERROR(state.Write(bytes));
  }
  state.size += bytes.size();
  return absl::OkStatus();
}

absl::Status OutputFile::AppendFrom(const Buffer& source, size_t offset,
                                    size_t length) {
  State& state = *state_;
  RETURN_IF_ERROR(state.status);
  ONNXOPT_CHECK(!state.committed && offset <= source.bytes().size() &&
                length <= source.bytes().size() - offset);
  // Reading through the descriptor and not the mapping makes a truncated file
  // an error and not a fault.
  if (source.fd() < 0) return Append(source.bytes().substr(offset, length));
  size_t copied = 0;
  if (length >= kMinKernelCopy) {
    ASSIGN_OR_RETURN(copied, state.CopyInKernel(source.fd(), offset, length));
  }
  return state.CopyByReading(source, offset + copied, length - copied);
}

absl::Status OutputFile::PadTo(size_t alignment) {
  constexpr std::string_view kZeros(
      "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32);
  ONNXOPT_CHECK(alignment > 0);
  uint64_t missing = (alignment - size() % alignment) % alignment;
  while (missing > 0) {
    const size_t piece = std::min<uint64_t>(missing, kZeros.size());
    RETURN_IF_ERROR(Append(kZeros.substr(0, piece)));
    missing -= piece;
  }
  return state_->status;
}

uint64_t OutputFile::size() const { return state_->size; }

absl::StatusOr<std::shared_ptr<const Buffer>> OutputFile::Reopen() {
  RETURN_IF_ERROR(state_->status);
  if (state_->direct) {
    return absl::FailedPreconditionError(
        QuotePath(state_->target) +
        " is not a regular file: what was written to it cannot be read again");
  }
  RETURN_IF_ERROR(state_->Flush());
  return MapDescriptor(state_->fd.get(), state_->target);
}

bool OutputFile::is_direct() const { return state_->direct; }
const std::string& OutputFile::temp_path() const { return state_->temp; }

absl::Status OutputFile::Commit() { return state_->Commit(/*replace=*/true); }

absl::Status OutputFile::CommitNoReplace() {
  if (state_->direct && state_->status.ok()) return state_->Fail(EEXIST);
  return state_->Commit(/*replace=*/false);
}

}  // namespace onnxopt
