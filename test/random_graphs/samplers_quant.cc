// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "eval/elements.h"
#include "test/random_graphs/samplers.h"

namespace onnxopt::random_graphs {
namespace {

using Ints = std::vector<int64_t>;

// Besides the drawable types.
std::vector<ElementType> QuantizedTypes(const OpDef& op, int i) {
  std::vector<ElementType> types;
  for (const ElementType type :
       {ElementType::kInt8, ElementType::kUint8, ElementType::kInt8,
        ElementType::kUint8, ElementType::kInt16, ElementType::kUint16,
        ElementType::kInt32, ElementType::kInt4, ElementType::kUint4,
        ElementType::kFloat8E4M3FN, ElementType::kFloat8E5M2,
        ElementType::kFloat8E4M3FNUZ, ElementType::kFloat8E5M2FNUZ}) {
    if (Allows(op, i, type)) types.push_back(type);
  }
  return types;
}

// Quantized numbers from the whole range of the type. But int8 has seven bits:
// on x86 without VNNI, ONNX Runtime adds two products of an int8 and a uint8 in
// 16 bits with saturation, though "the production MUST never overflow".
TensorRef Codes(Rng& rng, ElementType type, const TensorDims& dims) {
  std::vector<double> numbers(*NumElements(dims));
  const bool wide = rng.Percent(70);
  for (double& number : numbers) {
    if (eval::IsFloating(type)) {
      number = static_cast<double>(rng.Between(-64, 64)) / 4;
    } else {
      const int whole = type == ElementType::kInt8 ? 7 : BitWidth(type);
      const int bits = wide ? std::min(whole, 16) : 3;
      const int64_t all = int64_t{1} << bits;
      number = static_cast<double>(rng.Between(0, all - 1) -
                                   (eval::IsUnsigned(type) ? 0 : all / 2));
    }
  }
  return TensorOf(type, dims, numbers);
}

// Powers of two now and then, for which ties are exact.
TensorRef Scales(Rng& rng, ElementType type, const TensorDims& dims,
                 double largest = 1) {
  std::vector<double> numbers(*NumElements(dims));
  const bool exact = rng.Percent(30);
  for (double& number : numbers) {
    number = exact ? rng.Of({0.25, 0.5, 0.125})
                   : static_cast<double>(rng.Between(1, 1000)) / 1003;
    number *= largest;
  }
  return TensorOf(type, dims, numbers);
}

// How the scales lie on the data.
struct Blocks {
  TensorDims dims;
  int64_t axis = 0;
  int64_t size = 0;  // of a block
  bool per_tensor = true;
};

Blocks DrawBlocks(NodeDraft& d) {
  Blocks blocks;
  const int64_t rank = d.rank(0);
  const int64_t kind = rank == 0 ? 0 : d.rng().Between(0, 2);
  if (kind == 0) {
    if (d.rng().Percent(30)) blocks.dims = {1};
    return blocks;
  }
  blocks.per_tensor = false;
  blocks.axis = d.rng().Between(0, rank - 1);
  blocks.dims = {d.dims(0)[blocks.axis]};
  if (kind == 2 && blocks.dims[0] > 0) {
    blocks.size = d.rng().Between(1, blocks.dims[0]);
    blocks.dims = d.dims(0);
    int64_t& dim = blocks.dims[blocks.axis];
    dim = (dim + blocks.size - 1) / blocks.size;
  }
  return blocks;
}

void SetBlocks(NodeDraft& d, const Blocks& blocks) {
  if (!blocks.per_tensor) d.SetInt("axis", d.Signed(blocks.axis, d.rank(0)));
  if (blocks.size > 0) d.SetInt("block_size", blocks.size);
}

// 0 now and then, and for the types that need it.
TensorRef ZeroPoint(Rng& rng, ElementType type, const TensorDims& dims) {
  const bool zero =
      eval::IsFloating(type) || BitWidth(type) > 16 || rng.Percent(25);
  return zero ? SplatOf(type, dims, 0) : Codes(rng, type, dims);
}

void SampleQuantize(NodeDraft& d) {
  d.Choose(0, d.SomeDims(0, 4));
  if (d.failed()) return;
  const Blocks blocks = DrawBlocks(d);
  const ElementType scale_type =
      d.rng().Percent(90) ? d.element(0) : ElementType::kFloat;
  if (!eval::IsFloating(scale_type)) return d.Fail();
  d.ChooseParameter(1, Scales(d.rng(), scale_type, blocks.dims));
  const ElementType type = d.rng().Of(QuantizedTypes(d.op(), 2));
  if (d.Wants(2, 75)) {
    d.ChooseParameter(2, ZeroPoint(d.rng(), type, blocks.dims));
  } else if (d.rng().Percent(50)) {
    d.SetInt("output_dtype", static_cast<int64_t>(type));
  }
  SetBlocks(d, blocks);
  if (d.rng().Percent(15)) d.SetInt("saturate", d.rng().Between(0, 1));
}

void SampleDequantize(NodeDraft& d) {
  const ElementType type = d.rng().Of(QuantizedTypes(d.op(), 0));
  d.ChooseParameter(0, Codes(d.rng(), type, d.SomeDims(0, 4)));
  if (d.failed()) return;
  const Blocks blocks = DrawBlocks(d);
  const ElementType scale =
      d.rng().Of({ElementType::kFloat, ElementType::kFloat,
                  ElementType::kFloat16, ElementType::kBfloat16});
  d.ChooseParameter(1, Scales(d.rng(), scale, blocks.dims));
  if (d.Wants(2, 60)) {
    d.ChooseParameter(2, ZeroPoint(d.rng(), d.element(0), blocks.dims));
  }
  SetBlocks(d, blocks);
}

ElementType Byte(Rng& rng) {
  return rng.Of({ElementType::kInt8, ElementType::kUint8});
}

// Dims of two matrices that can be multiplied.
std::pair<TensorDims, TensorDims> MatMulDims(NodeDraft& d) {
  const int64_t k = d.rng().Between(1, 6);
  TensorDims a = {d.SomeDim(), k};
  TensorDims b = {k, d.SomeDim()};
  if (d.rng().Percent(40)) a.insert(a.begin(), d.rng().Between(1, 3));
  if (a.size() == 3 && d.rng().Percent(40)) b.insert(b.begin(), a[0]);
  return {a, b};
}

void SampleMatMulInteger(NodeDraft& d) {
  const auto [a, b] = MatMulDims(d);
  d.ChooseParameter(0, Codes(d.rng(), Byte(d.rng()), a));
  d.ChooseParameter(1, Codes(d.rng(), Byte(d.rng()), b));
  if (d.failed()) return;
  if (d.Wants(2)) d.ChooseParameter(2, ZeroPoint(d.rng(), d.element(0), {}));
  if (!d.Wants(3)) return;
  const bool by_column = d.rng().Percent(40);
  const TensorDims& from = d.dims(1);
  TensorDims dims;
  if (by_column && from.size() == 2) dims = {from[1]};
  if (by_column && from.size() == 3) dims = {from[0], 1, from[2]};
  d.ChooseParameter(3, ZeroPoint(d.rng(), d.element(1), dims));
}

void SampleQLinearMatMul(NodeDraft& d) {
  const auto [a, b] = MatMulDims(d);
  const ElementType output = Byte(d.rng());
  const bool by_column = b.size() == 2 && d.rng().Percent(30);
  const TensorDims columns = by_column ? TensorDims{b[1]} : TensorDims{};
  const ElementType scale =
      d.rng().Percent(85) ? ElementType::kFloat : ElementType::kFloat16;
  d.ChooseParameter(0, Codes(d.rng(), Byte(d.rng()), a));
  d.ChooseParameter(1, Scales(d.rng(), scale, {}, 0.1));
  d.ChooseParameter(3, Codes(d.rng(), Byte(d.rng()), b));
  if (d.failed()) return;
  d.ChooseParameter(2, ZeroPoint(d.rng(), d.element(0), {}));
  d.ChooseParameter(4, Scales(d.rng(), scale, columns, 0.1));
  d.ChooseParameter(5, ZeroPoint(d.rng(), d.element(3), columns));
  d.ChooseParameter(6, Scales(d.rng(), scale, {}));
  d.ChooseParameter(7, ZeroPoint(d.rng(), output, {}));
}

void SetWindow(NodeDraft& d, int64_t spatial, int64_t group) {
  const auto ints = [&](int64_t n, int64_t low, int64_t high) {
    Ints values(n);
    for (int64_t& value : values) value = d.rng().Between(low, high);
    return values;
  };
  if (d.rng().Percent(20)) {
    d.SetString("auto_pad", d.rng().Of<std::string_view>(
                                {"SAME_UPPER", "SAME_LOWER", "VALID"}));
  } else if (d.rng().Percent(50)) {
    d.SetInts("pads", ints(2 * spatial, 0, 1));
  }
  if (d.rng().Percent(30)) d.SetInts("strides", ints(spatial, 1, 2));
  if (d.rng().Percent(20)) d.SetInts("dilations", ints(spatial, 1, 2));
  if (group != 1) d.SetInt("group", group);
}

struct ConvDims {
  TensorDims data, weights;
  int64_t group = 1;
};

ConvDims DrawConv(NodeDraft& d) {
  ConvDims conv;
  conv.group = d.rng().Of({1, 1, 2});
  const int64_t channels = d.rng().Between(1, 3);
  conv.data = {d.rng().Between(1, 2), channels * conv.group};
  conv.weights = {d.rng().Between(1, 2) * conv.group, channels};
  const int64_t spatial = d.rng().Of({1, 2, 2, 2, 3});
  for (int64_t i = 0; i < spatial; ++i) {
    conv.data.push_back(d.rng().Between(3, 6));
    conv.weights.push_back(d.rng().Between(1, 3));
  }
  return conv;
}

void SampleConvInteger(NodeDraft& d) {
  const ConvDims conv = DrawConv(d);
  d.ChooseParameter(0, Codes(d.rng(), Byte(d.rng()), conv.data));
  d.ChooseParameter(1, Codes(d.rng(), Byte(d.rng()), conv.weights));
  if (d.failed()) return;
  if (d.Wants(2)) d.ChooseParameter(2, ZeroPoint(d.rng(), d.element(0), {}));
  if (d.Wants(3)) d.ChooseParameter(3, ZeroPoint(d.rng(), d.element(1), {}));
  SetWindow(d, static_cast<int64_t>(conv.data.size()) - 2, conv.group);
}

void SampleQLinearConv(NodeDraft& d) {
  const ConvDims conv = DrawConv(d);
  const bool by_channel = d.rng().Percent(40);
  const TensorDims channels =
      by_channel ? TensorDims{conv.weights[0]} : TensorDims{};
  const ElementType weights = Byte(d.rng());
  const ElementType output = Byte(d.rng());
  d.ChooseParameter(0, Codes(d.rng(), Byte(d.rng()), conv.data));
  if (d.failed()) return;
  d.ChooseParameter(1, Scales(d.rng(), ElementType::kFloat, {}, 0.1));
  d.ChooseParameter(2, ZeroPoint(d.rng(), d.element(0), {}));
  d.ChooseParameter(3, Codes(d.rng(), weights, conv.weights));
  d.ChooseParameter(4, Scales(d.rng(), ElementType::kFloat, channels, 0.1));
  // ONNX Runtime wants the same zero point for all channels.
  d.ChooseParameter(5, by_channel ? SplatOf(weights, channels, 0)
                                  : ZeroPoint(d.rng(), weights, channels));
  d.ChooseParameter(6, Scales(d.rng(), ElementType::kFloat, {}));
  d.ChooseParameter(7, ZeroPoint(d.rng(), output, {}));
  if (d.Wants(8)) {
    d.ChooseParameter(8,
                      Codes(d.rng(), ElementType::kInt32, {conv.weights[0]}));
  }
  SetWindow(d, static_cast<int64_t>(conv.data.size()) - 2, conv.group);
}

void SampleDynamicQuantize(NodeDraft& d) {
  d.Choose(0, d.SomeDims(0, 4));
  d.SetOutputs(3);
}

}  // namespace

SamplerList QuantizationSamplers() {
  return {
      {"QuantizeLinear"_op, SampleQuantize, 0, 4},
      {"DequantizeLinear"_op, SampleDequantize, 0, 4},
      {"MatMulInteger"_op, SampleMatMulInteger, 2, 3},
      {"QLinearMatMul"_op, SampleQLinearMatMul, 2, 3},
      {"ConvInteger"_op, SampleConvInteger, 3},
      {"QLinearConv"_op, SampleQLinearConv, 3},
      {"DynamicQuantizeLinear"_op, SampleDynamicQuantize, 0, 4},
  };
}

}  // namespace onnxopt::random_graphs
