// SPDX-License-Identifier: Apache-2.0
// The rules, by theme. Each function adds to the set.
#ifndef ONNXOPT_PASSES_RULES_RULES_H_
#define ONNXOPT_PASSES_RULES_RULES_H_

#include <string>

#include "passes/rewrite/rule.h"

namespace onnxopt {

/// Nodes that return their input, and pairs that make one.
void AddNoopRules(RuleSet& rules);
/// Binary operators with constants: neutral elements, order, association.
void AddArithmeticRules(RuleSet& rules);
/// Where, and logic on constants.
void AddLogicRules(RuleSet& rules);
/// Casts after each other.
void AddCastRules(RuleSet& rules);
/// Transpose, Reshape and kin after each other.
void AddReshapeRules(RuleSet& rules);
/// Slices and what they leave.
void AddSliceRules(RuleSet& rules);
/// Concat and Split.
void AddConcatRules(RuleSet& rules);
/// Clip, Relu, Max and Min with constant bounds.
void AddMinMaxRules(RuleSet& rules);
/// Constants and BatchNormalization into Conv, ConvTranspose, Gemm, MatMul.
void AddLinearRules(RuleSet& rules);
/// Pad into convolutions and pools.
void AddPadRules(RuleSet& rules);
/// MatMul and Add to Gemm, Transpose into Gemm.
void AddGemmRules(RuleSet& rules);

/// An operator in the name of a rule: "reduce-max".
std::string RuleWord(OpId op);

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_RULES_RULES_H_
