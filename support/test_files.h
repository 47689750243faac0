// SPDX-License-Identifier: Apache-2.0
//
// Files for tests. Tests only.
#ifndef ONNXOPT_SUPPORT_TEST_FILES_H_
#define ONNXOPT_SUPPORT_TEST_FILES_H_

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "support/status.h"

namespace onnxopt {

// A directory of its own for a test, removed with all it holds.
class TempDir {
 public:
  TempDir() : path_(testing::TempDir() + "/onnxopt-test-XXXXXX") {
    ONNXOPT_CHECK(mkdtemp(path_.data()) != nullptr);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const {
    return path_ + "/" + std::string(name);
  }
  // The names of the files in it.
  std::set<std::string> List() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }

 private:
  std::string path_;
};

inline void WriteTestFile(const std::string& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
  file.close();
  ONNXOPT_CHECK(file.good());
}

inline std::string ReadTestFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  ONNXOPT_CHECK(file.good());
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace onnxopt

#endif  // ONNXOPT_SUPPORT_TEST_FILES_H_
