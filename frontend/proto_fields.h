// SPDX-License-Identifier: Apache-2.0
// Field numbers of onnx.proto (ONNX 1.22), one namespace per message.
#ifndef ONNXOPT_FRONTEND_PROTO_FIELDS_H_
#define ONNXOPT_FRONTEND_PROTO_FIELDS_H_

namespace onnxopt::proto {

namespace model {
enum {
  kIrVersion = 1,
  kProducerName = 2,
  kProducerVersion = 3,
  kDomain = 4,
  kModelVersion = 5,
  kDocString = 6,
  kGraph = 7,
  kOpsetImport = 8,
  kMetadata = 14,
  kTrainingInfo = 20,
  kFunctions = 25,
};
}  // namespace model

namespace opset_id {
enum { kDomain = 1, kVersion = 2 };
}  // namespace opset_id

namespace entry {  // StringStringEntryProto
enum { kKey = 1, kValue = 2 };
}  // namespace entry

namespace graph {
enum {
  kNode = 1,
  kName = 2,
  kInitializer = 5,
  kDocString = 10,
  kInput = 11,
  kOutput = 12,
  kValueInfo = 13,
  kQuantization = 14,
  kSparseInitializer = 15,
  kMetadata = 16,
};
}  // namespace graph

namespace annotation {  // TensorAnnotation
enum { kTensorName = 1, kParameters = 2 };
}  // namespace annotation

namespace training {
enum {
  kInitialization = 1,
  kAlgorithm = 2,
  kInitializationBinding = 3,
  kUpdateBinding = 4,
};
}  // namespace training

namespace node {
enum {
  kInput = 1,
  kOutput = 2,
  kName = 3,
  kOpType = 4,
  kAttribute = 5,
  kDocString = 6,
  kDomain = 7,
  kOverload = 8,
  kMetadata = 9,
};
}  // namespace node

namespace attribute {
enum {
  kName = 1,
  kF = 2,
  kI = 3,
  kS = 4,
  kT = 5,
  kG = 6,
  kFloats = 7,
  kInts = 8,
  kStrings = 9,
  kTensors = 10,
  kGraphs = 11,
  kDocString = 13,
  kTp = 14,
  kTypeProtos = 15,
  kType = 20,
  kRefAttrName = 21,
  kSparseTensor = 22,
  kSparseTensors = 23,
};
}  // namespace attribute

namespace tensor {
enum {
  kDims = 1,
  kDataType = 2,
  kSegment = 3,
  kFloatData = 4,
  kInt32Data = 5,
  kStringData = 6,
  kInt64Data = 7,
  kName = 8,
  kRawData = 9,
  kDoubleData = 10,
  kUint64Data = 11,
  kDocString = 12,
  kExternalData = 13,
  kDataLocation = 14,
  kMetadata = 16,
};
}  // namespace tensor

namespace sparse_tensor {
enum { kValues = 1, kIndices = 2, kDims = 3 };
}  // namespace sparse_tensor

namespace value_info {
enum { kName = 1, kType = 2, kDocString = 3, kMetadata = 4 };
}  // namespace value_info

namespace type {
enum {
  kTensor = 1,
  kSequence = 4,
  kMap = 5,
  kDenotation = 6,
  kOpaque = 7,
  kSparseTensor = 8,
  kOptional = 9,
};
}  // namespace type

namespace tensor_type {  // TypeProto.Tensor, TypeProto.SparseTensor
enum { kElemType = 1, kShape = 2 };
}  // namespace tensor_type

namespace map_type {
enum { kKeyType = 1, kValueType = 2 };
}  // namespace map_type

namespace opaque_type {
enum { kDomain = 1, kName = 2 };
}  // namespace opaque_type

namespace shape {
enum { kDim = 1 };
}  // namespace shape

namespace dim {
enum { kValue = 1, kParam = 2, kDenotation = 3 };
}  // namespace dim

namespace function {
enum {
  kName = 1,
  kInput = 4,
  kOutput = 5,
  kAttribute = 6,
  kNode = 7,
  kDocString = 8,
  kOpsetImport = 9,
  kDomain = 10,
  kAttributeProto = 11,
  kValueInfo = 12,
  kOverload = 13,
  kMetadata = 14,
};
}  // namespace function

}  // namespace onnxopt::proto

#endif  // ONNXOPT_FRONTEND_PROTO_FIELDS_H_
