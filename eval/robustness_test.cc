// SPDX-License-Identifier: Apache-2.0
// Every kernel with arguments drawn without sense: it may refuse them, never
// crash, hang or ask for much memory. The sanitizers see the rest.
#include "eval/senseless_arguments.h"

namespace onnxopt::eval {
namespace {

constexpr int kDrawsPerOp = 150;

TEST(RobustnessTest, SenselessArgumentsAreRefusedOrEvaluated) {
  int ops = 0;
  int ops_that_ran = 0;
  for (const OpDef* op : OpRegistry::Builtin()->All()) {
    if (FindKernel(*op) == nullptr) continue;
    SCOPED_TRACE(op->FullName());
    SenselessArguments drawer(*op);
    int ran = 0;
    for (int i = 0; i < kDrawsPerOp; ++i) {
      const SenselessArguments::Arguments arguments = drawer.Draw();
      const auto outputs = Evaluate(*op, arguments.attributes, arguments.inputs,
                                    arguments.num_outputs);
      if (!outputs.ok()) {
        EXPECT_THAT(outputs.status().message(),
                    testing::HasSubstr(op->FullName()));
        continue;
      }
      ++ran;
      EXPECT_GE(static_cast<int>(outputs->size()), arguments.num_outputs);
    }
    ++ops;
    ops_that_ran += ran > 0;
  }
  // Most kernels must have had something to do.
  EXPECT_GT(ops, 150);
  EXPECT_GT(ops_that_ran, ops * 3 / 4);
}

}  // namespace
}  // namespace onnxopt::eval
