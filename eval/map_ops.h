// SPDX-License-Identifier: Apache-2.0
// Operators that take or make maps (see DatumKernel in sequence_ops.h).
#ifndef ONNXOPT_EVAL_MAP_OPS_H_
#define ONNXOPT_EVAL_MAP_OPS_H_

#include <span>

#include "absl/status/statusor.h"
#include "eval/datum.h"
#include "ir/attribute_view.h"

namespace onnxopt::eval {

absl::StatusOr<Datum> CastMap(const AttributeView& attributes,
                              std::span<const Datum> inputs);
absl::StatusOr<Datum> DictVectorizer(const AttributeView& attributes,
                                     std::span<const Datum> inputs);
absl::StatusOr<Datum> ZipMap(const AttributeView& attributes,
                             std::span<const Datum> inputs);

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_MAP_OPS_H_
