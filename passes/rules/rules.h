// SPDX-License-Identifier: Apache-2.0
// The rules, by theme. Each function adds to the set.
#ifndef ONNXOPT_PASSES_RULES_RULES_H_
#define ONNXOPT_PASSES_RULES_RULES_H_

#include "passes/rewrite/rule.h"

namespace onnxopt {

/// Nodes that return their input, and pairs that make one.
void AddNoopRules(RuleSet& rules);
/// Transpose, Reshape and kin after each other.
void AddMovementRules(RuleSet& rules);
/// Constants and BatchNormalization into Conv, ConvTranspose, Gemm, MatMul.
void AddLinearRules(RuleSet& rules);
/// Pad into convolutions and pools.
void AddPadRules(RuleSet& rules);
/// MatMul and Add to Gemm, Transpose into Gemm.
void AddGemmRules(RuleSet& rules);

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_RULES_RULES_H_
