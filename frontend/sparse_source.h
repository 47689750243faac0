// SPDX-License-Identifier: Apache-2.0
#ifndef ONNXOPT_FRONTEND_SPARSE_SOURCE_H_
#define ONNXOPT_FRONTEND_SPARSE_SOURCE_H_

#include "absl/status/statusor.h"
#include "ir/tensor.h"

namespace onnxopt {

/// The dense tensor that a SparseTensorProto means (COO format): `values` has
/// shape [NNZ]; `indices` is int64 of shape [NNZ], of linear positions, or
/// [NNZ, rank], of coordinates. Fails if an index is out of range or the
/// element type is not of whole bytes. Null arguments are missing fields.
absl::StatusOr<TensorRef> MakeSparseTensor(TensorDims dims,
                                           const TensorRef& values,
                                           const TensorRef& indices);

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_SPARSE_SOURCE_H_
