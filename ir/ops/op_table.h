// SPDX-License-Identifier: Apache-2.0
//
// The built-in operator table: every version of every standard operator up to
// the canonical opset, and the traits of every operator. Only OpDef and
// OpRegistry read it.

#ifndef ONNXOPT_IR_OPS_OP_TABLE_H_
#define ONNXOPT_IR_OPS_OP_TABLE_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "ir/op_def.h"

namespace onnxopt {

// One version of an operator; the texts are those of CustomOp.
struct OpRow {
  std::string_view full_name;  // "Conv", "ai.onnx.ml.Scaler"
  int64_t since_version = 1;
  std::string_view inputs;
  std::string_view outputs;
  std::string_view attributes;
  std::string_view types;
  bool deprecated = false;
};

// The traits of an operator from `from_version` on, up to the next statement
// about the same operator.
struct TraitStatement {
  std::string_view full_name;
  int64_t from_version = 1;
  Trait traits = Trait::kNone;
};

// Ascending in full name and version, without duplicates.
std::span<const OpRow> OpTable();

// In the same order. Every operator of the table has a statement that covers
// its first version.
std::span<const TraitStatement> TraitStatements();

// The traits stated for a version of an operator of the table.
Trait StandardTraits(std::string_view full_name, int64_t since_version);

}  // namespace onnxopt

#endif  // ONNXOPT_IR_OPS_OP_TABLE_H_
