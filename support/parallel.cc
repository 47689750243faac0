// SPDX-License-Identifier: Apache-2.0
#include "support/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

namespace onnxopt {
namespace {

std::atomic<int> num_threads = 1;
thread_local bool in_parallel = false;

}  // namespace

void SetNumThreads(int n) { num_threads = std::max(1, n); }
int NumThreads() { return num_threads; }

// Threads are started for each loop: that takes tens of microseconds, loops
// worth dividing take longer, and none are left behind in the process of a
// user of the library.
void ParallelFor(int64_t n, int64_t min_piece,
                 absl::FunctionRef<void(int64_t begin, int64_t end)> body) {
  if (n <= 0) return;
  const int64_t units = (n + min_piece - 1) / min_piece;
  const int64_t pieces =
      in_parallel ? 1 : std::min<int64_t>(units, NumThreads());
  if (pieces == 1) return body(0, n);
  std::vector<std::exception_ptr> errors(pieces);
  const auto run = [&](int64_t piece) {
    in_parallel = true;
    try {
      body(units * piece / pieces * min_piece,
           std::min(n, units * (piece + 1) / pieces * min_piece));
    } catch (...) {
      errors[piece] = std::current_exception();
    }
    in_parallel = false;
  };
  std::vector<std::thread> threads;
  int64_t piece = 1;
  try {
    for (; piece < pieces; ++piece) threads.emplace_back(run, piece);
  } catch (const std::system_error&) {
    // No more threads to be had: the rest runs here.
  }
  run(0);
  for (; piece < pieces; ++piece) run(piece);
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& error : errors) {
    if (error != nullptr) std::rethrow_exception(error);
  }
}

}  // namespace onnxopt
