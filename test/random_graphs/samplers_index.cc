// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "test/random_graphs/samplers.h"

namespace onnxopt::random_graphs {
namespace {

using Ints = std::vector<int64_t>;

TensorRef IndexTensor(NodeDraft& d, int i, const TensorDims& dims,
                      const Ints& indices) {
  const bool narrow =
      Allows(d.op(), i, ElementType::kInt32) && d.rng().Percent(40);
  return TensorOf(narrow ? ElementType::kInt32 : ElementType::kInt64, dims,
                  {indices.begin(), indices.end()});
}

// As `dims`, but no larger, and of any size along `axis`.
TensorDims PartOf(NodeDraft& d, TensorDims dims, int64_t axis,
                  int64_t largest) {
  for (size_t i = 0; i < dims.size(); ++i) {
    if (static_cast<int64_t>(i) == axis) {
      dims[i] = d.rng().Between(dims[i] == 0 ? 0 : 1, largest);
    } else if (d.rng().Percent(30)) {
      dims[i] = d.rng().Between(std::min<int64_t>(1, dims[i]), dims[i]);
    }
  }
  return dims;
}

void SampleGatherElements(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1));
  if (d.failed() || d.rank(0) == 0) return d.Fail();
  const int64_t axis = d.rng().Between(0, d.rank(0) - 1);
  const int64_t dim = d.dims(0)[axis];
  const TensorDims dims = PartOf(d, d.dims(0), axis, dim + 2);
  Ints indices(*NumElements(dims));
  if (dim == 0 && !indices.empty()) return d.Fail();
  for (int64_t& index : indices) index = d.rng().Between(-dim, dim - 1);
  d.ChooseParameter(1, IndexTensor(d, 1, dims, indices));
  if (axis > 0 || d.rng().Percent(50)) {
    d.SetInt("axis", d.Signed(axis, d.rank(0)));
  }
}

void SampleScatterElements(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1));
  if (d.failed() || d.rank(0) == 0) return d.Fail();
  const bool reduces =
      d.element(0) != ElementType::kBool && d.rng().Percent(60);
  const int64_t axis = d.rng().Between(0, d.rank(0) - 1);
  const int64_t dim = d.dims(0)[axis];
  const TensorDims dims = PartOf(d, d.dims(0), axis, reduces ? dim + 2 : dim);
  Ints indices(*NumElements(dims));
  if (dim == 0 && !indices.empty()) return d.Fail();
  // Which of two updates of one element stays is not defined.
  Ints distinct(dim);
  std::iota(distinct.begin(), distinct.end(), 0);
  d.rng().Shuffle(distinct);
  int64_t inner = 1;
  for (int64_t i = axis + 1; i < d.rank(0); ++i) inner *= dims[i];
  for (size_t i = 0; i < indices.size(); ++i) {
    const int64_t place = static_cast<int64_t>(i) / inner % dims[axis];
    indices[i] =
        d.Signed(reduces ? d.rng().Between(0, dim - 1) : distinct[place], dim);
  }
  d.ChooseParameter(1, IndexTensor(d, 1, dims, indices));
  d.Choose(2, dims);
  if (axis > 0 || d.rng().Percent(50)) {
    d.SetInt("axis", d.Signed(axis, d.rank(0)));
  }
  if (reduces) {
    d.SetString("reduction",
                d.rng().Of<std::string_view>({"add", "mul", "min", "max"}));
  }
}

// All index tuples into the dims, in any order.
std::vector<Ints> Tuples(Rng& rng, const TensorDims& dims) {
  std::vector<Ints> all = {{}};
  for (const int64_t dim : dims) {
    std::vector<Ints> longer;
    for (const Ints& tuple : all) {
      for (int64_t i = 0; i < dim; ++i) {
        longer.push_back(tuple);
        longer.back().push_back(i);
      }
    }
    all = std::move(longer);
  }
  rng.Shuffle(all);
  return all;
}

void SampleGatherNd(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1));
  if (d.failed() || d.rank(0) == 0) return d.Fail();
  const int64_t batch =
      d.rng().Percent(40) ? d.rng().Between(0, d.rank(0) - 1) : 0;
  const int64_t depth = d.rng().Between(1, d.rank(0) - batch);
  TensorDims dims(d.dims(0).begin(), d.dims(0).begin() + batch);
  const int64_t more = d.rng().Between(0, 2);
  for (int64_t i = 0; i < more; ++i) dims.push_back(d.rng().Between(1, 3));
  dims.push_back(depth);
  Ints indices(*NumElements(dims));
  for (size_t i = 0; i < indices.size(); ++i) {
    const int64_t dim = d.dims(0)[batch + static_cast<int64_t>(i) % depth];
    if (dim == 0) return d.Fail();
    indices[i] = d.rng().Between(-dim, dim - 1);
  }
  d.ChooseParameter(1, IndexTensor(d, 1, dims, indices));
  if (batch > 0 || d.rng().Percent(30)) d.SetInt("batch_dims", batch);
}

void SampleScatterNd(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1));
  if (d.failed() || d.rank(0) == 0) return d.Fail();
  const bool reduces =
      d.element(0) != ElementType::kBool && d.rng().Percent(60);
  const int64_t depth = d.rng().Between(1, d.rank(0));
  const TensorDims indexed(d.dims(0).begin(), d.dims(0).begin() + depth);
  const std::vector<Ints> tuples = Tuples(d.rng(), indexed);
  if (tuples.empty()) return d.Fail();
  TensorDims dims;
  const int64_t more = d.rng().Between(0, 2);
  for (int64_t i = 0; i < more; ++i) dims.push_back(d.rng().Between(1, 3));
  const auto count = static_cast<size_t>(*NumElements(dims));
  if (!reduces && count > tuples.size()) return d.Fail();
  Ints indices;
  for (size_t i = 0; i < count; ++i) {
    const Ints& tuple = reduces ? d.rng().Of(tuples) : tuples[i];
    for (int64_t k = 0; k < depth; ++k) {
      indices.push_back(d.Signed(tuple[k], indexed[k]));
    }
  }
  TensorDims updates = dims;
  updates.insert(updates.end(), d.dims(0).begin() + depth, d.dims(0).end());
  dims.push_back(depth);
  d.ChooseParameter(1, IndexTensor(d, 1, dims, indices));
  d.Choose(2, updates);
  if (reduces) {
    d.SetString("reduction",
                d.rng().Of<std::string_view>({"add", "mul", "min", "max"}));
  }
}

void SampleTensorScatter(NodeDraft& d) {
  d.Choose(0, d.SomeDims(3, 4));
  if (d.failed() || d.rank(0) < 3) return d.Fail();
  const int64_t axis = d.rng().Between(1, d.rank(0) - 1);
  const int64_t dim = d.dims(0)[axis];
  TensorDims update = d.dims(0);
  update[axis] = d.rng().Between(std::min<int64_t>(1, dim), dim);
  d.Choose(1, update);
  const bool circular = d.rng().Percent(40);
  if (d.Wants(2, 70)) {
    Ints starts(d.dims(0)[0]);
    for (int64_t& start : starts) {
      start = d.rng().Between(
          0, circular ? std::max<int64_t>(0, dim - 1) : dim - update[axis]);
    }
    d.ChooseInts(2, starts);
  }
  d.SetInt("axis", d.Signed(axis, d.rank(0)));
  if (circular) d.SetString("mode", "circular");
}

void SampleOneHot(NodeDraft& d) {
  const auto type = [&](int i) {
    return d.rng().Percent(85)
               ? d.rng().Of({ElementType::kInt64, ElementType::kFloat})
               : d.rng().Of(AllowedTypes(d.op(), i));
  };
  // Whole numbers: what becomes of others that are negative depends on whether
  // the depth is added before or after the cast to int64.
  const TensorDims dims = d.SomeDims(1, 3);
  const ElementType index = type(0);
  const int64_t low = IsFloat(index) || index == ElementType::kInt64 ? -7 : 0;
  std::vector<double> indices(*NumElements(dims));
  for (double& i : indices) i = static_cast<double>(d.rng().Between(low, 7));
  d.ChooseParameter(0, TensorOf(index, dims, indices));
  d.ChooseParameter(
      1, SplatOf(type(1), d.rng().Percent(50) ? TensorDims{} : TensorDims{1},
                 static_cast<double>(d.rng().Between(1, 6))));
  d.Choose(2, {2}, std::nullopt, type(2));
  if (d.failed()) return;
  if (d.rng().Percent(60)) d.SetInt("axis", d.SomeAxis(d.rank(0) + 1));
}

void SampleTopK(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1));
  if (d.failed() || d.rank(0) == 0) return d.Fail();
  const int64_t axis = d.rng().Between(0, d.rank(0) - 1);
  const int64_t dim = d.dims(0)[axis];
  d.ChooseInts(1, {d.rng().Between(std::min<int64_t>(1, dim), dim)});
  if (axis + 1 < d.rank(0) || d.rng().Percent(50)) {
    d.SetInt("axis", d.Signed(axis, d.rank(0)));
  }
  if (d.rng().Percent(50)) d.SetInt("largest", d.rng().Between(0, 1));
  d.SetOutputs(2);
}

void SampleUnique(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1));
  if (d.failed()) return;
  if (d.rng().Percent(60)) d.SetInt("axis", d.SomeAxis(d.rank(0)));
  if (d.rng().Percent(60)) d.SetInt("sorted", d.rng().Between(0, 1));
  d.SetOutputs(static_cast<int>(d.rng().Between(1, 4)));
}

void SampleNonZero(NodeDraft& d) { d.Choose(0, d.SomeDims()); }

void SampleCompress(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1));
  if (d.failed() || d.rank(0) == 0) return d.Fail();
  const bool flat = d.rng().Percent(40);
  const int64_t axis = d.rng().Between(0, d.rank(0) - 1);
  const int64_t length = flat ? d.tensor(0).num_elements() : d.dims(0)[axis];
  d.Choose(1, {d.rng().Percent(60) ? length : d.rng().Between(0, length)});
  if (!flat) d.SetInt("axis", d.Signed(axis, d.rank(0)));
}

void SampleReverseSequence(NodeDraft& d) {
  d.Choose(0, d.SomeDims(2));
  if (d.failed() || d.rank(0) < 2) return d.Fail();
  const int64_t batch = d.rng().Between(0, 1);
  const int64_t time = d.dims(0)[1 - batch];
  if (time == 0) return d.Fail();
  Ints lengths(d.dims(0)[batch]);
  for (int64_t& length : lengths) length = d.rng().Between(1, time);
  d.ChooseInts(1, lengths);
  if (batch == 0 || d.rng().Percent(50)) {
    d.SetInt("batch_axis", batch);
    d.SetInt("time_axis", 1 - batch);
  }
}

}  // namespace

SamplerList IndexSamplers() {
  return {
      {"GatherElements"_op, SampleGatherElements, 1},
      {"GatherND"_op, SampleGatherNd, 1},
      {"ScatterElements"_op, SampleScatterElements, 1},
      {"ScatterND"_op, SampleScatterNd, 1},
      {"TensorScatter"_op, SampleTensorScatter, 3},
      {"OneHot"_op, SampleOneHot, 1, 3},
      {"TopK"_op, SampleTopK, 1},
      {"Unique"_op, SampleUnique, 1},
      {"NonZero"_op, SampleNonZero},
      {"Compress"_op, SampleCompress, 1},
      {"ReverseSequence"_op, SampleReverseSequence, 2},
  };
}

}  // namespace onnxopt::random_graphs
