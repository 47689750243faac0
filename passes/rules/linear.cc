// SPDX-License-Identifier: Apache-2.0
// Per-channel constants into the weights of the operators that are linear in
// them: y = L(x, w) + b, so s * y + t = L(x, s * w) + (s * b + t).
#include <cmath>
#include <numeric>
#include <string>

#include "passes/rewrite/rewriter.h"
#include "passes/rules/rules.h"

namespace onnxopt {
namespace {

constexpr Var x("x"), w("w"), b("b"), c("c");
constexpr Var gamma("gamma"), beta("beta"), mean("mean"), var("var");
constexpr NodeVar linear("linear"), bn("bn");

// The linear node of a match, with its constant weights.
class Linear {
 public:
  explicit Linear(Rewriter& r) : r_(r), node_(r[linear]), attributes_(node_) {
    const TensorDims& dims = r[w]->tensor()->dims();
    rank_ = static_cast<int>(dims.size());
    if (node_.Is("Conv"_op)) {
      channels_ = dims.empty() ? 0 : dims[0];
    } else if (node_.Is("ConvTranspose"_op)) {
      group_ = attributes_.Int("group", 1);
      channels_ = rank_ < 2 ? 0 : dims[1] * group_;
    } else if (rank_ == 2) {
      const bool transposed = attributes_.Int("transB", 0) != 0;
      channels_ = dims[transposed ? 0 : 1];
    }
  }

  bool IsConvolution() const {
    return node_.Is("Conv"_op) || node_.Is("ConvTranspose"_op);
  }

  // Channels, of the output's axis AxisFromRight(). 0: no form that is known.
  int64_t channels() const { return channels_; }
  int AxisFromRight() const { return IsConvolution() ? rank_ - 1 : 1; }

  // w * s, where s has one element or one for each channel.
  Value* ScaledWeights(Value* s) const {
    const int64_t n = s == nullptr ? 0 : s->tensor()->num_elements();
    std::vector<int64_t> dims(rank_, 1);
    if (n == 1) return r_.Mul(r_[w], r_.Reshape(s, dims));
    if (node_.Is("Conv"_op)) {
      dims[0] = n;
    } else if (node_.Is("ConvTranspose"_op)) {
      return ScaledTransposeWeights(s, n);
    } else {
      dims[attributes_.Int("transB", 0) != 0 ? 0 : 1] = n;
    }
    return r_.Mul(r_[w], r_.Reshape(s, dims));
  }

  // What is added to the product, of one element for each channel; null: none.
  Value* Bias() const {
    if (!r_.Has(b)) return nullptr;
    const float factor = attributes_.Float("beta", 1.0F);
    if (!node_.Is("Gemm"_op) || factor == 1.0F) return r_[b];
    // Not even an infinite one counts then.
    if (factor == 0.0F) return nullptr;
    return r_.Mul(r_[b], r_.Scalar(factor, r_[b]));
  }

  // One element for each channel from a constant of one or as many.
  Value* PerChannel(Value* constant) const {
    if (constant == nullptr) return nullptr;
    if (constant->tensor()->num_elements() == channels_) {
      return r_.Reshape(constant, {channels_});
    }
    return r_.Make("Expand"_op,
                   {r_.Reshape(constant, {1}), r_.Ints({channels_})});
  }

  Value* With(Value* weights, Value* bias) const {
    std::vector<Attribute> attributes;
    if (node_.Is("Gemm"_op) && node_.FindAttribute("beta") != nullptr) {
      attributes.push_back(Rewriter::Float("beta", 1.0F));
    }
    std::vector<Value*> inputs = {r_[x], weights};
    if (!node_.Is("MatMul"_op)) inputs.push_back(bias);
    if (weights == nullptr) return nullptr;
    return r_.Clone(node_, std::move(inputs), std::move(attributes));
  }

 private:
  // Weights [C, M/group, k...]: the channels of group g are in the rows
  // g*C/group to (g+1)*C/group.
  Value* ScaledTransposeWeights(Value* s, int64_t n) const {
    const TensorDims& dims = r_[w]->tensor()->dims();
    std::vector<int64_t> grouped = {group_, dims[0] / group_};
    grouped.insert(grouped.end(), dims.begin() + 1, dims.end());
    std::vector<int64_t> scale(grouped.size(), 1);
    scale[0] = group_;
    scale[2] = n / group_;
    return r_.Reshape(r_.Mul(r_.Reshape(r_[w], grouped), r_.Reshape(s, scale)),
                      dims);
  }

  Rewriter& r_;
  const Node& node_;
  AttributeView attributes_;
  int rank_ = 0;
  int64_t group_ = 1;
  int64_t channels_ = 0;
};

bool AllFinite(const Value* value) {
  const auto numbers = ConstantNumbers(value);
  if (!numbers) return false;
  for (const double number : *numbers) {
    if (!std::isfinite(number)) return false;
  }
  return true;
}

bool IsFloating(ElementType type) {
  return type == ElementType::kFloat || type == ElementType::kDouble ||
         type == ElementType::kFloat16 || type == ElementType::kBfloat16;
}

bool HasKnownForm(Rewriter& r, const Linear& l) {
  if (!r.Known(l.channels() > 0, "the weights have an unusual shape")) {
    return false;
  }
  // Gemm adds any matrix that broadcasts.
  if (r.Has(b) && r[linear].Is("Gemm"_op)) {
    const TensorDims& dims = r[b]->tensor()->dims();
    const int64_t n = r[b]->tensor()->num_elements();
    const bool vector = dims.size() <= 1 || (dims.size() == 2 && dims[0] == 1);
    if (!r.Require(vector && (n == 1 || n == l.channels()),
                   "the bias is not one number per channel")) {
      return false;
    }
  }
  return r.PreferOneUse(r[linear]);
}

// Whether `constant` has one element, or one for each channel along the channel
// axis of the output, and leaves the output's shape as it is.
bool IsPerChannel(Rewriter& r, const Linear& l, const Value* constant) {
  const TensorDims& dims = constant->tensor()->dims();
  const std::optional<Shape> output = ShapeOf(r[linear].output(0));
  const int axis = static_cast<int>(dims.size()) - l.AxisFromRight();
  bool per_channel = output && dims.size() <= output->size();
  for (int i = 0; per_channel && i < static_cast<int>(dims.size()); ++i) {
    per_channel = dims[i] == 1 || (i == axis && dims[i] == l.channels());
  }
  return r.Require(per_channel, "the constant is not one number per channel");
}

// Constants of 16 bits are combined in float and rounded once.
Value* Wide(Rewriter& r, Value* value) {
  if (value == nullptr || BitWidth(ElementOf(value)) != 16) return value;
  return r.Make(
      "Cast"_op, {value},
      {Rewriter::Int("to", static_cast<int64_t>(ElementType::kFloat))});
}
Value* Like(Rewriter& r, Value* value, const Value* like) {
  if (value == nullptr || ElementOf(value) == ElementOf(like)) return value;
  return r.Make("Cast"_op, {value},
                {Rewriter::Int("to", static_cast<int64_t>(ElementOf(like)))});
}

Value* FuseBatchNorm(Rewriter& r) {
  const Linear l(r);
  const AttributeView attributes(r[bn]);
  if (!r.Require(attributes.Int("training_mode", 0) == 0,
                 "it is in training mode") ||
      !HasKnownForm(r, l) || !r.RequireSameElement(r[w], r[gamma]) ||
      !r.RequireSameElement(r[w], r[mean])) {
    return nullptr;
  }
  Value* variance = Wide(r, r[var]);
  const float epsilon = attributes.Float("epsilon", 1e-5F);
  Value* s = r.Div(Wide(r, r[gamma]),
                   r.Sqrt(r.Add(variance, r.Scalar(epsilon, variance))));
  // Otherwise 0 * Inf makes NaN of what was Inf.
  if (s == nullptr ||
      !r.Require(AllFinite(s), "the scale is infinite or not a number")) {
    return nullptr;
  }
  Value* bias = l.Bias();
  Value* shift = bias != nullptr
                     ? r.Sub(Wide(r, l.PerChannel(bias)), Wide(r, r[mean]))
                     : r.Neg(Wide(r, r[mean]));
  Value* new_bias = r.Add(r.Mul(shift, s), Wide(r, r[beta]));
  Value* weights = l.ScaledWeights(Like(r, s, r[w]));
  new_bias = Like(r, new_bias, r[w]);
  if (!r[linear].Is("MatMul"_op)) return l.With(weights, new_bias);
  // The channels of a BatchNormalization are axis 1, those of a MatMul the
  // last.
  const std::optional<Shape> product = ShapeOf(r[linear].output(0));
  if (!r.Known(product, "the rank of the product is not known") ||
      !r.Require(product->size() == 2, "the product is not a matrix")) {
    return nullptr;
  }
  return r.Add(l.With(weights, nullptr), new_bias);
}

// linear + c, and linear - c.
Value* FuseAdd(Rewriter& r) {
  const Linear l(r);
  if (!HasKnownForm(r, l) || !IsPerChannel(r, l, r[c])) return nullptr;
  Value* shift = l.PerChannel(r[c]);
  // Neg is not for unsigned integers.
  if (r.root().Is("Sub"_op) && shift != nullptr) {
    shift = r.Sub(r.Scalar(0.0, shift), shift);
  }
  Value* bias = l.Bias();
  return l.With(r[w],
                bias == nullptr ? shift : r.Add(l.PerChannel(bias), shift));
}

// linear * c, and linear / c.
Value* FuseMul(Rewriter& r) {
  const Linear l(r);
  if (!HasKnownForm(r, l) || !IsPerChannel(r, l, r[c])) return nullptr;
  Value* s = r[c];
  if (r.root().Is("Div"_op)) {
    // Integer division rounds. Convolutions are of floats.
    if (!l.IsConvolution() &&
        !r.Require(IsFloating(ElementOf(s)), "it divides integers")) {
      return nullptr;
    }
    s = r.Div(r.Scalar(1.0, s), s);
  }
  // Otherwise 0 * Inf makes NaN of what was Inf.
  if (s == nullptr ||
      !r.Require(AllFinite(s), "the factor is infinite or not a number")) {
    return nullptr;
  }
  Value* bias = l.Bias();
  return l.With(
      l.ScaledWeights(s),
      bias == nullptr ? nullptr : r.Mul(l.PerChannel(bias), l.PerChannel(s)));
}

// Conv(x*s + t, w) = Conv(x, w*s) + sum(w*t), if no padding stands where x*s +
// t would be t.
Value* FuseBatchNormBeforeConv(Rewriter& r) {
  const Node& conv = r[linear];
  const AttributeView attributes(conv);
  const AttributeView bn_attributes(r[bn]);
  bool padded = attributes.String("auto_pad", "NOTSET") != "NOTSET" &&
                attributes.String("auto_pad", "NOTSET") != "VALID";
  if (const auto* pads = attributes.Ints("pads")) {
    for (const int64_t pad : *pads) padded |= pad != 0;
  }
  const TensorDims& dims = r[w]->tensor()->dims();
  const int64_t group = attributes.Int("group", 1);
  if (!r.Require(bn_attributes.Int("training_mode", 0) == 0,
                 "it is in training mode") ||
      !r.Require(!padded, "the convolution pads") ||
      !r.Known(dims.size() >= 3 && group > 0 && dims[0] % group == 0,
               "the weights have an unusual shape") ||
      !r.PreferOneUse(r[bn]) || !r.RequireSameElement(r[w], r[gamma]) ||
      !r.RequireSameElement(r[w], r[mean])) {
    return nullptr;
  }
  Value* variance = Wide(r, r[var]);
  Value* s = r.Div(
      Wide(r, r[gamma]),
      r.Sqrt(r.Add(variance,
                   r.Scalar(bn_attributes.Float("epsilon", 1e-5F), variance))));
  Value* t = r.Sub(Wide(r, r[beta]), r.Mul(Wide(r, r[mean]), s));
  if (s == nullptr || t == nullptr ||
      !r.Require(AllFinite(s) && AllFinite(t),
                 "the scale is infinite or not a number")) {
    return nullptr;
  }
  // Weights [group, maps, inputs, taps...] of inputs [group, 1, inputs, 1...].
  std::vector<int64_t> by_group = {group, dims[0] / group};
  by_group.insert(by_group.end(), dims.begin() + 1, dims.end());
  std::vector<int64_t> per_input(by_group.size(), 1);
  per_input[0] = group;
  per_input[2] = dims[1];
  std::vector<int64_t> axes(dims.size() - 1);
  std::iota(axes.begin(), axes.end(), 2);
  Value* wide = r.Reshape(Wide(r, r[w]), by_group);
  Value* weights = r.Reshape(r.Mul(wide, r.Reshape(s, per_input)), dims);
  Value* shift =
      r.Reshape(r.Make("ReduceSum"_op,
                       {r.Mul(wide, r.Reshape(t, per_input)), r.Ints(axes)},
                       {Rewriter::Int("keepdims", 0)}),
                {dims[0]});
  Value* bias = r.Has(b) ? r.Add(Wide(r, r[b]), shift) : shift;
  return r.Clone(conv, {r[x], Like(r, weights, r[w]), Like(r, bias, r[w])});
}

}  // namespace

void AddLinearRules(RuleSet& rules) {
  struct Kind {
    OpId op;
    const char* name;
    bool has_bias;
  };
  constexpr Kind kKinds[] = {{"Conv"_op, "conv", true},
                             {"ConvTranspose"_op, "conv-transpose", true},
                             {"Gemm"_op, "gemm", true},
                             {"MatMul"_op, "matmul", false}};
  for (const Kind& kind : kKinds) {
    const std::string op(OpName(kind.op));
    const Pattern l =
        kind.has_bias
            ? Op(kind.op, {x, Const(w), Optional(Const(b))}).As(linear)
            : Op(kind.op, {x, Const(w)}).As(linear);
    const auto add = [&](const std::string& what, const std::string& algebra,
                         Pattern pattern, Value* (*build)(Rewriter&)) {
      rules.push_back({"fuse-" + what + "-into-" + kind.name, algebra,
                       NumericClass::kReassociating, std::move(pattern),
                       build});
    };
    add("batchnorm",
        kind.has_bias
            ? "BatchNormalization(" + op + "(x, w, b)) -> " + op +
                  "(x, s*w, s*(b - mean) + beta)  [s = gamma / sqrt(var + "
                  "epsilon)]"
            : "BatchNormalization(MatMul(x, w)) -> MatMul(x, s*w) + (beta - "
              "s*mean)  [matrices, s = gamma / sqrt(var + epsilon)]",
        Op("BatchNormalization"_op,
           {l, Const(gamma), Const(beta), Const(mean), Const(var)})
            .As(bn),
        FuseBatchNorm);
    if (kind.has_bias) {
      add("add", op + "(x, w, b) + c -> " + op + "(x, w, b + c)",
          Op("Add"_op, {l, Const(c)}), FuseAdd);
      add("sub", op + "(x, w, b) - c -> " + op + "(x, w, b - c)",
          Op("Sub"_op, {l, Const(c)}), FuseAdd);
    }
    const std::string of = kind.has_bias ? "(x, w, b)" : "(x, w)";
    const auto scaled = [&](const std::string& sign) {
      return op + of + sign + "c -> " + op + "(x, w" + sign + "c" +
             (kind.has_bias ? ", b" + sign + "c)" : ")");
    };
    add("mul", scaled("*"), Op("Mul"_op, {l, Const(c)}), FuseMul);
    add("div", scaled("/"), Op("Div"_op, {l, Const(c)}), FuseMul);
  }
  rules.push_back(
      {"fuse-batchnorm-before-conv",
       "Conv(BatchNormalization(x), w, b) -> Conv(x, s*w, b + sum(w*t))  [no "
       "padding]",
       NumericClass::kReassociating,
       Op("Conv"_op, {Op("BatchNormalization"_op, {x, Const(gamma), Const(beta),
                                                   Const(mean), Const(var)})
                          .As(bn),
                      Const(w), Optional(Const(b))})
           .As(linear),
       FuseBatchNormBeforeConv});
}

}  // namespace onnxopt
