// SPDX-License-Identifier: Apache-2.0
// Signals, images, text and random numbers.
#include <algorithm>

#include "passes/shape/families.h"

namespace onnxopt::shape {
namespace {

// The number of bins of a transform of `length` samples.
Dim Bins(const Dim& length, bool onesided) {
  if (!onesided) return length;
  return length.IsInteger() ? Dim(length.value() / 2 + 1) : Dim();
}

absl::Status Dft(InferenceContext& c) {
  std::optional<Shape> shape = c.shape(0);
  if (!shape || shape->empty()) {
    c.SetOutput(0, c.element(0), std::nullopt);
    return absl::OkStatus();
  }
  const bool onesided = c.attributes().Int("onesided", 0) != 0;
  const bool inverse = c.attributes().Int("inverse", 0) != 0;
  const std::optional<int64_t> given =
      c.HasInput(2) ? ScalarOf(c, 2) : std::optional<int64_t>(-2);
  const auto axis = given ? Normalize(*given, shape->size()) : std::nullopt;
  if (!axis || (onesided && inverse)) {
    c.SetOutput(0, c.element(0), UnknownShape(shape->size()));
    return absl::OkStatus();
  }
  Dim length = (*shape)[*axis];
  if (c.HasInput(1)) {
    const auto samples = ScalarOf(c, 1);
    length = samples ? Dim(*samples) : Dim();
  }
  (*shape)[*axis] = Bins(length, onesided);
  shape->back() = Dim(2);
  c.SetOutput(0, c.element(0), std::move(shape));
  return absl::OkStatus();
}

absl::Status Stft(InferenceContext& c) {
  const std::optional<Shape>& signal = c.shape(0);
  const auto step = ScalarOf(c, 1);
  std::optional<int64_t> frame;
  if (c.HasInput(3)) {
    frame = ScalarOf(c, 3);
  } else {
    frame = LengthOf(c, 2);
  }
  const Dim batch = signal && !signal->empty() ? (*signal)[0] : Dim();
  const Dim length = signal && signal->size() > 1 ? (*signal)[1] : Dim();
  Dim frames;
  if (step && *step > 0 && frame && *frame > 0 && length.IsInteger() &&
      length.value() >= *frame) {
    frames = Dim((length.value() - *frame) / *step + 1);
  }
  const Dim bins =
      Bins(frame ? Dim(*frame) : Dim(), c.attributes().Int("onesided", 1) != 0);
  c.SetOutput(0, c.element(0), Shape{batch, frames, bins, Dim(2)});
  return absl::OkStatus();
}

// BlackmanWindow, HammingWindow and HannWindow.
absl::Status SignalWindow(InferenceContext& c) {
  const auto size = ScalarOf(c, 0);
  c.SetOutput(0, ElementNamed(c, "output_datatype", ElementType::kFloat),
              Shape{size ? Dim(*size) : Dim()});
  return absl::OkStatus();
}

absl::Status MelWeightMatrix(InferenceContext& c) {
  const auto bins = ScalarOf(c, 0);
  const auto length = ScalarOf(c, 1);
  c.SetOutput(0, ElementNamed(c, "output_datatype", ElementType::kFloat),
              Shape{length && *length >= 0 ? Dim(*length / 2 + 1) : Dim(),
                    bins ? Dim(*bins) : Dim()});
  return absl::OkStatus();
}

absl::Status AffineGrid(InferenceContext& c) {
  const auto size = c.ints(1);
  const auto rank =
      size ? std::optional<int64_t>(size->size()) : LengthOf(c, 1);
  std::optional<Shape> shape;
  if (rank == 4 || rank == 5) {
    shape = UnknownShape(*rank);
    if (size) {
      (*shape)[0] = Dim((*size)[0]);
      for (int64_t i = 2; i < *rank; ++i) (*shape)[i - 1] = Dim((*size)[i]);
    }
    shape->back() = Dim(*rank - 2);
  }
  c.SetOutput(0, c.element(0), std::move(shape));
  return absl::OkStatus();
}

absl::Status CenterCropPad(InferenceContext& c) {
  std::optional<Shape> shape = c.shape(0);
  const auto sizes = c.ints(1);
  if (shape) {
    const auto* axes = c.attributes().Ints("axes");
    const size_t count = axes != nullptr ? axes->size() : shape->size();
    for (size_t i = 0; i < count; ++i) {
      const auto axis =
          Normalize(axes != nullptr ? (*axes)[i] : static_cast<int64_t>(i),
                    shape->size());
      if (!axis) return Invalid(c, "an axis is out of range");
      (*shape)[*axis] =
          sizes && sizes->size() == count ? Dim((*sizes)[i]) : Dim();
    }
  }
  c.SetOutput(0, c.element(0), std::move(shape));
  return absl::OkStatus();
}

absl::Status ImageDecoder(InferenceContext& c) {
  const bool gray = c.attributes().String("pixel_format", "RGB") == "Grayscale";
  c.SetOutput(0, ElementType::kUint8, Shape{Dim(), Dim(), Dim(gray ? 1 : 3)});
  return absl::OkStatus();
}

absl::Status StringNormalizer(InferenceContext& c) {
  std::optional<Shape> shape = c.shape(0);
  if (shape) {
    if (shape->empty()) return Invalid(c, "the input is a scalar");
    shape->back() = Dim();
  }
  c.SetOutput(0, ElementType::kString, std::move(shape));
  return absl::OkStatus();
}

absl::Status StringSplit(InferenceContext& c) {
  std::optional<Shape> pieces = c.shape(0);
  if (pieces) pieces->emplace_back();
  c.SetOutput(0, ElementType::kString, std::move(pieces));
  c.SetOutput(1, ElementType::kInt64, c.shape(0));
  return absl::OkStatus();
}

absl::Status TfIdfVectorizer(InferenceContext& c) {
  std::optional<Shape> shape = c.shape(0);
  if (shape) {
    if (shape->empty()) return Invalid(c, "the input is a scalar");
    const auto* indexes = c.attributes().Ints("ngram_indexes");
    Dim& last = shape->back();
    last = Dim();
    if (indexes != nullptr && !indexes->empty()) {
      last = Dim(*std::max_element(indexes->begin(), indexes->end())) + Dim(1);
    }
  }
  c.SetOutput(0, ElementType::kFloat, std::move(shape));
  return absl::OkStatus();
}

// RandomNormal and RandomUniform.
absl::Status Random(InferenceContext& c) {
  const auto* sizes = c.attributes().Ints("shape");
  std::optional<Shape> shape;
  if (sizes != nullptr) shape = Shape(sizes->begin(), sizes->end());
  c.SetOutput(0, ElementNamed(c, "dtype", ElementType::kFloat),
              std::move(shape));
  return absl::OkStatus();
}

absl::Status Multinomial(InferenceContext& c) {
  const std::optional<Shape>& input = c.shape(0);
  c.SetOutput(0, ElementNamed(c, "dtype", ElementType::kInt32),
              Shape{input && !input->empty() ? (*input)[0] : Dim(),
                    Dim(c.attributes().Int("sample_size", 1))});
  return absl::OkStatus();
}

}  // namespace

InferList SpecialFunctions() {
  return {
      {"AffineGrid"_op, AffineGrid},
      {"BlackmanWindow"_op, SignalWindow},
      {"CenterCropPad"_op, CenterCropPad},
      {"DFT"_op, Dft},
      {"HammingWindow"_op, SignalWindow},
      {"HannWindow"_op, SignalWindow},
      {"ImageDecoder"_op, ImageDecoder},
      {"MelWeightMatrix"_op, MelWeightMatrix},
      {"Multinomial"_op, Multinomial},
      {"RandomNormal"_op, Random},
      {"RandomUniform"_op, Random},
      {"STFT"_op, Stft},
      {"StringNormalizer"_op, StringNormalizer},
      {"StringSplit"_op, StringSplit},
      {"TfIdfVectorizer"_op, TfIdfVectorizer},
  };
}

}  // namespace onnxopt::shape
