// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "passes/rewrite/rewriter.h"
#include "passes/rules/rules.h"

namespace onnxopt {
namespace {

constexpr Var a("a"), b("b"), c("c");
constexpr NodeVar product("product"), transpose("transpose");

bool HasRank2(const Value* value) {
  const std::optional<Shape> shape = ShapeOf(value);
  return shape && shape->size() == 2;
}

Value* MatMulAddToGemm(Rewriter& r) {
  if (!r.Require(HasRank2(r[a]) && HasRank2(r[b]),
                 "the factors are not known to be matrices") ||
      !r.PreferOneUse(r[product])) {
    return nullptr;
  }
  // C may not enlarge the product: every dim of the sum is one of the product.
  const std::optional<Shape> product_shape = ShapeOf(r[product].output(0));
  const std::optional<Shape> c_shape = ShapeOf(r[c]);
  bool fits = product_shape && c_shape && c_shape->size() <= 2;
  for (size_t i = 0; fits && i < c_shape->size(); ++i) {
    const Dim& dim = (*c_shape)[c_shape->size() - 1 - i];
    fits = (dim.IsInteger() && dim.value() == 1) ||
           Compare(dim, (*product_shape)[1 - i]) == DimRelation::kEqual;
  }
  if (!r.Require(fits, "the summand is not known to fit the product")) {
    return nullptr;
  }
  return r.Make("Gemm"_op, {r[a], r[b], r[c]});
}

bool SwapsTwoAxes(Rewriter& r) {
  const auto* perm = AttributeView(r[transpose]).Ints("perm");
  const bool swaps = perm != nullptr ? *perm == std::vector<int64_t>{1, 0}
                                     : HasRank2(r[transpose].input(0));
  return r.Require(swaps, "it does not swap two axes");
}

Value* TransposeIntoA(Rewriter& r) {
  if (!SwapsTwoAxes(r)) return nullptr;
  const int64_t flipped = 1 - AttributeView(r.root()).Int("transA", 0);
  return r.Clone(r.root(), {r[a], r[b], r[c]},
                 {Rewriter::Int("transA", flipped)});
}

Value* TransposeIntoB(Rewriter& r) {
  if (!SwapsTwoAxes(r)) return nullptr;
  const int64_t flipped = 1 - AttributeView(r.root()).Int("transB", 0);
  return r.Clone(r.root(), {r[a], r[b], r[c]},
                 {Rewriter::Int("transB", flipped)});
}

}  // namespace

void AddGemmRules(RuleSet& rules) {
  const auto add = [&rules](std::string name, std::string algebra,
                            Pattern pattern, Value* (*build)(Rewriter&)) {
    rules.push_back({std::move(name), std::move(algebra),
                     NumericClass::kReassociating, std::move(pattern), build});
  };
  add("fuse-matmul-add-to-gemm",
      "MatMul(a, b) + c -> Gemm(a, b, c)  [matrices]",
      Op("Add"_op, {Op("MatMul"_op, {a, b}).As(product), c}), MatMulAddToGemm);
  add("fuse-transpose-into-gemm-a",
      "Gemm(Transpose(a), b, c) -> Gemm(a, b, c; transA)",
      Op("Gemm"_op, {Op("Transpose"_op, {a}).As(transpose), b, Optional(c)}),
      TransposeIntoA);
  add("fuse-transpose-into-gemm-b",
      "Gemm(a, Transpose(b), c) -> Gemm(a, b, c; transB)",
      Op("Gemm"_op, {a, Op("Transpose"_op, {b}).As(transpose), Optional(c)}),
      TransposeIntoB);
}

}  // namespace onnxopt
