// SPDX-License-Identifier: Apache-2.0
// The kernels by family: one function here, one file there.
#ifndef ONNXOPT_EVAL_FAMILIES_H_
#define ONNXOPT_EVAL_FAMILIES_H_

#include <cstdint>
#include <vector>

#include "eval/kernel.h"

namespace onnxopt::eval {

struct KernelEntry {
  OpId op;
  Kernel kernel;
  /// If not 0, the kernel is also for versions that are not canonical, from
  /// this one on.
  int64_t oldest_version = 0;
};
using KernelList = std::vector<KernelEntry>;

KernelList CastKernels();
KernelList ChoiceKernels();  // Where, Clip
KernelList ElementwiseBinaryKernels();
KernelList ElementwiseUnaryKernels();
KernelList LineKernels();  // ArgMax, CumSum, Softmax...
KernelList ReductionKernels();
KernelList MatMulKernels();
KernelList ConvolutionKernels();
KernelList AttentionKernels();
KernelList DeformConvKernels();
KernelList EinsumKernels();
KernelList RecurrentKernels();
KernelList PoolingKernels();
KernelList NormalizationKernels();
KernelList QuantizationKernels();
KernelList BlockKernels();      // parts of axes: DepthToSpace, Col2Im...
KernelList FillKernels();       // values from nothing: Range, EyeLike...
KernelList GridKernels();       // GridSample, AffineGrid
KernelList MovementKernels();   // Transpose, Slice, Concat, Pad...
KernelList RegionKernels();     // RoiAlign, MaxRoiPool, NonMaxSuppression
KernelList ReshapeKernels();    // Reshape, Shape...
KernelList ResizeKernels();     // Resize
KernelList ScatterKernels();    // ScatterND, TensorScatter...
KernelList SelectionKernels();  // Gather, Compress, OneHot...
KernelList SortingKernels();    // TopK, Unique
KernelList LinearAttentionKernels();
KernelList LossKernels();
KernelList SignalKernels();  // DFT, windows, MelWeightMatrix
KernelList TextKernels();    // StringConcat, RegexFullMatch...
KernelList TfIdfKernels();
// ai.onnx.ml
KernelList MlFeatureKernels();  // Scaler, Imputer, Normalizer...
KernelList MlLabelKernels();    // LabelEncoder, OneHotEncoder...
KernelList MlLinearKernels();
KernelList MlSvmKernels();
KernelList MlTreeKernels();

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_FAMILIES_H_
