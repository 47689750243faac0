// SPDX-License-Identifier: Apache-2.0
// The schemas of libonnx, each made when it is asked for: all of them at once,
// as libonnx makes them, take longer than to optimize a small model.
#ifndef ONNXOPT_FRONTEND_ONNX_SCHEMAS_H_
#define ONNXOPT_FRONTEND_ONNX_SCHEMAS_H_

#include "onnx/defs/schema.h"

namespace onnxopt {

/// Has what onnx::OpSchemaRegistry::Instance() has. From any thread.
const onnx::ISchemaRegistry& LazySchemas();

}  // namespace onnxopt

#endif  // ONNXOPT_FRONTEND_ONNX_SCHEMAS_H_
