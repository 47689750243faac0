// SPDX-License-Identifier: Apache-2.0
// DFT, STFT, windows, MelWeightMatrix. Transforms are plain sums in order.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "eval/families.h"
#include "eval/numbers.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

using Outputs = absl::StatusOr<std::vector<TensorRef>>;

constexpr double kTurn = 2 * std::numbers::pi;
// A sum takes the square of the length.
constexpr int64_t kMaxTransform = 1 << 16;

absl::StatusOr<int64_t> IntegerScalar(const Tensor& tensor) {
  ASSIGN_OR_RETURN(const std::vector<int64_t> values, IntegersOf(tensor));
  if (values.size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("a scalar is needed, not ", tensor.TypeString()));
  }
  return values[0];
}

struct Complex {
  double real = 0;
  double imaginary = 0;
};

// The transform of `length` numbers.
class Transform {
 public:
  static absl::StatusOr<Transform> Of(int64_t length, bool inverse) {
    if (length < 1 || length > kMaxTransform) {
      return absl::InvalidArgumentError(
          absl::StrCat("a transform of length ", length, " is not supported"));
    }
    Transform transform;
    transform.inverse_ = inverse;
    for (int64_t k = 0; k < length; ++k) {
      const double angle =
          kTurn * static_cast<double>(k) / static_cast<double>(length);
      transform.roots_.push_back(
          {std::cos(angle), inverse ? std::sin(angle) : -std::sin(angle)});
    }
    return transform;
  }
  int64_t length() const { return static_cast<int64_t>(roots_.size()); }

  // x has length() elements.
  Complex Bin(std::span<const Complex> x, int64_t k) const {
    Complex sum;
    int64_t turn = 0;
    for (const Complex& value : x) {
      const Complex& root = roots_[turn];
      sum.real += value.real * root.real - value.imaginary * root.imaginary;
      sum.imaginary +=
          value.real * root.imaginary + value.imaginary * root.real;
      turn += k;
      if (turn >= length()) turn -= length();
    }
    if (inverse_) {
      sum.real /= static_cast<double>(length());
      sum.imaginary /= static_cast<double>(length());
    }
    return sum;
  }

 private:
  std::vector<Complex> roots_;
  bool inverse_ = false;
};

Outputs Dft(const KernelArgs& args) {
  const Tensor& input = *args.input(0);
  const TensorDims& dims = input.dims();
  const auto rank = static_cast<int64_t>(dims.size());
  int64_t axis = -2;
  if (args.input(2) != nullptr) {
    ASSIGN_OR_RETURN(axis, IntegerScalar(*args.input(2)));
  }
  ASSIGN_OR_RETURN(axis, NormalizeAxis(axis, rank));
  if (axis == rank - 1 || (dims.back() != 1 && dims.back() != 2)) {
    return absl::InvalidArgumentError(absl::StrCat(
        input.TypeString(), " cannot be transformed along axis ", axis));
  }
  const bool inverse = args.attributes().Int("inverse", 0) != 0;
  const bool onesided = args.attributes().Int("onesided", 0) != 0;
  const bool to_real = inverse && onesided;
  const int64_t size = dims[axis];
  int64_t length = to_real ? 2 * (size - 1) : size;
  if (args.input(1) != nullptr) {
    ASSIGN_OR_RETURN(length, IntegerScalar(*args.input(1)));
  }
  if (onesided && !inverse && dims.back() == 2) {
    return absl::InvalidArgumentError("a onesided transform needs real input");
  }
  ASSIGN_OR_RETURN(const Transform transform, Transform::Of(length, inverse));
  TensorDims y_dims = dims;
  y_dims[axis] = onesided && !inverse ? length / 2 + 1 : length;
  y_dims.back() = to_real ? 1 : 2;
  const int64_t inner = ProductOf(dims, axis + 1, rank - 1);
  const int64_t parts = dims.back();
  ASSIGN_OR_RETURN(Result<double> y,
                   Result<double>::Create(input.type(), y_dims));
  ASSIGN_OR_RETURN(const Numbers<double> x, Numbers<double>::Of(input));
  std::vector<Complex> line(length);
  for (int64_t i = 0; i < ProductOf(dims, 0, axis) * inner; ++i) {
    std::ranges::fill(line, Complex{});
    for (int64_t k = 0; k < std::min(size, length); ++k) {
      const double* value =
          x.data() + ((i / inner * size + k) * inner + i % inner) * parts;
      line[k] = {value[0], parts == 2 ? value[1] : 0};
    }
    for (int64_t k = length / 2 + 1; to_real && k < length; ++k) {
      line[k] = {line[length - k].real, -line[length - k].imaginary};
    }
    for (int64_t k = 0; k < y_dims[axis]; ++k) {
      const Complex bin = transform.Bin(line, k);
      double* out =
          y.data() +
          ((i / inner * y_dims[axis] + k) * inner + i % inner) * y_dims.back();
      out[0] = bin.real;
      if (!to_real) out[1] = bin.imaginary;
    }
  }
  return Single(std::move(y));
}

Outputs Stft(const KernelArgs& args) {
  const Tensor& signal = *args.input(0);
  const TensorDims& dims = signal.dims();
  if (dims.size() != 3 || (dims[2] != 1 && dims[2] != 2)) {
    return absl::InvalidArgumentError("signal must be [batch,length,1 or 2]");
  }
  ASSIGN_OR_RETURN(const int64_t step, IntegerScalar(*args.input(1)));
  int64_t length = dims[1];
  std::vector<double> window;
  if (args.input(2) != nullptr) {
    ASSIGN_OR_RETURN(window, FloatsOf(*args.input(2)));
    length = static_cast<int64_t>(window.size());
  }
  if (args.input(3) != nullptr) {
    ASSIGN_OR_RETURN(length, IntegerScalar(*args.input(3)));
  }
  if (window.empty() && length > 0 && length <= kMaxTransform) {
    window.assign(length, 1);
  }
  const bool onesided = args.attributes().Int("onesided", 1) != 0;
  if (step < 1 || length > dims[1] ||
      length != static_cast<int64_t>(window.size()) ||
      (onesided && dims[2] == 2)) {
    return absl::InvalidArgumentError(
        "frame_step, window, frame_length or onesided do not fit the signal");
  }
  ASSIGN_OR_RETURN(const Transform transform, Transform::Of(length, false));
  const int64_t frames = (dims[1] - length) / step + 1;
  const int64_t bins = onesided ? length / 2 + 1 : length;
  ASSIGN_OR_RETURN(
      Result<double> y,
      Result<double>::Create(signal.type(), {dims[0], frames, bins, 2}));
  ASSIGN_OR_RETURN(const Numbers<double> x, Numbers<double>::Of(signal));
  std::vector<Complex> frame(length);
  double* out = y.data();
  for (int64_t i = 0; i < dims[0] * frames; ++i) {
    const double* first =
        x.data() + (i / frames * dims[1] + i % frames * step) * dims[2];
    for (int64_t k = 0; k < length; ++k) {
      const double* value = first + k * dims[2];
      frame[k] = {value[0] * window[k],
                  dims[2] == 2 ? value[1] * window[k] : 0};
    }
    for (int64_t k = 0; k < bins; ++k) {
      const Complex bin = transform.Bin(frame, k);
      *out++ = bin.real;
      *out++ = bin.imaginary;
    }
  }
  return Single(std::move(y));
}

// Reals as elements of the type that output_datatype names; integers are
// truncated.
Outputs AsOutputType(const KernelArgs& args, TensorDims dims,
                     const std::vector<double>& values) {
  const int64_t number = args.attributes().Int("output_datatype", 1);
  const std::optional<ElementType> type = ElementTypeFromNumber(number);
  if (!type || (!IsInteger(*type) && !IsFloating(*type)) ||
      BitWidth(*type) < 8) {
    return absl::InvalidArgumentError(
        absl::StrCat("output_datatype cannot be ", number));
  }
  if (IsFloating(*type)) {
    ASSIGN_OR_RETURN(Result<double> y, Result<double>::Create(*type, dims));
    std::ranges::copy(values, y.data());
    return Single(std::move(y));
  }
  ASSIGN_OR_RETURN(Result<uint64_t> y, Result<uint64_t>::Create(*type, dims));
  std::ranges::transform(values, y.data(), [](double value) {
    return static_cast<uint64_t>(static_cast<int64_t>(value));
  });
  return Single(std::move(y));
}

// a0 - a1 cos(t) + a2 cos(2t), t going around once.
Outputs CosineWindow(const KernelArgs& args, double a0, double a1, double a2) {
  constexpr int64_t kMaxSize = 1 << 24;
  ASSIGN_OR_RETURN(const int64_t size, IntegerScalar(*args.input(0)));
  const bool periodic = args.attributes().Int("periodic", 1) != 0;
  if (size < 0 || size > kMaxSize || (size == 1 && !periodic)) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no window of size ", size));
  }
  const auto period = static_cast<double>(periodic ? size : size - 1);
  std::vector<double> values(size);
  for (int64_t i = 0; i < size; ++i) {
    const double angle = kTurn * static_cast<double>(i) / period;
    values[i] = a0 - a1 * std::cos(angle) + a2 * std::cos(2 * angle);
  }
  return AsOutputType(args, {size}, values);
}

Outputs HannWindow(const KernelArgs& args) {
  return CosineWindow(args, 0.5, 0.5, 0);
}
Outputs HammingWindow(const KernelArgs& args) {
  return CosineWindow(args, 25.0 / 46, 21.0 / 46, 0);
}
Outputs BlackmanWindow(const KernelArgs& args) {
  return CosineWindow(args, 0.42, 0.5, 0.08);
}

Outputs MelWeightMatrix(const KernelArgs& args) {
  std::array<int64_t, 3> integers;
  for (int i = 0; i < 3; ++i) {
    ASSIGN_OR_RETURN(integers[i], IntegerScalar(*args.input(i)));
  }
  std::array<double, 2> edges;
  for (int i = 0; i < 2; ++i) {
    ASSIGN_OR_RETURN(const std::vector<double> hertz,
                     FloatsOf(*args.input(i + 3)));
    if (hertz.size() != 1 || !(hertz[0] >= 0) || !(hertz[0] < 1e12)) {
      return absl::InvalidArgumentError("an edge frequency is wrong");
    }
    edges[i] = 2595 * std::log10(1 + hertz[0] / 700);
  }
  const auto [mels, length, rate] = integers;
  constexpr int64_t kMax = 1 << 12;
  if (mels < 1 || mels > kMax || length < 1 || length > 4 * kMax || rate < 1) {
    return absl::InvalidArgumentError("a size is out of range");
  }
  const int64_t bins = length / 2 + 1;
  std::vector<int64_t> points(mels + 2);
  const double step =
      (edges[1] - edges[0]) / static_cast<double>(points.size());
  for (size_t i = 0; i < points.size(); ++i) {
    const double mel = static_cast<double>(i) * step + edges[0];
    const double hertz = 700 * (std::pow(10, mel / 2595) - 1);
    points[i] = static_cast<int64_t>(std::floor(
        static_cast<double>(length + 1) * hertz / static_cast<double>(rate)));
    if (points[i] < 0 || points[i] >= bins) {
      return absl::InvalidArgumentError(
          "the upper edge is above half of the sample rate");
    }
  }
  std::vector<double> weights(bins * mels, 0);
  for (int64_t i = 0; i < mels; ++i) {
    const int64_t low = points[i];
    const int64_t center = points[i + 1];
    const int64_t high = points[i + 2];
    const auto ratio = [](int64_t a, int64_t b) {
      return static_cast<double>(a) / static_cast<double>(b);
    };
    for (int64_t k = low; k < center; ++k) {
      weights[k * mels + i] = ratio(k - low, center - low);
    }
    weights[center * mels + i] = 1;
    for (int64_t k = center; k < high; ++k) {
      weights[k * mels + i] = ratio(high - k, high - center);
    }
  }
  return AsOutputType(args, {bins, mels}, weights);
}

}  // namespace

KernelList SignalKernels() {
  return {
      {"BlackmanWindow"_op, BlackmanWindow},   {"DFT"_op, Dft},
      {"HammingWindow"_op, HammingWindow},     {"HannWindow"_op, HannWindow},
      {"MelWeightMatrix"_op, MelWeightMatrix}, {"STFT"_op, Stft}};
}

}  // namespace onnxopt::eval
