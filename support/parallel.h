// SPDX-License-Identifier: Apache-2.0
// Loops over independent pieces of work, on several threads.
#ifndef ONNXOPT_SUPPORT_PARALLEL_H_
#define ONNXOPT_SUPPORT_PARALLEL_H_

#include <cstdint>

#include "absl/functional/function_ref.h"

namespace onnxopt {

/// How many threads ParallelFor may use, for the whole process; 1 unless set.
void SetNumThreads(int num_threads);
int NumThreads();

/// Calls body(begin, end) for pieces that cover [0, n), each once, at the same
/// time on several threads; pieces are at least min_piece long and start at a
/// multiple of it. Returns when all are done. A loop inside of `body` runs on
/// the thread of its piece. What is computed must not depend on the pieces.
void ParallelFor(int64_t n, int64_t min_piece,
                 absl::FunctionRef<void(int64_t begin, int64_t end)> body);

}  // namespace onnxopt

#endif  // ONNXOPT_SUPPORT_PARALLEL_H_
