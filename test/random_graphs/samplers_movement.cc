// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "test/random_graphs/samplers.h"

namespace onnxopt::random_graphs {
namespace {

using Ints = std::vector<int64_t>;

// Whether operand 0 is made by `op`, for choosing what undoes it.
const RandomNode* ProducerIs(const NodeDraft& d, OpId op) {
  const RandomNode* producer = d.Producer(0);
  return producer != nullptr && producer->op->id() == op ? producer : nullptr;
}

const Ints* IntsAttribute(const RandomNode& node, std::string_view name) {
  for (const Attribute& attribute : node.attributes) {
    if (attribute.name == name) return std::get_if<Ints>(&attribute.value);
  }
  return nullptr;
}

const int64_t* IntAttribute(const RandomNode& node, std::string_view name) {
  for (const Attribute& attribute : node.attributes) {
    if (attribute.name == name) return std::get_if<int64_t>(&attribute.value);
  }
  return nullptr;
}

// Some of 0 to n - 1, in any order.
Ints SomeOf(Rng& rng, int64_t n, int64_t count) {
  Ints all(n);
  std::iota(all.begin(), all.end(), 0);
  rng.Shuffle(all);
  all.resize(std::clamp<int64_t>(count, 0, n));
  return all;
}

Ints SignedAxes(NodeDraft& d, Ints axes, int64_t rank) {
  if (!d.rng().Percent(70)) {
    for (int64_t& axis : axes) axis = d.Signed(axis, rank);
  }
  return axes;
}

void SampleTranspose(NodeDraft& d) {
  d.Choose(0, d.SomeDims(d.rng().Percent(90) ? 2 : 0));
  if (d.failed() || d.rng().Percent(15)) return;
  Ints perm(d.rank(0));
  std::iota(perm.begin(), perm.end(), 0);
  const RandomNode* before = ProducerIs(d, "Transpose"_op);
  const Ints* undo = before ? IntsAttribute(*before, "perm") : nullptr;
  if (undo != nullptr && d.rng().Percent(20)) {
    for (size_t i = 0; i < perm.size(); ++i) perm[(*undo)[i]] = i;
  } else if (d.rng().Percent(80)) {
    d.rng().Shuffle(perm);
  }
  d.SetInts("perm", perm);
}

// A shape of `count` elements.
Ints Factors(NodeDraft& d, int64_t count) {
  if (count == 0) return {0, d.rng().Between(0, 3)};
  Ints shape;
  while (count > 1 && shape.size() < 4) {
    int64_t factor = d.rng().Percent(30) ? count : d.rng().Between(1, 6);
    if (count % factor != 0) factor = 1;
    shape.push_back(factor);
    count /= factor;
  }
  if (count > 1 || (shape.empty() && d.rng().Percent(50))) {
    shape.push_back(count);
  }
  d.rng().Shuffle(shape);
  return shape;
}

void SampleReshape(NodeDraft& d) {
  d.Choose(0, d.SomeDims());
  if (d.failed()) return;
  const bool same = d.rng().Percent(25);
  Ints shape = same ? d.dims(0) : Factors(d, d.tensor(0).num_elements());
  const bool allow_zero = d.rng().Percent(12);
  if (allow_zero) d.SetInt("allowzero", 1);
  if (!shape.empty() && d.rng().Percent(50)) {
    d.rng().Of<int64_t*>({&shape.front(), &shape.back()})[0] = -1;
  }
  for (size_t i = 0; !allow_zero && i < shape.size(); ++i) {
    if (i < d.dims(0).size() && shape[i] == d.dims(0)[i] &&
        d.rng().Percent(30)) {
      shape[i] = 0;
    }
  }
  d.ChooseInts(1, shape);
}

void SampleFlatten(NodeDraft& d) {
  d.Choose(0, d.SomeDims());
  if (d.failed() || d.rng().Percent(20)) return;
  d.SetInt("axis", d.rng().Between(-d.rank(0), d.rank(0)));
}

void SampleSqueeze(NodeDraft& d) {
  TensorDims dims = d.SomeDims();
  for (int64_t& dim : dims) {
    if (d.rng().Percent(40)) dim = 1;
  }
  d.Choose(0, dims);
  if (d.failed() || !d.Wants(1, 80)) return;
  const RandomNode* before = ProducerIs(d, "Unsqueeze"_op);
  if (before != nullptr && d.rng().Percent(50)) {
    return d.ChooseInts(1, d.IntsOf(before->inputs[1]));
  }
  Ints axes;
  for (int64_t i = 0; i < d.rank(0); ++i) {
    if (d.dims(0)[i] == 1 && d.rng().Percent(60)) axes.push_back(i);
  }
  d.rng().Shuffle(axes);
  d.ChooseInts(1, SignedAxes(d, axes, d.rank(0)));
}

void SampleUnsqueeze(NodeDraft& d) {
  d.Choose(0, d.SomeDims(0, 3));
  if (d.failed()) return;
  const int64_t count = d.rng().Between(0, 5 - std::min<int64_t>(5, d.rank(0)));
  const int64_t rank = d.rank(0) + std::min<int64_t>(count, 2);
  Ints axes = SomeOf(d.rng(), rank, rank - d.rank(0));
  if (d.rng().Percent(60)) std::sort(axes.begin(), axes.end());
  d.ChooseInts(1, SignedAxes(d, axes, rank));
}

void SampleExpand(NodeDraft& d) {
  d.Choose(0, d.SomeDims());
  if (d.failed()) return;
  const int kind = static_cast<int>(d.rng().Between(0, 3));
  Ints shape = kind == 0   ? d.dims(0)
               : kind == 1 ? Ints(d.rng().Between(0, d.rank(0)), 1)
                           : d.BroadcastableWith(d.dims(0));
  d.ChooseInts(1, shape);
}

void SampleTile(NodeDraft& d) {
  d.Choose(0, d.SomeDims());
  if (d.failed()) return;
  Ints repeats(d.rank(0), 1);
  if (d.rng().Percent(60)) {
    for (int64_t& repeat : repeats) repeat = d.rng().Of({0, 1, 1, 1, 2, 2, 3});
  }
  d.ChooseInts(1, repeats);
}

void SampleConcat(NodeDraft& d) {
  TensorDims dims = d.SomeDims(1);
  for (int i = 0; i < d.size(); ++i) {
    if (d.Has(i)) dims = d.dims(i);
  }
  const auto rank = static_cast<int64_t>(dims.size());
  const int64_t axis = d.SomeAxis(rank);
  // All parts of a Split in order make it whole again.
  const RandomNode* split = ProducerIs(d, "Split"_op);
  if (split != nullptr && d.open_ended() && d.rng().Percent(50)) {
    for (size_t i = 1; i < split->outputs.size(); ++i) {
      d.ChooseValue(static_cast<int>(i), split->outputs[i]);
    }
    const int64_t* same = IntAttribute(*split, "axis");
    return d.SetInt("axis", d.rng().Percent(25) ? axis
                            : same != nullptr   ? *same
                                                : 0);
  }
  const int64_t extra = d.open_ended() ? d.rng().Between(1, 3) : 0;
  const auto count = static_cast<int>(d.size() + extra);
  for (int i = 0; i < count; ++i) {
    if (rank > 0) dims[axis < 0 ? axis + rank : axis] = d.SomeDim();
    if (d.May(i) && d.rng().Percent(25)) {
      d.ChooseMade(i, d.op(), dims);
    } else {
      d.Choose(i, dims);
    }
  }
  d.SetInt("axis", axis);
}

void SampleSplit(NodeDraft& d) {
  const int64_t parts =
      std::max<int64_t>(d.num_outputs(), d.rng().Of({1, 1, 2, 2, 3}));
  TensorDims dims = d.SomeDims(1);
  int64_t axis = d.rng().Between(0, static_cast<int64_t>(dims.size()) - 1);
  if (!d.Has(0) && d.rng().Percent(60)) {
    dims[axis] = parts * d.rng().Between(1, 2);
  }
  d.Choose(0, dims);
  if (d.failed() || d.rank(0) == 0) return d.Fail();
  axis = std::min(axis, d.rank(0) - 1);
  if (axis > 0 || d.rng().Percent(50)) {
    d.SetInt("axis", d.Signed(axis, d.rank(0)));
  }
  if (d.Wants(1)) {
    Ints sizes(parts, 0);
    for (int64_t i = 0; i < d.dims(0)[axis]; ++i)
      ++d.rng().Of<int64_t*>({&sizes.front(), &sizes.back()})[0];
    d.ChooseInts(1, sizes);
  } else {
    d.SetInt("num_outputs", parts);
  }
  d.SetOutputs(static_cast<int>(parts));
}

void SampleSlice(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1));
  if (d.failed()) return;
  const bool has_axes = d.Wants(3, 70);
  const int64_t count = d.rng().Between(0, std::min<int64_t>(d.rank(0), 2));
  const Ints axes = has_axes ? SomeOf(d.rng(), d.rank(0), count) : [&] {
    Ints first(count);
    std::iota(first.begin(), first.end(), 0);
    return first;
  }();
  const bool whole = d.rng().Percent(20);
  const bool has_steps = d.Wants(4, 40);
  Ints starts, ends, steps;
  for (const int64_t axis : axes) {
    const int64_t dim = d.dims(0)[axis];
    starts.push_back(whole || d.rng().Percent(30) ? 0
                                                  : d.rng().Between(-dim, dim));
    ends.push_back(whole || d.rng().Percent(25)
                       ? d.rng().Of<int64_t>({dim, INT32_MAX, INT64_MAX})
                       : d.rng().Between(-dim, dim));
    steps.push_back(d.rng().Of({1, 1, 1, 1, 2, -1, -2}));
    if (steps.back() < 0 && has_steps && d.rng().Percent(70)) {
      starts.back() = d.rng().Of<int64_t>({-1, dim, INT64_MAX});
      ends.back() = d.rng().Of<int64_t>({INT64_MIN, -dim - 1, 0});
    }
  }
  d.ChooseInts(1, starts);
  d.ChooseInts(2, ends);
  if (has_axes) d.ChooseInts(3, SignedAxes(d, axes, d.rank(0)));
  if (has_steps) d.ChooseInts(4, steps);
}

void SamplePad(NodeDraft& d) {
  d.Choose(0, d.SomeDims());
  if (d.failed()) return;
  const bool has_axes = d.Wants(3, 30);
  Ints axes = SomeOf(d.rng(), d.rank(0), d.rng().Between(0, d.rank(0)));
  const auto count = has_axes ? static_cast<int64_t>(axes.size()) : d.rank(0);
  Ints pads(2 * count, 0);
  // Those before convolutions leave batch and channels alone.
  const bool spatial = d.rng().Percent(50);
  const bool zero = d.rng().Percent(15);
  const bool crops = d.rng().Percent(12);
  for (int64_t i = 0; i < 2 * count; ++i) {
    const int64_t axis = has_axes ? axes[i % count] : i % count;
    if (zero || (spatial && axis < 2)) continue;
    pads[i] = d.rng().Between(crops ? -1 : 0, 2);
  }
  d.ChooseInts(1, pads);
  if (d.Wants(2)) {
    const double number =
        d.rng().Of({0.0, 0.0, 1.0, -std::numeric_limits<double>::infinity()});
    const ElementType element = d.ElementFor(2);
    d.ChooseParameter(2, SplatOf(element, {}, number));
  }
  if (has_axes) d.ChooseInts(3, SignedAxes(d, axes, d.rank(0)));
  if (d.rng().Percent(25)) {
    d.SetString("mode", d.rng().Of<std::string_view>(
                            {"constant", "reflect", "edge", "wrap"}));
  }
}

void SampleGather(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1));
  if (d.failed() || d.rank(0) == 0) return d.Fail();
  const int64_t axis = d.rng().Between(0, d.rank(0) - 1);
  const int64_t dim = d.dims(0)[axis];
  if (dim == 0) return d.Fail();
  TensorDims dims(d.rng().Of({0, 1, 1, 1, 2}), 1);
  for (int64_t& n : dims) n = d.rng().Between(1, 4);
  std::vector<double> indices(*NumElements(dims));
  const bool identity = dims.size() == 1 && d.rng().Percent(25);
  if (identity) {
    dims[0] = dim;
    indices.resize(dim);
  }
  for (size_t i = 0; i < indices.size(); ++i) {
    indices[i] = static_cast<double>(identity ? static_cast<int64_t>(i)
                                              : d.rng().Between(-dim, dim - 1));
  }
  d.ChooseParameter(
      1, TensorOf(d.rng().Of({ElementType::kInt64, ElementType::kInt64,
                              ElementType::kInt32}),
                  dims, indices));
  if (axis > 0 || d.rng().Percent(50)) {
    d.SetInt("axis", d.Signed(axis, d.rank(0)));
  }
}

void SampleBlocks(NodeDraft& d) {
  const int64_t block = d.rng().Between(1, 2);
  const bool to_space = d.op().id() == "DepthToSpace"_op;
  TensorDims dims = {d.rng().Between(1, 2), d.rng().Between(1, 2),
                     d.rng().Between(1, 3), d.rng().Between(1, 3)};
  if (to_space) dims[1] *= block * block;
  if (!to_space) dims[2] *= block, dims[3] *= block;
  d.Choose(0, dims);
  d.SetInt("blocksize", block);
  if (to_space && d.rng().Percent(50)) {
    d.SetString("mode", d.rng().Percent(50) ? "CRD" : "DCR");
  }
}

void SampleTrilu(NodeDraft& d) {
  d.Choose(0, d.SomeDims(2));
  if (d.Wants(1)) {
    d.ChooseParameter(1,
                      TensorOf(ElementType::kInt64, {},
                               {static_cast<double>(d.rng().Between(-2, 2))}));
  }
  if (d.rng().Percent(50)) d.SetInt("upper", d.rng().Between(0, 1));
}

void SampleCenterCropPad(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1));
  if (d.failed()) return;
  Ints shape;
  for (int64_t i = 0; i < d.rank(0); ++i)
    shape.push_back(d.rng().Between(1, 5));
  d.ChooseInts(1, shape);
}

}  // namespace

SamplerList MovementSamplers() {
  return {
      {"Transpose"_op, SampleTranspose},
      {"Reshape"_op, SampleReshape},
      {"Flatten"_op, SampleFlatten},
      {"Squeeze"_op, SampleSqueeze},
      {"Unsqueeze"_op, SampleUnsqueeze, 0, 3},
      {"Expand"_op, SampleExpand},
      {"Tile"_op, SampleTile},
      {"Concat"_op, SampleConcat, 1},
      {"Split"_op, SampleSplit, 1},
      {"Slice"_op, SampleSlice, 1},
      {"Pad"_op, SamplePad},
      {"Gather"_op, SampleGather, 1},
      {"DepthToSpace"_op, SampleBlocks, 4, 4},
      {"SpaceToDepth"_op, SampleBlocks, 4, 4},
      {"Trilu"_op, SampleTrilu, 2},
      {"CenterCropPad"_op, SampleCenterCropPad, 1},
  };
}

}  // namespace onnxopt::random_graphs
