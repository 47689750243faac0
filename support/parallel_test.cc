// SPDX-License-Identifier: Apache-2.0
#include "support/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <new>
#include <set>
#include <thread>
#include <vector>

namespace onnxopt {
namespace {

class ParallelTest : public testing::Test {
 protected:
  ~ParallelTest() override { SetNumThreads(1); }
};

TEST_F(ParallelTest, EachIndexOnceWhateverTheNumberOfThreads) {
  for (const int threads : {1, 2, 3, 7}) {
    SetNumThreads(threads);
    for (const int64_t n : {0, 1, 5, 64, 1001}) {
      for (const int64_t min_piece : {1, 4, 2000}) {
        std::vector<std::atomic<int>> visits(n);
        ParallelFor(n, min_piece, [&](int64_t begin, int64_t end) {
          EXPECT_LT(begin, end);
          EXPECT_EQ(begin % min_piece, 0);
          for (int64_t i = begin; i < end; ++i) ++visits[i];
        });
        for (const auto& count : visits) EXPECT_EQ(count, 1);
      }
    }
  }
}

TEST_F(ParallelTest, UsesThreadsAndNestedLoopsDoNot) {
  SetNumThreads(2);
  std::mutex mutex;
  std::set<std::thread::id> outer;
  ParallelFor(2, 1, [&](int64_t, int64_t) {
    const std::thread::id mine = std::this_thread::get_id();
    ParallelFor(8, 1, [&](int64_t, int64_t) {
      EXPECT_EQ(std::this_thread::get_id(), mine);
    });
    const std::lock_guard lock(mutex);
    outer.insert(mine);
  });
  EXPECT_EQ(outer.size(), 2);
}

TEST_F(ParallelTest, RunningOutOfMemoryOnAThreadIsTheCallersException) {
  SetNumThreads(2);
  for (const int64_t failing : {0, 1}) {
    EXPECT_THROW(ParallelFor(2, 1,
                             [&](int64_t begin, int64_t) {
                               if (begin == failing) throw std::bad_alloc();
                             }),
                 std::bad_alloc);
  }
}

}  // namespace
}  // namespace onnxopt
