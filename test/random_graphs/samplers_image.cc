// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "test/random_graphs/samplers.h"

namespace onnxopt::random_graphs {
namespace {

using Ints = std::vector<int64_t>;

// No value where interpolation jumps is likelier than another.
TensorRef Fractions(Rng& rng, ElementType type, const TensorDims& dims,
                    double low, double high) {
  std::vector<double> numbers(*NumElements(dims));
  for (double& number : numbers) {
    number =
        low + (high - low) * static_cast<double>(rng.Between(1, 1008)) / 1009;
  }
  return TensorOf(type, dims, numbers);
}

TensorDims Image(NodeDraft& d, int64_t spatial) {
  TensorDims dims = {d.rng().Between(1, 2), d.rng().Between(1, 3)};
  for (int64_t i = 0; i < spatial; ++i) dims.push_back(d.rng().Between(2, 6));
  return dims;
}

// Types of floats in other precisions lose where a sample lies.
ElementType GridType(NodeDraft& d, int i) {
  return d.rng().Percent(80) && Allows(d.op(), i, ElementType::kFloat)
             ? ElementType::kFloat
             : d.ElementFor(i);
}

void SampleGridSample(NodeDraft& d) {
  const int64_t spatial = d.rng().Percent(75) ? 2 : 3;
  d.Choose(0, Image(d, spatial), Numbers::kFinite, GridType(d, 0));
  if (d.failed()) return;
  TensorDims grid = {d.dims(0)[0]};
  for (int64_t i = 0; i < spatial; ++i) grid.push_back(d.rng().Between(1, 4));
  grid.push_back(spatial);
  d.ChooseParameter(1, Fractions(d.rng(), d.element(0), grid, -1.4, 1.4));
  if (d.rng().Percent(70)) {
    d.SetString(
        "mode",
        spatial == 3
            ? d.rng().Of<std::string_view>({"linear", "nearest"})
            : d.rng().Of<std::string_view>({"linear", "nearest", "cubic"}));
  }
  if (d.rng().Percent(70)) {
    d.SetString("padding_mode", d.rng().Of<std::string_view>(
                                    {"zeros", "border", "reflection"}));
  }
  if (d.rng().Percent(50)) d.SetInt("align_corners", d.rng().Between(0, 1));
}

void SampleAffineGrid(NodeDraft& d) {
  const int64_t spatial = d.rng().Percent(60) ? 2 : 3;
  const int64_t batch = d.rng().Between(1, 2);
  d.Choose(0, {batch, spatial, spatial + 1}, Numbers::kFinite);
  Ints size = {batch, d.rng().Between(1, 3)};
  const bool align = d.rng().Percent(40);
  // Where the only element of an axis is, if both ends are, nobody says.
  for (int64_t i = 0; i < spatial; ++i) {
    size.push_back(d.rng().Between(align ? 2 : 1, 4));
  }
  d.ChooseInts(1, size);
  if (align || d.rng().Percent(50)) d.SetInt("align_corners", align ? 1 : 0);
}

TensorRef Regions(NodeDraft& d, ElementType type, int64_t count, bool batch) {
  std::vector<double> numbers;
  for (int64_t i = 0; i < count; ++i) {
    if (batch) {
      numbers.push_back(
          static_cast<double>(d.rng().Between(0, d.dims(0)[0] - 1)));
    }
    const double x = static_cast<double>(d.rng().Between(-64, 500)) / 101;
    const double y = static_cast<double>(d.rng().Between(-64, 500)) / 101;
    numbers.insert(
        numbers.end(),
        {x, y, x + static_cast<double>(d.rng().Between(1, 500)) / 103,
         y + static_cast<double>(d.rng().Between(1, 500)) / 103});
  }
  return TensorOf(type, {count, batch ? 5 : 4}, numbers);
}

void SampleRoiAlign(NodeDraft& d) {
  d.Choose(0, Image(d, 2), Numbers::kFinite, GridType(d, 0));
  if (d.failed()) return;
  const int64_t count = d.rng().Between(1, 3);
  d.ChooseParameter(1, Regions(d, d.element(0), count, false));
  Ints batches(count);
  for (int64_t& i : batches) i = d.rng().Between(0, d.dims(0)[0] - 1);
  d.ChooseInts(2, batches);
  if (d.rng().Percent(60)) {
    d.SetString("mode", d.rng().Percent(50) ? "avg" : "max");
  }
  if (d.rng().Percent(60)) {
    d.SetString("coordinate_transformation_mode",
                d.rng().Percent(50) ? "half_pixel" : "output_half_pixel");
  }
  d.SetInt("output_height", d.rng().Between(1, 3));
  d.SetInt("output_width", d.rng().Between(1, 3));
  if (d.rng().Percent(60)) d.SetInt("sampling_ratio", d.rng().Between(0, 3));
  if (d.rng().Percent(50)) {
    d.SetFloat("spatial_scale", d.rng().Of({1.0F, 0.5F, 0.7F}));
  }
}

void SampleMaxRoiPool(NodeDraft& d) {
  d.Choose(0, Image(d, 2), Numbers::kFinite, GridType(d, 0));
  if (d.failed()) return;
  d.ChooseParameter(
      1, Regions(d, d.element(0), d.rng().Between(1, 3), /*batch=*/true));
  d.SetInts("pooled_shape", {d.rng().Between(1, 3), d.rng().Between(1, 3)});
  if (d.rng().Percent(50)) {
    d.SetFloat("spatial_scale", d.rng().Of({1.0F, 0.5F, 0.7F}));
  }
}

void SampleMaxUnpool(NodeDraft& d) {
  const int64_t spatial = d.rng().Of({1, 2, 2, 3});
  d.Choose(0, Image(d, spatial));
  if (d.failed()) return;
  Ints kernel(spatial), strides(spatial);
  int64_t area = 1;
  for (int64_t i = 0; i < spatial; ++i) {
    kernel[i] = d.rng().Between(1, 3);
    strides[i] = d.rng().Between(1, 2);
    area *= (d.dims(0)[i + 2] - 1) * strides[i] + kernel[i];
  }
  // Each maximum to a place of its own in its channel.
  const int64_t count = d.tensor(0).num_elements();
  const int64_t channels = d.dims(0)[0] * d.dims(0)[1];
  const int64_t each = count / channels;
  if (each > area) return d.Fail();
  std::vector<double> places;
  for (int64_t c = 0; c < channels; ++c) {
    std::vector<double> all(area);
    std::iota(all.begin(), all.end(), static_cast<double>(c * area));
    d.rng().Shuffle(all);
    places.insert(places.end(), all.begin(), all.begin() + each);
  }
  d.ChooseParameter(1, TensorOf(ElementType::kInt64, d.dims(0), places));
  d.SetInts("kernel_shape", kernel);
  d.SetInts("strides", strides);
}

void SampleNonMaxSuppression(NodeDraft& d) {
  const int64_t batches = d.rng().Between(1, 2);
  const int64_t boxes = d.rng().Between(1, 6);
  const int64_t classes = d.rng().Between(1, 3);
  const bool center = d.rng().Percent(40);
  std::vector<double> numbers;
  for (int64_t i = 0; i < batches * boxes; ++i) {
    const double y = static_cast<double>(d.rng().Between(0, 100)) / 25;
    const double x = static_cast<double>(d.rng().Between(0, 100)) / 25;
    const double h = static_cast<double>(d.rng().Between(1, 100)) / 33;
    const double w = static_cast<double>(d.rng().Between(1, 100)) / 33;
    const bool flipped = !center && d.rng().Percent(30);
    numbers.insert(numbers.end(), {flipped ? y + h : y, x,
                                   center    ? w
                                   : flipped ? y
                                             : y + h,
                                   center ? h : x + w});
  }
  d.ChooseParameter(
      0, TensorOf(ElementType::kFloat, {batches, boxes, 4}, numbers));
  d.ChooseParameter(1, Fractions(d.rng(), ElementType::kFloat,
                                 {batches, classes, boxes}, 0, 1));
  if (d.Wants(2, 80)) d.ChooseInts(2, {d.rng().Between(0, 4)});
  if (d.Wants(3, 60)) {
    d.ChooseParameter(3, Fractions(d.rng(), ElementType::kFloat, {1}, 0, 1));
  }
  if (d.Wants(4, 50)) {
    d.ChooseParameter(4, Fractions(d.rng(), ElementType::kFloat, {1}, 0, 0.7));
  }
  if (center || d.rng().Percent(40)) d.SetInt("center_point_box", center);
}

void SampleCol2Im(NodeDraft& d) {
  const int64_t spatial = d.rng().Of({1, 2, 2, 3});
  Ints image, block, dilations, pads(2 * spatial), strides;
  int64_t area = 1, places = 1;
  for (int64_t i = 0; i < spatial; ++i) {
    image.push_back(d.rng().Between(3, 6));
    block.push_back(d.rng().Between(1, 3));
    dilations.push_back(block[i] < 3 ? d.rng().Between(1, 2) : 1);
    strides.push_back(d.rng().Between(1, 2));
    for (const int64_t k : {i, i + spatial}) pads[k] = d.rng().Between(0, 1);
    area *= block[i];
    const int64_t room =
        image[i] + pads[i] + pads[i + spatial] - dilations[i] * (block[i] - 1);
    if (room < 1) return d.Fail();
    places *= (room - 1) / strides[i] + 1;
  }
  d.Choose(0, {d.rng().Between(1, 2), d.rng().Between(1, 2) * area, places},
           Numbers::kFinite);
  d.ChooseInts(1, image);
  d.ChooseInts(2, block);
  d.SetInts("dilations", dilations);
  d.SetInts("pads", pads);
  d.SetInts("strides", strides);
}

void SampleDeformConv(NodeDraft& d) {
  const int64_t group = d.rng().Of({1, 1, 2});
  const int64_t offset_group = d.rng().Of({1, 1, 2});
  TensorDims data = Image(d, 2);
  data[1] = 2 * d.rng().Between(1, 2);
  d.Choose(0, data, Numbers::kFinite, GridType(d, 0));
  if (d.failed()) return;
  TensorDims weights = {group * d.rng().Between(1, 2), data[1] / group};
  TensorDims places;
  Ints pads(4), strides(2), dilations(2);
  for (int64_t i = 0; i < 2; ++i) {
    weights.push_back(d.rng().Between(1, 2));
    strides[i] = d.rng().Between(1, 2);
    dilations[i] = d.rng().Between(1, 2);
    for (const int64_t k : {i, i + 2}) pads[k] = d.rng().Between(0, 1);
    const int64_t room = data[i + 2] + pads[i] + pads[i + 2] -
                         dilations[i] * (weights[i + 2] - 1);
    if (room < 1) return d.Fail();
    places.push_back((room - 1) / strides[i] + 1);
  }
  d.Choose(1, weights, Numbers::kFinite);
  const int64_t taps = offset_group * weights[2] * weights[3];
  d.ChooseParameter(
      2, Fractions(d.rng(), d.element(0),
                   {data[0], 2 * taps, places[0], places[1]}, -2, 2));
  if (d.Wants(3)) d.Choose(3, {weights[0]});
  if (d.Wants(4)) {
    d.ChooseParameter(4,
                      Fractions(d.rng(), d.element(0),
                                {data[0], taps, places[0], places[1]}, 0, 1));
  }
  d.SetInts("pads", pads);
  d.SetInts("strides", strides);
  d.SetInts("dilations", dilations);
  if (group != 1) d.SetInt("group", group);
  if (offset_group != 1) d.SetInt("offset_group", offset_group);
}

}  // namespace

SamplerList ImageSamplers() {
  return {
      {"GridSample"_op, SampleGridSample, 4},
      {"AffineGrid"_op, SampleAffineGrid, 3, 3},
      {"RoiAlign"_op, SampleRoiAlign, 4, 4},
      {"MaxRoiPool"_op, SampleMaxRoiPool, 4, 4},
      {"MaxUnpool"_op, SampleMaxUnpool, 3},
      {"NonMaxSuppression"_op, SampleNonMaxSuppression, 3, 3},
      {"Col2Im"_op, SampleCol2Im, 3, 3},
      {"DeformConv"_op, SampleDeformConv, 4, 4},
  };
}

}  // namespace onnxopt::random_graphs
