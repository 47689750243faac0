// SPDX-License-Identifier: Apache-2.0

#ifndef ONNXOPT_IR_ATTR_KIND_H_
#define ONNXOPT_IR_ATTR_KIND_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace onnxopt {

// The kind of an attribute's value. The numbers are those of ONNX's
// AttributeProto.AttributeType.
enum class AttrKind : uint8_t {
  kUndefined = 0,
  kFloat = 1,
  kInt = 2,
  kString = 3,
  kTensor = 4,
  kGraph = 5,
  kFloats = 6,
  kInts = 7,
  kStrings = 8,
  kTensors = 9,
  kGraphs = 10,
  kSparseTensor = 11,
  kSparseTensors = 12,
  kTypeProto = 13,
  kTypeProtos = 14,
};

// Indexed by AttrKind; spelt as in ONNX's textual syntax.
inline constexpr std::array<std::string_view, 15> kAttrKindNames = {
    "undefined",      "float",      "int",        "string",
    "tensor",         "graph",      "floats",     "ints",
    "strings",        "tensors",    "graphs",     "sparse_tensor",
    "sparse_tensors", "type_proto", "type_protos"};

// The name of `kind`; "undefined" for a number outside the enum.
constexpr std::string_view AttrKindName(AttrKind kind) {
  const auto index = static_cast<size_t>(kind);
  return kAttrKindNames[index < kAttrKindNames.size() ? index : 0];
}

}  // namespace onnxopt

#endif  // ONNXOPT_IR_ATTR_KIND_H_
