// SPDX-License-Identifier: Apache-2.0
#include "support/output_file.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/status_matchers.h"
#include "support/test_files.h"

namespace onnxopt {
namespace {

using testing::_;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Large enough to be copied inside the kernel.
constexpr size_t kLarge = 40'000'000;

std::string Pattern(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * i >> 7);
  return bytes;
}

mode_t ModeOf(const std::string& path) {
  struct stat status;
  ONNXOPT_CHECK(stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

absl::Status Replace(const std::string& path, std::string_view bytes) {
  ASSIGN_OR_RETURN(OutputFile file, OutputFile::Create(path));
  RETURN_IF_ERROR(file.Append(bytes));
  return file.Commit();
}

TEST(OutputFileTest, TargetAppearsAtCommit) {
  TempDir dir;
  ASSERT_OK_AND_ASSIGN(OutputFile file, OutputFile::Create(dir / "m.onnx"));
  EXPECT_FALSE(file.is_direct());
  EXPECT_THAT(file.temp_path(), HasSubstr("/.m.onnx.onnx-opt-tmp."));
  ASSERT_OK(file.Append("hello"));
  EXPECT_FALSE(std::filesystem::exists(dir / "m.onnx"));
  ASSERT_OK(file.Commit());
  EXPECT_EQ(ReadTestFile(dir / "m.onnx"), "hello");
  EXPECT_THAT(dir.List(), ElementsAre("m.onnx"));
  EXPECT_THAT(file.temp_path(), IsEmpty());
}

TEST(OutputFileTest, WithoutCommitNothingHappens) {
  TempDir dir;
  WriteTestFile(dir / "m.onnx", "old");
  {
    ASSERT_OK_AND_ASSIGN(OutputFile file, OutputFile::Create(dir / "m.onnx"));
    ASSERT_OK(file.Append(Pattern(1'000'000)));
    OutputFile moved = std::move(file);
    EXPECT_THAT(dir.List(), SizeIs(2));
  }
  EXPECT_EQ(ReadTestFile(dir / "m.onnx"), "old");
  EXPECT_THAT(dir.List(), ElementsAre("m.onnx"));
}

TEST(OutputFileTest, ACrashLeavesTheOldContent) {
  TempDir dir;
  WriteTestFile(dir / "m.onnx", "old");
  const pid_t child = fork();
  if (child == 0) {
    auto file = OutputFile::Create(dir / "m.onnx");
    if (file.ok() && file->Append(Pattern(1'000'000)).ok()) {
      kill(getpid(), SIGKILL);
    }
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(ReadTestFile(dir / "m.onnx"), "old");
}

TEST(OutputFileTest, ModeOfTheTargetIsKept) {
  TempDir dir;
  for (const mode_t mode : {0600u, 0664u, 0755u}) {
    WriteTestFile(dir / "m.onnx", "old");
    ASSERT_EQ(chmod((dir / "m.onnx").c_str(), mode), 0);
    ASSERT_OK(Replace(dir / "m.onnx", "new"));
    EXPECT_EQ(ModeOf(dir / "m.onnx"), mode);
    EXPECT_EQ(ReadTestFile(dir / "m.onnx"), "new");
  }
}

TEST(OutputFileTest, NewFilesObeyTheUmask) {
  TempDir dir;
  const mode_t old = umask(027);
  EXPECT_OK(Replace(dir / "m.onnx", "new"));
  umask(old);
  EXPECT_EQ(ModeOf(dir / "m.onnx"), 0640u);
}

TEST(OutputFileTest, OwnerOfTheTargetIsKept) {
  if (geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root may give files away";
  TempDir dir;
  WriteTestFile(dir / "m.onnx", "old");
  ASSERT_EQ(chown((dir / "m.onnx").c_str(), 1234, 2345), 0);
  ASSERT_OK(Replace(dir / "m.onnx", "new"));
  struct stat status;
  ASSERT_EQ(stat((dir / "m.onnx").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 1234u);
  EXPECT_EQ(status.st_gid, 2345u);
}

TEST(OutputFileTest, SymbolicLinksAreFollowed) {
  TempDir dir;
  std::filesystem::create_directory(dir / "real");
  std::filesystem::create_directory(dir / "links");
  WriteTestFile(dir / "real/m.onnx", "old");
  std::filesystem::create_symlink("../real/m.onnx", dir / "links/a");
  std::filesystem::create_symlink(dir / "links/a", dir / "links/b");
  ASSERT_OK(Replace(dir / "links/b", "new"));
  EXPECT_EQ(ReadTestFile(dir / "real/m.onnx"), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(dir / "links/a"));
  EXPECT_TRUE(std::filesystem::is_symlink(dir / "links/b"));

  std::filesystem::create_symlink("../real/fresh.onnx", dir / "links/dangling");
  ASSERT_OK(Replace(dir / "links/dangling", "fresh"));
  EXPECT_EQ(ReadTestFile(dir / "real/fresh.onnx"), "fresh");

  std::filesystem::create_symlink("loop", dir / "links/loop");
  EXPECT_THAT(OutputFile::Create(dir / "links/loop"),
              StatusIs(_, HasSubstr("loop")));
}

TEST(OutputFileTest, ImpossibleTargetsFailAtOnce) {
  TempDir dir;
  WriteTestFile(dir / "plain", "x");
  EXPECT_THAT(
      OutputFile::Create(dir.path()),
      StatusIs(_, AllOf(HasSubstr(dir.path()), HasSubstr("Is a directory"))));
  EXPECT_THAT(OutputFile::Create(dir / "plain/m.onnx"),
              StatusIs(_, HasSubstr("Not a directory")));
  EXPECT_THAT(OutputFile::Create(dir / "missing/m.onnx"),
              StatusIs(_, AllOf(HasSubstr("m.onnx"),
                                HasSubstr("No such file or directory"))));
  EXPECT_THAT(OutputFile::Create(dir / "missing/"), StatusIs(_, _));
  EXPECT_THAT(OutputFile::Create(""), StatusIs(_, _));
  // Even root cannot create files here.
  EXPECT_THAT(OutputFile::Create("/proc/self/m.onnx"),
              StatusIs(_, HasSubstr("cannot create a file in '/proc/self'")));
  EXPECT_THAT(dir.List(), ElementsAre("plain"));
}

TEST(OutputFileTest, ReadOnlyTargetsAreRespected) {
  if (geteuid() == 0) GTEST_SKIP() << "SKIPPED: root may write every file";
  TempDir dir;
  WriteTestFile(dir / "m.onnx", "old");
  ASSERT_EQ(chmod((dir / "m.onnx").c_str(), 0444), 0);
  EXPECT_THAT(
      OutputFile::Create(dir / "m.onnx"),
      StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("m.onnx")));
}

TEST(OutputFileTest, LongNamesWork) {
  TempDir dir;
  const std::string name(255, 'n');
  ASSERT_OK(Replace(dir / name, "new"));
  EXPECT_EQ(ReadTestFile(dir / name), "new");
}

TEST(OutputFileTest, ManyAppendsOfAllSizes) {
  TempDir dir;
  ASSERT_OK_AND_ASSIGN(OutputFile file, OutputFile::Create(dir / "m"));
  std::string expected;
  for (size_t size = 0; size < 3'000'000; size = size * 3 + 1) {
    const std::string bytes = Pattern(size);
    ASSERT_OK(file.Append(bytes));
    expected += bytes;
    ASSERT_OK(file.PadTo(4096));
    expected.resize((expected.size() + 4095) / 4096 * 4096);
    EXPECT_EQ(file.size(), expected.size());
  }
  ASSERT_OK(file.Commit());
  EXPECT_TRUE(ReadTestFile(dir / "m") == expected);
}

TEST(OutputFileTest, AppendFromFilesScratchAndMemory) {
  TempDir dir;
  const std::string content = Pattern(kLarge);
  WriteTestFile(dir / "source", content);
  ASSERT_OK_AND_ASSIGN(auto mapped, MapFile(dir / "source"));
  ASSERT_OK_AND_ASSIGN(ScratchWriter writer, ScratchWriter::Create(200'000));
  std::copy_n(content.begin(), 200'000, writer.span().begin());
  const auto scratch = std::move(writer).Finish();

  ASSERT_OK_AND_ASSIGN(OutputFile file, OutputFile::Create(dir / "m"));
  ASSERT_OK(file.Append("header"));
  ASSERT_OK(file.AppendFrom(*mapped, 12345, 39'000'001));
  ASSERT_OK(file.AppendFrom(*mapped, 7, 100));
  ASSERT_OK(file.AppendFrom(*mapped, content.size(), 0));
  ASSERT_OK(file.AppendFrom(*scratch, 1, 199'999));
  ASSERT_OK(file.AppendFrom(*OwnBytes(content), 3, 1'000'000));
  ASSERT_OK(file.Commit());
  EXPECT_TRUE(ReadTestFile(dir / "m") ==
              "header" + content.substr(12345, 39'000'001) +
                  content.substr(7, 100) + content.substr(1, 199'999) +
                  content.substr(3, 1'000'000));
}

// In-place optimization: the source is the target.
TEST(OutputFileTest, SourceMayBeTheTarget) {
  TempDir dir;
  const std::string content = Pattern(300'000);
  WriteTestFile(dir / "m", content);
  ASSERT_OK_AND_ASSIGN(auto mapped, MapFile(dir / "m"));
  ASSERT_OK_AND_ASSIGN(OutputFile file, OutputFile::Create(dir / "m"));
  ASSERT_OK(file.AppendFrom(*mapped, 100'000, 200'000));
  ASSERT_OK(mapped->CheckUnchanged());
  ASSERT_OK(file.Commit());
  EXPECT_TRUE(ReadTestFile(dir / "m") == content.substr(100'000));
  EXPECT_TRUE(mapped->bytes() == content);
}

TEST(OutputFileTest, TruncatedSourceIsAnErrorAndNeverAHole) {
  TempDir dir;
  for (const size_t length : {size_t{50'000}, kLarge}) {
    for (const char* target : {"m", "pipe"}) {
      WriteTestFile(dir / "source", Pattern(length));
      ASSERT_OK_AND_ASSIGN(auto mapped, MapFile(dir / "source"));
      ASSERT_EQ(truncate((dir / "source").c_str(),
                         static_cast<off_t>(length / 2 + 1)),
                0);
      std::thread reader;
      if (std::string_view(target) == "pipe") {
        ASSERT_EQ(mkfifo((dir / "pipe").c_str(), 0600), 0);
        reader = std::thread([&] { ReadTestFile(dir / "pipe"); });
      }
      {
        ASSERT_OK_AND_ASSIGN(OutputFile file, OutputFile::Create(dir / target));
        EXPECT_THAT(
            file.AppendFrom(*mapped, 0, length),
            StatusIs(absl::StatusCode::kFailedPrecondition,
                     AllOf(HasSubstr("source"), HasSubstr("was changed"))));
        // The error sticks.
        EXPECT_FALSE(file.Append("x").ok());
        EXPECT_FALSE(file.Reopen().ok());
        EXPECT_FALSE(file.Commit().ok());
      }
      if (reader.joinable()) reader.join();
      unlink((dir / "pipe").c_str());
      EXPECT_THAT(dir.List(), ElementsAre("source"));
    }
  }
}

TEST(OutputFileTest, ReopenShowsWhatWasWritten) {
  TempDir dir;
  ASSERT_OK_AND_ASSIGN(OutputFile file, OutputFile::Create(dir / "m"));
  ASSERT_OK_AND_ASSIGN(auto nothing, file.Reopen());
  EXPECT_THAT(nothing->bytes(), IsEmpty());
  ASSERT_OK(file.Append("first"));
  ASSERT_OK_AND_ASSIGN(auto first, file.Reopen());
  EXPECT_EQ(first->bytes(), "first");
  ASSERT_OK(file.Append(" second"));
  ASSERT_OK_AND_ASSIGN(auto second, file.Reopen());
  EXPECT_EQ(second->bytes(), "first second");
  ASSERT_OK(file.Commit());
  EXPECT_EQ(ReadTestFile(dir / "m"), "first second");
}

TEST(OutputFileTest, CommitNoReplaceKeepsAnExistingFile) {
  TempDir dir;
  {
    ASSERT_OK_AND_ASSIGN(OutputFile file, OutputFile::Create(dir / "m.data"));
    ASSERT_OK(file.Append("mine"));
    WriteTestFile(dir / "m.data", "theirs");
    EXPECT_THAT(
        file.CommitNoReplace(),
        StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("m.data")));
  }
  EXPECT_EQ(ReadTestFile(dir / "m.data"), "theirs");
  EXPECT_THAT(dir.List(), ElementsAre("m.data"));
  ASSERT_OK_AND_ASSIGN(OutputFile other, OutputFile::Create(dir / "n.data"));
  ASSERT_OK(other.Append("mine"));
  ASSERT_OK(other.CommitNoReplace());
  EXPECT_EQ(ReadTestFile(dir / "n.data"), "mine");
}

TEST(OutputFileTest, PipesAreWrittenDirectly) {
  TempDir dir;
  const std::string path = dir / "pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const std::string content = Pattern(kLarge);
  WriteTestFile(dir / "source", content);
  ASSERT_OK_AND_ASSIGN(auto mapped, MapFile(dir / "source"));
  std::string received;
  std::thread reader([&] { received = ReadTestFile(path); });
  {
    ASSERT_OK_AND_ASSIGN(OutputFile file, OutputFile::Create(path));
    EXPECT_TRUE(file.is_direct());
    EXPECT_THAT(file.temp_path(), IsEmpty());
    EXPECT_OK(file.Append("header"));
    EXPECT_OK(file.AppendFrom(*mapped, 0, content.size()));
    EXPECT_THAT(file.Reopen(),
                StatusIs(absl::StatusCode::kFailedPrecondition, _));
    EXPECT_OK(file.Commit());
  }
  reader.join();
  EXPECT_TRUE(received == "header" + content);
  struct stat status;
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_TRUE(S_ISFIFO(status.st_mode));
}

TEST(OutputFileTest, DescriptorPathsKeepTheirPosition) {
  TempDir dir;
  WriteTestFile(dir / "log", "before ");
  const int fd = open((dir / "log").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  WriteTestFile(dir / "source", Pattern(kLarge));
  ASSERT_OK_AND_ASSIGN(auto mapped, MapFile(dir / "source"));
  {
    ASSERT_OK_AND_ASSIGN(OutputFile file,
                         OutputFile::Create("/dev/fd/" + std::to_string(fd)));
    EXPECT_TRUE(file.is_direct());
    ASSERT_OK(file.Append("model "));
    ASSERT_OK(file.AppendFrom(*mapped, 0, kLarge));
    ASSERT_OK(file.Commit());
  }
  close(fd);
  EXPECT_TRUE(ReadTestFile(dir / "log") == "before model " + Pattern(kLarge));
  EXPECT_THAT(OutputFile::Create("/dev/fd/999"),
              StatusIs(_, HasSubstr("/dev/fd/999")));
}

TEST(OutputFileTest, StandardOutputIsDirect) {
  ASSERT_OK_AND_ASSIGN(OutputFile file, OutputFile::Create("/dev/stdout"));
  EXPECT_TRUE(file.is_direct());
  EXPECT_OK(file.Commit());
}

TEST(OutputFileTest, FullDeviceIsReported) {
  ASSERT_OK_AND_ASSIGN(OutputFile file, OutputFile::Create("/dev/full"));
  EXPECT_TRUE(file.is_direct());
  EXPECT_OK(file.Append("x"));
  EXPECT_THAT(file.Commit(), StatusIs(absl::StatusCode::kResourceExhausted,
                                      AllOf(HasSubstr("/dev/full"),
                                            HasSubstr("free some space"))));
}

// Writes `size` bytes over dir/m in all ways, expects failure with `message`,
// and that the old content and nothing else is left.
void ExpectNoRoomFor(const TempDir& dir, const std::string& source, size_t size,
                     const std::string& message) {
  WriteTestFile(dir / "m", "old");
  ASSERT_OK_AND_ASSIGN(auto mapped, MapFile(source));
  for (const bool from_file : {false, true}) {
    ASSERT_OK_AND_ASSIGN(OutputFile file, OutputFile::Create(dir / "m"));
    const absl::Status status = from_file ? file.AppendFrom(*mapped, 0, size)
                                          : file.Append(mapped->bytes());
    EXPECT_THAT(status,
                StatusIs(_, AllOf(HasSubstr(dir / "m"), HasSubstr(message))));
    EXPECT_EQ(file.Commit(), status);
  }
  EXPECT_EQ(ReadTestFile(dir / "m"), "old");
  EXPECT_THAT(dir.List(), ElementsAre("m"));
}

TEST(OutputFileTest, FileSizeLimit) {
  TempDir dir, other;
  WriteTestFile(other / "source", Pattern(kLarge));
  rlimit old;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small = {1'000'000, old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  ExpectNoRoomFor(dir, other / "source", kLarge, "ulimit -f");
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, old_handler);
}

TEST(OutputFileTest, FullFileSystem) {
  TempDir dir, other;
  if (mount("none", dir.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
    GTEST_SKIP() << "SKIPPED: may not mount a small file system";
  }
  WriteTestFile(other / "source", Pattern(kLarge));
  ExpectNoRoomFor(dir, other / "source", kLarge,
                  "No space left on device; free some space");
  // Across file systems, where it fits.
  ASSERT_OK_AND_ASSIGN(auto mapped, MapFile(other / "source"));
  {
    ASSERT_OK_AND_ASSIGN(OutputFile file, OutputFile::Create(dir / "m"));
    ASSERT_OK(file.AppendFrom(*mapped, 1, 500'000));
    ASSERT_OK(file.Commit());
  }
  EXPECT_TRUE(ReadTestFile(dir / "m") == mapped->bytes().substr(1, 500'000));
  EXPECT_EQ(umount2(dir.path().c_str(), MNT_DETACH), 0);
}

}  // namespace
}  // namespace onnxopt
