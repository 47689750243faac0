// SPDX-License-Identifier: Apache-2.0
// Reading TensorProto and SparseTensorProto without copying their data.
#ifndef ONNXOPT_FRONTEND_TENSOR_READER_H_
#define ONNXOPT_FRONTEND_TENSOR_READER_H_

#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "frontend/external_data.h"
#include "ir/model.h"
#include "ir/tensor.h"

namespace onnxopt {

struct NamedTensor {
  std::string_view name;
  TensorRef tensor;
};

/// Reads tensors out of messages that lie in `buffer`. raw_data and packed
/// float_data and double_data are borrowed; other typed fields are decoded
/// when somebody asks; external data is mapped.
class TensorReader {
 public:
  TensorReader(Model* model, std::shared_ptr<const Buffer> buffer,
               std::string folder)
      : model_(model), buffer_(std::move(buffer)), files_(std::move(folder)) {}

  absl::StatusOr<NamedTensor> ReadTensor(std::string_view message);
  /// The tensor is dense and of form kComputed.
  absl::StatusOr<NamedTensor> ReadSparseTensor(std::string_view message);

 private:
  struct Fields;
  absl::Status Parse(std::string_view message, Fields* fields);
  absl::StatusOr<TensorRef> Build(const Fields& fields,
                                  std::string_view message);
  absl::StatusOr<TensorRef> BuildExternal(const Fields& fields);

  Model* model_;
  std::shared_ptr<const Buffer> buffer_;
  ExternalFiles files_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_TENSOR_READER_H_
