// SPDX-License-Identifier: Apache-2.0
// The stored inputs and outputs of ONNX's operator vectors.
#ifndef ONNXOPT_TEST_CONFORMANCE_VECTOR_FILES_H_
#define ONNXOPT_TEST_CONFORMANCE_VECTOR_FILES_H_

#include <string>

#include "absl/status/statusor.h"
#include "eval/datum.h"
#include "ir/model.h"
#include "ir/type.h"

namespace onnxopt {

/// Reads a TensorProto, SequenceProto or OptionalProto, whichever `type` says.
/// `model` owns what is read.
absl::StatusOr<Datum> ReadDatum(const std::string& path, const TypeRef& type,
                                Model& model);

}  // namespace onnxopt

#endif  // ONNXOPT_TEST_CONFORMANCE_VECTOR_FILES_H_
