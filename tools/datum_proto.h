// SPDX-License-Identifier: Apache-2.0
// Data as protobuf messages: the files input_0.pb and output_0.pb of ONNX's
// test_data_set folders.
#ifndef ONNXOPT_TOOLS_DATUM_PROTO_H_
#define ONNXOPT_TOOLS_DATUM_PROTO_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "eval/datum.h"
#include "ir/model.h"
#include "ir/type.h"
#include "support/output_file.h"

namespace onnxopt {

/// Reads a TensorProto, SequenceProto or OptionalProto, whichever `type` says.
/// `model` owns what is read.
absl::StatusOr<Datum> ReadDatum(const std::string& path, const TypeRef& type,
                                Model& model);

/// Appends the message that ReadDatum reads. Requires that `datum` is not
/// absent.
absl::Status AppendDatum(std::string_view name, const Datum& datum,
                         OutputFile* file);

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_DATUM_PROTO_H_
