// SPDX-License-Identifier: Apache-2.0
// NumPy's file format for one array, .npy, versions 1 to 3.
#ifndef ONNXOPT_TOOLS_NPY_H_
#define ONNXOPT_TOOLS_NPY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "ir/tensor.h"
#include "support/buffer.h"

namespace onnxopt {

/// The array in `file`, in C order whatever its order there. Numbers, bool and
/// strings ('U', which becomes UTF-8, and 'S') are read; object, structured
/// and big-endian arrays are errors, and so is a file that is too short or
/// too long.
absl::StatusOr<TensorRef> ReadNpy(std::shared_ptr<const Buffer> file);

/// Whether NumPy has numbers of that type.
bool NpyCanHold(ElementType type);

/// What comes before the bytes of the tensor. Requires NpyCanHold().
std::string NpyHeader(ElementType type, const TensorDims& dims);

}  // namespace onnxopt

#endif  // ONNXOPT_TOOLS_NPY_H_
