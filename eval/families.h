// SPDX-License-Identifier: Apache-2.0
// The kernels by family: one function here, one file there.
#ifndef ONNXOPT_EVAL_FAMILIES_H_
#define ONNXOPT_EVAL_FAMILIES_H_

#include <vector>

#include "eval/kernel.h"

namespace onnxopt::eval {

struct KernelEntry {
  OpId op;
  Kernel kernel;
};
using KernelList = std::vector<KernelEntry>;

KernelList MatMulKernels();
KernelList ConvolutionKernels();
KernelList AttentionKernels();
KernelList DeformConvKernels();
KernelList EinsumKernels();
KernelList RecurrentKernels();
KernelList PoolingKernels();
KernelList NormalizationKernels();
KernelList QuantizationKernels();

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_FAMILIES_H_
