// SPDX-License-Identifier: Apache-2.0
#include "support/buffer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/status_matchers.h"
#include "support/test_files.h"

namespace onnxopt {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string ReadThroughFd(const Buffer& buffer) {
  std::string bytes(buffer.bytes().size(), '\0');
  const ssize_t count = pread(buffer.fd(), bytes.data(), bytes.size(), 0);
  return bytes.substr(0, static_cast<size_t>(std::max<ssize_t>(count, 0)));
}

TEST(MapFileTest, MapsARegularFile) {
  TempDir dir;
  const std::string content(100000, 'x');
  WriteTestFile(dir / "m.onnx", content);
  ASSERT_OK_AND_ASSIGN(auto buffer, MapFile(dir / "m.onnx"));
  EXPECT_EQ(buffer->bytes(), content);
  EXPECT_EQ(buffer->name(), dir / "m.onnx");
  EXPECT_EQ(ReadThroughFd(*buffer), content);
  EXPECT_OK(buffer->CheckUnchanged());
}

TEST(MapFileTest, EmptyFile) {
  TempDir dir;
  WriteTestFile(dir / "empty", "");
  ASSERT_OK_AND_ASSIGN(auto buffer, MapFile(dir / "empty"));
  EXPECT_TRUE(buffer->bytes().empty());
  EXPECT_OK(buffer->CheckUnchanged());
  WriteTestFile(dir / "empty", "no more");
  EXPECT_FALSE(buffer->CheckUnchanged().ok());
}

TEST(MapFileTest, ErrorsNameTheFile) {
  TempDir dir;
  EXPECT_THAT(MapFile(dir / "none.onnx"),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("none.onnx"),
                             HasSubstr("No such file or directory"))));
  EXPECT_THAT(MapFile(dir.path()),
              StatusIs(testing::_, AllOf(HasSubstr(dir.path()),
                                         HasSubstr("Is a directory"))));
  WriteTestFile(dir / "plain", "x");
  EXPECT_THAT(MapFile(dir / "plain/m.onnx"),
              StatusIs(testing::_, HasSubstr("Not a directory")));
}

TEST(MapFileTest, UnreadableFile) {
  if (geteuid() == 0) GTEST_SKIP() << "SKIPPED: root may read every file";
  TempDir dir;
  WriteTestFile(dir / "secret", "x");
  chmod((dir / "secret").c_str(), 0);
  EXPECT_THAT(
      MapFile(dir / "secret"),
      StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("secret")));
}

TEST(MapFileTest, ReadsAPipeToItsEnd) {
  TempDir dir;
  const std::string path = dir / "pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const std::string content(3'000'000, 'p');
  std::thread writer([&] { WriteTestFile(path, content); });
  const auto buffer = MapFile(path);
  writer.join();
  ASSERT_OK(buffer);
  EXPECT_EQ((*buffer)->bytes(), content);
  EXPECT_EQ((*buffer)->fd(), -1);
}

TEST(MapFileTest, CheckUnchangedNoticesEveryKindOfChange) {
  TempDir dir;
  const std::string path = dir / "m.onnx";
  const auto map = [&] {
    WriteTestFile(path, "before");
    auto buffer = MapFile(path);
    ONNXOPT_CHECK(buffer.ok());
    EXPECT_OK((*buffer)->CheckUnchanged());
    return *std::move(buffer);
  };
  const auto changed =
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("m.onnx"), HasSubstr("was changed")));
  auto buffer = map();
  ASSERT_EQ(truncate(path.c_str(), 3), 0);
  EXPECT_THAT(buffer->CheckUnchanged(), changed);

  buffer = map();
  timespec times[2] = {{1, 0}, {1, 1}};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  EXPECT_THAT(buffer->CheckUnchanged(), changed);

  // Another file with the same size and time.
  buffer = map();
  struct stat status;
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  WriteTestFile(dir / "other", "before");
  timespec same[2] = {status.st_atim, status.st_mtim};
  ASSERT_EQ(utimensat(AT_FDCWD, (dir / "other").c_str(), same, 0), 0);
  ASSERT_EQ(rename((dir / "other").c_str(), path.c_str()), 0);
  EXPECT_EQ(buffer->bytes(), "before");
  EXPECT_THAT(buffer->CheckUnchanged(), changed);

  buffer = map();
  ASSERT_EQ(unlink(path.c_str()), 0);
  EXPECT_THAT(buffer->CheckUnchanged(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("m.onnx")));
}

TEST(MapFileTest, ManyFilesDoNotUseUpTheDescriptors) {
  TempDir dir;
  std::vector<std::shared_ptr<const Buffer>> buffers;
  for (int i = 0; i < 600; ++i) {
    const std::string path = dir / std::to_string(i);
    WriteTestFile(path, std::to_string(i));
    ASSERT_OK_AND_ASSIGN(buffers.emplace_back(), MapFile(path));
    EXPECT_EQ(buffers.back()->bytes(), std::to_string(i));
  }
  EXPECT_GE(buffers.front()->fd(), 0);
  EXPECT_EQ(buffers.back()->fd(), -1);
  EXPECT_OK(buffers.back()->CheckUnchanged());
  WriteTestFile(dir / "599", "changed");
  EXPECT_FALSE(buffers.back()->CheckUnchanged().ok());
}

TEST(ReadStreamTest, MapsARegularFileAndReadsTheRestOfOthers) {
  TempDir dir;
  WriteTestFile(dir / "m", "0123456789");
  const int fd = open((dir / "m").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_OK_AND_ASSIGN(auto mapped, ReadStream(fd, "<stdin>"));
  EXPECT_EQ(mapped->bytes(), "0123456789");
  EXPECT_GE(mapped->fd(), 0);
  EXPECT_EQ(mapped->name(), "<stdin>");
  EXPECT_OK(mapped->CheckUnchanged());

  ASSERT_EQ(lseek(fd, 4, SEEK_SET), 4);
  ASSERT_OK_AND_ASSIGN(auto rest, ReadStream(fd, "<stdin>"));
  EXPECT_EQ(rest->bytes(), "456789");
  EXPECT_EQ(rest->fd(), -1);
  close(fd);

  EXPECT_EQ(mapped->bytes(), "0123456789");
  WriteTestFile(dir / "m", "changed");
  EXPECT_FALSE(mapped->CheckUnchanged().ok());
}

TEST(ReadStreamTest, ClosedDescriptorIsAnError) {
  EXPECT_THAT(ReadStream(-1, "<stdin>"),
              StatusIs(testing::_, HasSubstr("<stdin>")));
}

TEST(BufferTest, OwnedAndViewedBytes) {
  const auto owned = OwnBytes("short");
  EXPECT_EQ(owned->bytes(), "short");
  EXPECT_EQ(owned->fd(), -1);
  EXPECT_EQ(owned->name(), "<memory>");
  EXPECT_OK(owned->CheckUnchanged());
  const std::string text = "viewed";
  EXPECT_EQ(ViewBytes(text, "here")->bytes().data(), text.data());
  EXPECT_EQ(ViewBytes(text, "here")->name(), "here");
}

constexpr size_t kTooMuchForMemory = ScratchWriter::kMaxMemory + 1;

std::shared_ptr<const Buffer> Filled(size_t size) {
  absl::StatusOr<ScratchWriter> writer = ScratchWriter::Create(size);
  EXPECT_OK(writer);
  EXPECT_EQ(writer->span().size(), size);
  EXPECT_EQ(writer->span()[size - 1], '\0');
  std::fill(writer->span().begin(), writer->span().end(), 's');
  ScratchWriter moved = *std::move(writer);
  return std::move(moved).Finish();
}

TEST(ScratchWriterTest, LargeBuffersAreFiles) {
  const auto buffer = Filled(kTooMuchForMemory);
  EXPECT_EQ(buffer->bytes(), std::string(kTooMuchForMemory, 's'));
  EXPECT_EQ(ReadThroughFd(*buffer), std::string(kTooMuchForMemory, 's'));
}

TEST(ScratchWriterTest, SmallBuffersAreInMemoryUntilTheyAreTooMany) {
  constexpr size_t kHalf = ScratchWriter::kMaxMemory / 2;
  for (int i = 0; i < 3; ++i) {
    const auto first = Filled(kHalf);
    EXPECT_EQ(first->bytes(), std::string(kHalf, 's'));
    const auto second = Filled(kHalf);
    const auto third = Filled(1);
    EXPECT_EQ(first->fd(), -1);
    EXPECT_EQ(second->fd(), -1);
    EXPECT_GE(third->fd(), 0);
  }
}

TEST(ScratchWriterTest, EmptyAndAbandoned) {
  ASSERT_OK_AND_ASSIGN(ScratchWriter empty, ScratchWriter::Create(0));
  EXPECT_TRUE(std::move(empty).Finish()->bytes().empty());
  ASSERT_OK(ScratchWriter::Create(1000));
}

TEST(ScratchWriterTest, UsesTmpdirAndReportsIt) {
  TempDir dir;
  setenv("TMPDIR", dir.path().c_str(), 1);
  EXPECT_OK(ScratchWriter::Create(kTooMuchForMemory));
  EXPECT_TRUE(dir.List().empty());
  setenv("TMPDIR", (dir / "missing").c_str(), 1);
  EXPECT_THAT(ScratchWriter::Create(kTooMuchForMemory),
              StatusIs(testing::_, HasSubstr(dir / "missing")));
  unsetenv("TMPDIR");
}

TEST(ScratchWriterTest, TooLargeIsAnErrorAtOnce) {
  EXPECT_THAT(ScratchWriter::Create(size_t{1} << 60),
              StatusIs(testing::_, HasSubstr("TMPDIR")));
}

}  // namespace
}  // namespace onnxopt
