// SPDX-License-Identifier: Apache-2.0
// Element types of ONNX tensors (TensorProto.DataType, ONNX 1.22).
#ifndef ONNXOPT_IR_ELEMENT_TYPE_H_
#define ONNXOPT_IR_ELEMENT_TYPE_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace onnxopt {

/// The numbers are those of TensorProto.DataType.
enum class ElementType : uint8_t {
  kUndefined = 0,
  kFloat = 1,
  kUint8 = 2,
  kInt8 = 3,
  kUint16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kBool = 9,
  kFloat16 = 10,
  kDouble = 11,
  kUint32 = 12,
  kUint64 = 13,
  kComplex64 = 14,
  kComplex128 = 15,
  kBfloat16 = 16,
  kFloat8E4M3FN = 17,
  kFloat8E4M3FNUZ = 18,
  kFloat8E5M2 = 19,
  kFloat8E5M2FNUZ = 20,
  kUint4 = 21,
  kInt4 = 22,
  kFloat4E2M1 = 23,
  kFloat8E8M0 = 24,
  kUint2 = 25,
  kInt2 = 26,
};

inline constexpr int kNumElementTypes = 27;

/// The element type with TensorProto.DataType number `number`, kUndefined
/// included; nullopt for a number ONNX 1.22 does not define.
std::optional<ElementType> ElementTypeFromNumber(int64_t number);

/// Name in ONNX's textual syntax and type strings: "float", "int64",
/// "float8e4m3fn"; "undefined" for kUndefined.
std::string_view ElementTypeName(ElementType type);

/// Inverse of ElementTypeName; nullopt for an unknown name.
std::optional<ElementType> ElementTypeFromName(std::string_view name);

/// Bits of one element in raw_data: 32 for float, 4 for int4; 0 for strings
/// and kUndefined, which have no raw form.
int BitWidth(ElementType type);

/// Bytes of `count` elements in raw_data, the last byte padded for sub-byte
/// types; nullopt when that overflows int64 or count is negative.
std::optional<int64_t> ByteSize(ElementType type, int64_t count);

}  // namespace onnxopt

#endif  // ONNXOPT_IR_ELEMENT_TYPE_H_
