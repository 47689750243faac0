// SPDX-License-Identifier: Apache-2.0

#ifndef ONNXOPT_IR_OP_ID_H_
#define ONNXOPT_IR_OP_ID_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace onnxopt {

// Identifies a standard operator by domain and name, whatever its version.
// Ids are dense and follow the order of names; they may change from one build
// to the next and must not be stored in files.
//
//   switch (node.op()->id()) {
//     case "Conv"_op: ...
//     case "ai.onnx.ml.Scaler"_op: ...
//   }
using OpId = uint16_t;

// The id of every operator that is not in the built-in table.
inline constexpr OpId kOpaqueOp = 0;

// The full names of all standard operators in ascending order: "Conv" for
// domain ai.onnx, "ai.onnx.ml.Scaler" elsewhere. The id is the index plus one.
inline constexpr std::string_view kOpNames[] = {
#include "ir/ops/op_names.inc"
};

// The id of a full name, or kOpaqueOp.
constexpr OpId FindOpId(std::string_view full_name) {
  const auto* it =
      std::lower_bound(std::begin(kOpNames), std::end(kOpNames), full_name);
  if (it == std::end(kOpNames) || *it != full_name) return kOpaqueOp;
  return static_cast<OpId>(it - std::begin(kOpNames) + 1);
}

// The full name of `id`; empty for kOpaqueOp and numbers that are no id.
constexpr std::string_view OpName(OpId id) {
  return id == kOpaqueOp || id > std::size(kOpNames) ? std::string_view()
                                                     : kOpNames[id - 1];
}

namespace internal {
// Not constexpr: calling it while compiling is the error message.
inline void NoStandardOperatorHasThisName() {}
}  // namespace internal

// The id of a standard operator; a misspelt name does not compile.
consteval OpId operator""_op(const char* name, size_t size) {
  const OpId id = FindOpId(std::string_view(name, size));
  if (id == kOpaqueOp) internal::NoStandardOperatorHasThisName();
  return id;
}

}  // namespace onnxopt

#endif  // ONNXOPT_IR_OP_ID_H_
