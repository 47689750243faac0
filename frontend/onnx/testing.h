// SPDX-License-Identifier: Apache-2.0
// Models for the tests of frontend/onnx.
#ifndef ONNXOPT_FRONTEND_ONNX_TESTING_H_
#define ONNXOPT_FRONTEND_ONNX_TESTING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "onnx/onnx_pb.h"

namespace onnxopt {

inline onnx::ValueInfoProto MakeValueInfo(const std::string& name) {
  onnx::ValueInfoProto info;
  info.set_name(name);
  onnx::TypeProto::Tensor* tensor = info.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(onnx::TensorProto::FLOAT);
  tensor->mutable_shape();
  return info;
}

inline onnx::TensorProto MakeTensor(const std::string& name,
                                    const std::vector<int64_t>& dims) {
  onnx::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  int64_t count = 1;
  for (int64_t dim : dims) {
    tensor.add_dims(dim);
    count *= dim;
  }
  tensor.set_raw_data(std::string(count * sizeof(float), '\1'));
  return tensor;
}

inline onnx::NodeProto* AddNode(const std::string& op,
                                const std::vector<std::string>& inputs,
                                const std::string& output,
                                onnx::GraphProto* graph) {
  onnx::NodeProto* node = graph->add_node();
  node->set_op_type(op);
  for (const std::string& input : inputs) node->add_input(input);
  node->add_output(output);
  return node;
}

inline onnx::TensorProto* AddTensorAttribute(const std::string& name,
                                             const onnx::TensorProto& tensor,
                                             onnx::NodeProto* node) {
  onnx::AttributeProto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::TENSOR);
  *attribute->mutable_t() = tensor;
  return attribute->mutable_t();
}

/// y = x + w, where w is a large initializer.
inline onnx::ModelProto MakeModel() {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(17);
  onnx::GraphProto* graph = model.mutable_graph();
  graph->set_name("main");
  *graph->add_input() = MakeValueInfo("x");
  *graph->add_output() = MakeValueInfo("y");
  *graph->add_initializer() = MakeTensor("w", {16, 32});
  AddNode("Add", {"x", "w"}, "y", graph);
  return model;
}

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_ONNX_TESTING_H_
