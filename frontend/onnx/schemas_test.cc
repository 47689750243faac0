// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/schemas.h"

#include "frontend/onnx/checker.h"
#include "gtest/gtest.h"

namespace onnxopt {
namespace {

// Of an operator at each version up to `newest`.
int CountSame(const onnx::OpSchema& schema, int newest) {
  int count = 0;
  for (int version = 0; version <= newest; ++version) {
    const onnx::OpSchema* theirs =
        onnx::OpSchemaRegistry::Instance()->GetSchema(schema.Name(), version,
                                                      schema.domain());
    const onnx::OpSchema* ours =
        LazySchemas().GetSchema(schema.Name(), version, schema.domain());
    EXPECT_EQ(theirs == nullptr, ours == nullptr)
        << schema.Name() << " " << version;
    if (theirs == nullptr || ours == nullptr) continue;
    EXPECT_EQ(ours->Name(), theirs->Name());
    EXPECT_EQ(ours->domain(), theirs->domain());
    EXPECT_EQ(ours->SinceVersion(), theirs->SinceVersion())
        << schema.Name() << " " << version;
    EXPECT_EQ(ours->max_input(), theirs->max_input());
    ++count;
  }
  return count;
}

TEST(LazySchemasTest, HaveWhatLibonnxHas) {
  int count = 0;
  for (const onnx::OpSchema& schema :
       onnx::OpSchemaRegistry::get_all_schemas()) {
    count += CountSame(schema, static_cast<int>(kOnnxCheckerMaxOpset));
  }
  EXPECT_GT(count, 2000);
}

TEST(LazySchemasTest, HaveNothingElse) {
  EXPECT_EQ(LazySchemas().GetSchema("Frobnicate", 17, ""), nullptr);
  EXPECT_EQ(LazySchemas().GetSchema("Relu", 17, "ai.onnx.ml"), nullptr);
}

}  // namespace
}  // namespace onnxopt
