// SPDX-License-Identifier: Apache-2.0
// Writing AttributeProto.
#ifndef ONNXOPT_FRONTEND_ATTRIBUTE_WRITER_H_
#define ONNXOPT_FRONTEND_ATTRIBUTE_WRITER_H_

#include "absl/functional/function_ref.h"
#include "frontend/wire_writer.h"
#include "frontend/writer.h"
#include "ir/attribute.h"
#include "ir/model.h"

namespace onnxopt {

/// The fields of an AttributeProto: as read, if it was read and `plan` leaves
/// the data of its tensors where it was. `write_graph` writes the fields of a
/// GraphProto.
void WriteAttribute(const Attribute& attribute, const Model& model,
                    ExternalPlan plan,
                    absl::FunctionRef<void(const Graph&)> write_graph,
                    WireWriter* out);

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_ATTRIBUTE_WRITER_H_
