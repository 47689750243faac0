// SPDX-License-Identifier: Apache-2.0
// Writing TensorProto and SparseTensorProto.
#ifndef ONNXOPT_FRONTEND_TENSOR_WRITER_H_
#define ONNXOPT_FRONTEND_TENSOR_WRITER_H_

#include <string_view>

#include "frontend/wire_writer.h"
#include "frontend/writer.h"
#include "ir/tensor.h"

namespace onnxopt {

/// The fields of a TensorProto, or of a SparseTensorProto if it is spelt so,
/// with the name `name`. As read, if the tensor still has its spelling and
/// `plan` leaves its data where it was.
void WriteTensor(std::string_view name, const TensorRef& tensor,
                 ExternalPlan plan, WireWriter* out);

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_TENSOR_WRITER_H_
