// SPDX-License-Identifier: Apache-2.0
#include "support/buffer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

#include "support/file_util.h"
#include "support/status.h"

namespace onnxopt {
namespace {

// A mapping outlives its descriptor, which only makes copying faster. A model
// may come in thousands of files, and the usual limit is 1024 descriptors, so
// those above this number are closed.
constexpr int kMaxKeptFd = 512;

class HeapBuffer : public Buffer {
 public:
  HeapBuffer(std::string bytes, std::string name)
      : Buffer({}, -1, std::move(name)), storage_(std::move(bytes)) {
    bytes_ = storage_;
  }

 private:
  std::string storage_;
};

class ViewBuffer : public Buffer {
 public:
  ViewBuffer(std::string_view bytes, std::string name)
      : Buffer(bytes, -1, std::move(name)) {}
};

// Owns a mapping and, unless there are too many, its descriptor.
class MappedBuffer : public Buffer {
 public:
  MappedBuffer(std::string_view mapping, UniqueFd fd, std::string name)
      : Buffer(mapping, fd.get(), std::move(name)), fd_owner_(std::move(fd)) {
    if (fd_ < kMaxKeptFd) return;
    fd_owner_ = UniqueFd();
    fd_ = -1;
  }
  ~MappedBuffer() override {
    if (bytes_.empty()) return;
    munmap(const_cast<char*>(bytes_.data()), bytes_.size());
  }

 private:
  UniqueFd fd_owner_;
};

class FileBuffer : public MappedBuffer {
 public:
  // `path` is empty if the file is known by its descriptor only.
  FileBuffer(std::string_view mapping, UniqueFd fd, std::string name,
             std::string path, const struct stat& opened)
      : MappedBuffer(mapping, std::move(fd), std::move(name)),
        path_(std::move(path)),
        opened_(opened) {}

  absl::Status CheckUnchanged() const override {
    struct stat now;
    if (path_.empty() && fd_ < 0) return absl::OkStatus();
    const int result =
        path_.empty() ? fstat(fd_, &now) : stat(path_.c_str(), &now);
    if (result != 0) return FileError(errno, "look again at", name_);
    if (now.st_dev == opened_.st_dev && now.st_ino == opened_.st_ino &&
        now.st_size == opened_.st_size &&
        now.st_mtim.tv_sec == opened_.st_mtim.tv_sec &&
        now.st_mtim.tv_nsec == opened_.st_mtim.tv_nsec) {
      return absl::OkStatus();
    }
    return FileChangedError(name_);
  }

 private:
  std::string path_;
  struct stat opened_;
};

absl::StatusOr<std::string_view> Map(int fd, size_t size, int protection,
                                     int flags, std::string_view name) {
  if (size == 0) return std::string_view();
  void* memory = mmap(nullptr, size, protection, flags, fd, 0);
  if (memory == MAP_FAILED) return FileError(errno, "map", name);
  return std::string_view(static_cast<char*>(memory), size);
}

absl::StatusOr<std::shared_ptr<const Buffer>> MapRegular(
    UniqueFd fd, std::string name, std::string path,
    const struct stat& status) {
  ASSIGN_OR_RETURN(std::string_view mapping,
                   Map(fd.get(), static_cast<size_t>(status.st_size), PROT_READ,
                       MAP_PRIVATE, name));
  return std::make_shared<FileBuffer>(mapping, std::move(fd), std::move(name),
                                      std::move(path), status);
}

absl::StatusOr<std::shared_ptr<const Buffer>> ReadToEnd(int fd,
                                                        std::string name) {
  constexpr size_t kChunk = size_t{1} << 20;
  std::string bytes;
  size_t used = 0;
  try {
    while (true) {
      if (bytes.size() - used < kChunk) {
        bytes.resize(std::max(bytes.size() * 2, kChunk));
      }
      const ssize_t count = RetryOnInterrupt(
          [&] { return read(fd, &bytes[used], bytes.size() - used); });
      if (count < 0) return FileError(errno, "read", name);
      if (count == 0) break;
      used += static_cast<size_t>(count);
    }
    bytes.resize(used);
    bytes.shrink_to_fit();
  } catch (const std::bad_alloc&) {
    return FileError(ENOMEM, "read", name);
  }
  return OwnBytes(std::move(bytes), std::move(name));
}

absl::StatusOr<UniqueFd> Duplicate(int fd, std::string_view name) {
  UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy) return FileError(errno, "open", name);
  return copy;
}

// An open file without a name.
absl::StatusOr<UniqueFd> OpenScratch() {
  const char* variable = std::getenv("TMPDIR");
  const std::string directory =
      variable != nullptr && *variable != '\0' ? variable : "/tmp";
  UniqueFd fd(open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd) return fd;
  // Not every file system has O_TMPFILE.
  std::string path = directory + "/onnx-opt-scratch.XXXXXX";
  fd = UniqueFd(mkostemp(path.data(), O_CLOEXEC));
  if (!fd) return FileError(errno, "create a temporary file in", directory);
  unlink(path.c_str());
  return fd;
}

constexpr std::string_view kScratchName = "<scratch file>";

}  // namespace

absl::Status Buffer::CheckUnchanged() const { return absl::OkStatus(); }

absl::StatusOr<std::shared_ptr<const Buffer>> MapFile(const std::string& path) {
  UniqueFd fd(RetryOnInterrupt(
      [&] { return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY); }));
  if (!fd) return FileError(errno, "open", path);
  struct stat status;
  if (fstat(fd.get(), &status) != 0) return FileError(errno, "open", path);
  if (S_ISDIR(status.st_mode)) return FileError(EISDIR, "open", path);
  if (!S_ISREG(status.st_mode)) return ReadToEnd(fd.get(), path);
  return MapRegular(std::move(fd), path, path, status);
}

absl::StatusOr<std::shared_ptr<const Buffer>> MapDescriptor(int fd,
                                                            std::string name) {
  ASSIGN_OR_RETURN(UniqueFd copy, Duplicate(fd, name));
  struct stat status;
  if (fstat(copy.get(), &status) != 0) return FileError(errno, "map", name);
  return MapRegular(std::move(copy), std::move(name), "", status);
}

absl::StatusOr<std::shared_ptr<const Buffer>> ReadStream(int fd,
                                                         std::string name) {
  struct stat status;
  if (fstat(fd, &status) != 0) return FileError(errno, "read", name);
  if (S_ISREG(status.st_mode) && lseek(fd, 0, SEEK_CUR) == 0) {
    return MapDescriptor(fd, std::move(name));
  }
  return ReadToEnd(fd, std::move(name));
}

std::shared_ptr<const Buffer> OwnBytes(std::string bytes, std::string name) {
  return std::make_shared<HeapBuffer>(std::move(bytes), std::move(name));
}

std::shared_ptr<const Buffer> ViewBytes(std::string_view bytes,
                                        std::string name) {
  return std::make_shared<ViewBuffer>(bytes, std::move(name));
}

namespace {

// Of all scratch buffers that are in memory.
std::atomic<size_t> scratch_memory = 0;

void ReleaseMemory(std::string_view bytes) {
  std::free(const_cast<char*>(bytes.data()));
  scratch_memory -= bytes.size();
}

class MemoryBuffer : public Buffer {
 public:
  explicit MemoryBuffer(std::string_view allocated)
      : Buffer(allocated, -1, "<memory>") {}
  ~MemoryBuffer() override { ReleaseMemory(bytes_); }
};

// Empty when the budget does not allow it. Of the heap, which hands out again
// what was freed: the first touch of new pages takes longer than the rest.
std::span<char> AllocateMemory(size_t size) {
  if (size == 0 || size > ScratchWriter::kMaxMemory) return {};
  const size_t before = scratch_memory.fetch_add(size);
  if (before + size <= ScratchWriter::kMaxMemory) {
    void* memory = std::calloc(size, 1);
    if (memory != nullptr) return {static_cast<char*>(memory), size};
  }
  scratch_memory -= size;
  return {};
}

}  // namespace

absl::StatusOr<ScratchWriter> ScratchWriter::Create(size_t size) {
  const std::span<char> memory = AllocateMemory(size);
  if (!memory.empty()) return ScratchWriter(memory, -1);
  ASSIGN_OR_RETURN(UniqueFd fd, OpenScratch());
  if (size > 0) {
    int error = EINTR;
    while (error == EINTR) {
      error = posix_fallocate(fd.get(), 0, static_cast<off_t>(size));
    }
    if (error != 0) {
      return Annotate(
          FileError(error, "reserve space in", kScratchName),
          fmt::format("{} bytes of temporary data ($TMPDIR or /tmp)", size));
    }
  }
  ASSIGN_OR_RETURN(
      std::string_view mapping,
      Map(fd.get(), size, PROT_READ | PROT_WRITE, MAP_SHARED, kScratchName));
  return ScratchWriter(
      std::span<char>(const_cast<char*>(mapping.data()), mapping.size()),
      fd.release());
}

ScratchWriter::ScratchWriter(ScratchWriter&& other) noexcept
    : span_(std::exchange(other.span_, {})),
      fd_(std::exchange(other.fd_, -1)) {}

ScratchWriter& ScratchWriter::operator=(ScratchWriter&& other) noexcept {
  std::swap(span_, other.span_);
  std::swap(fd_, other.fd_);
  return *this;
}

ScratchWriter::~ScratchWriter() {
  if (fd_ < 0) {
    if (!span_.empty()) ReleaseMemory({span_.data(), span_.size()});
    return;
  }
  if (!span_.empty()) munmap(span_.data(), span_.size());
  close(fd_);
}

std::shared_ptr<const Buffer> ScratchWriter::Finish() && {
  const std::span<char> span = std::exchange(span_, {});
  const std::string_view bytes(span.data(), span.size());
  if (fd_ < 0 && !span.empty()) return std::make_shared<MemoryBuffer>(bytes);
  // Writing later is a bug, so make it a fault.
  if (!span.empty()) mprotect(span.data(), span.size(), PROT_READ);
  return std::make_shared<MappedBuffer>(bytes, UniqueFd(std::exchange(fd_, -1)),
                                        std::string(kScratchName));
}

}  // namespace onnxopt
