// SPDX-License-Identifier: Apache-2.0
#include "eval/random_inputs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "eval/dense.h"
#include "eval/elements.h"
#include "eval/int_range.h"
#include "eval/interpreter.h"
#include "support/status.h"

namespace onnxopt {
namespace {

// SplitMix64: the standard library's distributions differ between platforms.
class Random {
 public:
  Random(uint64_t seed, uint64_t stream) : state_(seed) {
    state_ = Next() ^ (stream * 0x9e3779b97f4a7c15);
  }
  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// In [0, n).
  int64_t Below(int64_t n) {
    return static_cast<int64_t>(Next() % static_cast<uint64_t>(n));
  }
  int64_t Between(int64_t min, int64_t max) {
    return min + Below(max - min + 1);
  }
  /// In [0, 1).
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

// Sizes of dims that may be chosen, from what most models accept quickly to
// what those need that shrink their input much.
struct SizeChoice {
  std::array<int64_t, 6> sizes;
  bool all_the_same;
};
constexpr SizeChoice kSizeChoices[] = {
    {{1, 2, 3, 4, 5, 7}, false},
    {{1, 2, 3, 4, 5, 7}, true},
    {{8, 16, 24, 32, 40, 48}, false},
    {{16, 16, 32, 32, 48, 64}, true},
    {{64, 96, 128, 160, 224, 256}, false},
    {{512, 800, 1024, 1280, 1600, 2048}, false},
    {{32, 64, 96, 96, 128, 160}, true},
};
// From this choice on, the first axis of several, a batch, stays small if it
// can.
constexpr int kFirstLargeChoice = 2;
// Inputs with more elements take too long to be worth it.
constexpr int64_t kMaxElements = 1 << 26;
// Times that inputs are drawn: every choice of sizes twice.
constexpr int kMaxTries = 2 * std::size(kSizeChoices);
constexpr double kEdgeFloats[] = {0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 8.0, 1e-3};
// What few nets expect: the finite ones first, then infinities, then NaN.
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kExtremeFloats[] = {
    0.0,   -0.0,  3.4e38, -3.4e38, 1e30, -1e30,     65504,      1e-30,
    -1e-3, 1e-38, 1e-45,  -1e-45,  2e9,  kInfinity, -kInfinity, NAN};
constexpr int kNumSpecialFloats = 3;
constexpr int kMaxEdges = 16;
constexpr std::array<const char*, 6> kWords = {"", "a", "b", "ab", "A b", "7"};

constexpr std::string_view kOperators = "+-*";

bool IsPlain(std::string_view name) {
  return name.find_first_of(kOperators) == name.npos;
}

// The value of a sum of products of numbers and names that have a size, as in
// "past + 1" or "2*seq"; nullopt if `text` is none.
std::optional<int64_t> EvaluateSize(
    std::string_view text, const std::map<std::string, int64_t>& sizes) {
  constexpr int64_t kMaxSize = int64_t{1} << 40;
  int64_t sum = 0;
  int64_t product = 1;
  while (true) {
    const size_t end = std::min(text.find_first_of(kOperators), text.size());
    std::string factor(text.substr(0, end));
    absl::StripAsciiWhitespace(&factor);
    int64_t value = 0;
    if (!absl::SimpleAtoi(factor, &value)) {
      const auto it = sizes.find(factor);
      if (it == sizes.end()) return std::nullopt;
      value = it->second;
    }
    if (value < 0 || value > kMaxSize ||
        __builtin_mul_overflow(product, value, &product) ||
        std::abs(product) > kMaxSize) {
      return std::nullopt;
    }
    const char next = end < text.size() ? text[end] : '+';
    if (next != '*') {
      sum += product;
      product = next == '-' ? -1 : 1;
    }
    if (end == text.size()) return sum < 0 ? std::nullopt : std::optional(sum);
    text.remove_prefix(end + 1);
  }
}

class InputMaker {
 public:
  InputMaker(const Model& model, const RandomInputOptions& options)
      : model_(model), options_(options), dims_(options.dims) {}

  absl::StatusOr<RandomInputs> Make() {
    RandomInputs result;
    const std::vector<Value*> inputs = RunInputs(model_);
    // First all dims, because ranges of indices depend on those of others.
    for (const Value* input : inputs) {
      if (const Datum* given = Given(*input)) {
        RETURN_IF_ERROR(BindDims(*input, *given));
      }
    }
    CollectNames(inputs);
    // Twice, because a name can be an expression of names that follow.
    for (const bool is_last : {false, true}) {
      choose_expressions_ = is_last;
      for (size_t i = 0; i < inputs.size(); ++i) {
        Random random(options_.seed, 2 * i);
        const Datum* given = Given(*inputs[i]);
        sizes_[inputs[i]] = given != nullptr && given->IsTensor()
                                ? given->tensor()->dims()
                                : ChooseDims(inputs[i]->type(), random);
      }
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (const Datum* given = Given(*inputs[i])) {
        result.data.push_back(*given);
        continue;
      }
      Random random(options_.seed, 2 * i + 1);
      absl::StatusOr<Datum> datum = MakeInput(*inputs[i], random);
      if (!datum.ok()) {
        return Annotate(
            datum.status(),
            absl::StrCat("input '", std::string(inputs[i]->name()), "'"));
      }
      result.data.push_back(*std::move(datum));
    }
    result.dims = std::move(dims_);
    return result;
  }

 private:
  const Datum* Given(const Value& input) const {
    const auto it = options_.given.find(std::string(input.name()));
    return it == options_.given.end() ? nullptr : &it->second;
  }

  absl::Status BindDims(const Value& input, const Datum& datum) {
    const TypeRef& type = input.type();
    if (!datum.IsTensor() || type == nullptr || !type->shape()) {
      return absl::OkStatus();
    }
    const TensorDims& dims = datum.tensor()->dims();
    if (dims.size() != type->shape()->size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("input '", std::string(input.name()), "' is ",
                       type->ToString(), ", given is ", datum.Describe()));
    }
    for (size_t i = 0; i < dims.size(); ++i) {
      const std::string name((*type->shape())[i].name());
      if (name.empty()) continue;
      const auto [it, is_new] = dims_.emplace(name, dims[i]);
      if (it->second == dims[i]) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("input '", std::string(input.name()), "' is ",
                       type->ToString(), ", given is ", datum.Describe(),
                       ", but ", name, " is ", it->second, " elsewhere"));
    }
    return absl::OkStatus();
  }

  void CollectNames(const std::vector<Value*>& inputs) {
    for (const Value* input : inputs) {
      if (input->type() == nullptr || !input->type()->shape()) continue;
      for (const Dim& dim : *input->type()->shape()) {
        const std::string name(dim.name());
        if (!name.empty() && IsPlain(name)) plain_names_.emplace(name, 1);
      }
    }
  }

  int64_t ChooseSize(bool is_batch, Random& random) {
    if (options_.all_ones) return 1;
    const int last = std::size(kSizeChoices) - 1;
    const int attempt = std::clamp(options_.attempt, 0, last);
    const SizeChoice& choice = kSizeChoices[attempt];
    if (is_batch && attempt >= kFirstLargeChoice && !choice.all_the_same) {
      return random.Between(1, 3);
    }
    if (!choice.all_the_same) return choice.sizes[random.Below(6)];
    Random common(options_.seed, UINT64_MAX);
    return choice.sizes[common.Below(6)];
  }

  int64_t SizeOf(const Dim& dim, bool is_batch, Random& random) {
    if (dim.IsInteger()) return dim.value();
    const std::string name(dim.name());
    if (name.empty()) return ChooseSize(is_batch, random);
    const auto it = dims_.find(name);
    if (it != dims_.end()) return it->second;
    if (!IsPlain(name) && EvaluateSize(name, plain_names_)) {
      if (!choose_expressions_) return 1;
      if (const auto size = EvaluateSize(name, dims_)) {
        return dims_[name] = *size;
      }
    }
    return dims_[name] = ChooseSize(is_batch, random);
  }

  TensorDims ChooseDims(const TypeRef& type, Random& random) {
    TensorDims dims;
    if (type == nullptr || !type->IsTensor()) return dims;
    if (!type->shape()) {
      dims.resize(random.Between(1, 3));
      for (int64_t& dim : dims) dim = ChooseSize(/*is_batch=*/false, random);
      return dims;
    }
    for (const Dim& dim : *type->shape()) {
      const bool is_batch = dims.empty() && type->shape()->size() > 1;
      dims.push_back(SizeOf(dim, is_batch, random));
    }
    return dims;
  }

  absl::StatusOr<Datum> MakeInput(const Value& input, Random& random) {
    if (const TensorRef& given = input.tensor()) {
      // What is no floating-point number may be an index or a shape.
      if (!options_.override_defaults || !eval::IsFloating(given->type())) {
        return Datum();
      }
      return MakeTensor(given->type(), given->dims(), {}, random);
    }
    if (input.type() == nullptr) {
      return absl::UnimplementedError("has no type");
    }
    if (input.type()->IsTensor()) {
      const ElementType type = input.type()->element();
      eval::IntRange range;
      if (eval::IsInteger(type)) {
        range = eval::AcceptedRange(
            input, [this](const Value& value) { return KnownDims(value); });
      }
      return MakeTensor(type, sizes_.at(&input), range, random);
    }
    return MakeNested(input.type(), random);
  }

  absl::StatusOr<Datum> MakeNested(const TypeRef& type, Random& random) {
    if (type != nullptr && type->IsTensor()) {
      return MakeTensor(type->element(), ChooseDims(type, random), {}, random);
    }
    if (type != nullptr && type->kind() == Type::Kind::kSequence) {
      std::vector<Datum> elements(random.Between(1, 3));
      for (Datum& element : elements) {
        ASSIGN_OR_RETURN(element, MakeNested(type->inner(), random));
      }
      return Datum::Sequence(std::move(elements));
    }
    if (type != nullptr && type->kind() == Type::Kind::kOptional) {
      if (random.Below(3) == 0) return Datum::EmptyOptional();
      ASSIGN_OR_RETURN(Datum element, MakeNested(type->inner(), random));
      return Datum::Optional(std::move(element));
    }
    if (type != nullptr && type->kind() == Type::Kind::kMap) {
      return MakeMap(*type, random);
    }
    return absl::UnimplementedError(
        absl::StrCat("no values can be made of type ",
                     type == nullptr ? "unknown" : type->ToString()));
  }

  absl::StatusOr<Datum> MakeMap(const Type& type, Random& random) {
    const bool has_strings = type.element() == ElementType::kString;
    if (type.inner() == nullptr || !type.inner()->IsTensor() ||
        (!has_strings && type.element() != ElementType::kInt64)) {
      return absl::UnimplementedError(
          absl::StrCat("no values can be made of type ", type.ToString()));
    }
    const int64_t size = random.Between(0, 4);
    TensorRef keys;
    if (has_strings) {
      std::vector<std::string> words(kWords.begin(), kWords.end());
      std::sort(words.begin(), words.end());
      words.resize(size);
      ASSIGN_OR_RETURN(keys, Tensor::Strings({size}, std::move(words)));
    } else {
      std::vector<int64_t> numbers(size);
      std::iota(numbers.begin(), numbers.end(), random.Between(0, 2));
      ASSIGN_OR_RETURN(keys, eval::MakeInt64s(numbers));
    }
    ASSIGN_OR_RETURN(Datum values,
                     MakeTensor(type.inner()->element(), {size}, {}, random));
    return Datum::Map(std::move(keys), values.tensor());
  }

  std::optional<TensorDims> KnownDims(const Value& value) {
    if (value.tensor() != nullptr) return value.tensor()->dims();
    const auto it = sizes_.find(&value);
    if (it != sizes_.end()) return it->second;
    const TypeRef& type = value.type();
    if (type == nullptr || !type->IsTensor() || !type->shape()) {
      return std::nullopt;
    }
    TensorDims dims;
    for (const Dim& dim : *type->shape()) {
      const auto named = dims_.find(std::string(dim.name()));
      if (!dim.IsInteger() && named == dims_.end()) return std::nullopt;
      dims.push_back(dim.IsInteger() ? dim.value() : named->second);
    }
    return dims;
  }

  absl::StatusOr<Datum> MakeTensor(ElementType type, TensorDims dims,
                                   const eval::IntRange& range,
                                   Random& random) {
    TensorRef tensor;
    const std::optional<int64_t> count = NumElements(dims);
    if (!count || *count > kMaxElements) {
      return absl::ResourceExhaustedError("has too many elements");
    }
    if (type == ElementType::kString) {
      std::vector<std::string> strings(*count);
      for (std::string& text : strings) {
        text = kWords[random.Below(kWords.size())];
      }
      ASSIGN_OR_RETURN(tensor, Tensor::Strings(std::move(dims), strings));
      return Datum(std::move(tensor));
    }
    const bool is_complex =
        type == ElementType::kComplex64 || type == ElementType::kComplex128;
    ASSIGN_OR_RETURN(eval::TensorBuilder builder,
                     eval::TensorBuilder::Create(type, std::move(dims)));
    if (is_complex) {
      FillFloats(type == ElementType::kComplex64 ? ElementType::kFloat
                                                 : ElementType::kDouble,
                 2 * builder.num_elements(), builder.bytes(), random);
    } else if (eval::IsFloating(type)) {
      FillFloats(type, builder.num_elements(), builder.bytes(), random);
    } else {
      FillIntegers(range, builder, random);
    }
    ASSIGN_OR_RETURN(tensor, std::move(builder).Finish());
    return Datum(std::move(tensor));
  }

  void FillFloats(ElementType type, int64_t count, std::span<char> bytes,
                  Random& random) {
    // Most nets expect about [-1, 1]; images and the like are larger.
    const double scale = random.Below(3) == 0 ? 4 : 1;
    std::vector<double> values;
    for (int64_t begin = 0; begin < count; begin += eval::kBlock) {
      values.resize(std::min(eval::kBlock, count - begin));
      for (double& value : values) {
        value = random.Below(16) == 0
                    ? kEdgeFloats[random.Below(std::size(kEdgeFloats))]
                    : scale * (2 * random.Unit() - 1);
      }
      eval::StoreFloating(type, values, begin, bytes);
    }
    const int64_t known = static_cast<int64_t>(std::size(kExtremeFloats)) -
                          random.Below(kNumSpecialFloats + 1);
    ForEachEdge(type, count, random, [&](int64_t index) {
      const double value = kExtremeFloats[random.Below(known)];
      eval::StoreFloating(type, {&value, 1}, index, bytes);
    });
  }

  // A few elements become edge values, for one that is infinite or NaN can
  // spoil all results of a net. None in types below 8 bits, which hold few
  // other values.
  void ForEachEdge(ElementType type, int64_t count, Random& random,
                   absl::FunctionRef<void(int64_t)> set) const {
    if (!options_.edge_values || count == 0 || BitWidth(type) < 8) return;
    for (int64_t i = random.Between(1, kMaxEdges); i > 0; --i) {
      set(random.Below(count));
    }
  }

  void FillIntegers(eval::IntRange range, eval::TensorBuilder& builder,
                    Random& random) {
    const ElementType type = builder.type();
    const int bits = BitWidth(type);
    const bool is_free = range.IsFree();
    // Small types hold quantized numbers, large ones ids.
    if (type == ElementType::kBool) {
      range.min = 0;
      range.max = 1;
    } else if (range.IsFree() && bits <= 8) {
      range.max =
          (int64_t{1} << (eval::IsUnsigned(type) ? bits : bits - 1)) - 1;
      range.min = eval::IsUnsigned(type) ? 0 : -range.max - 1;
    } else if (range.IsFree()) {
      range.min = 0;
      range.max = 9;
    }
    range.max = std::min(range.max, range.min + (int64_t{1} << 31));
    const int64_t count = builder.num_elements();
    const int64_t wildcard = count > 0 ? random.Below(count) : 0;
    std::vector<int64_t> values;
    for (int64_t begin = 0; begin < count; begin += eval::kBlock) {
      values.resize(std::min(eval::kBlock, count - begin));
      for (size_t i = 0; i < values.size(); ++i) {
        const int64_t index = begin + static_cast<int64_t>(i);
        switch (range.kind) {
          case eval::IntRange::Kind::kPlain:
            values[i] = random.Between(range.min, range.max);
            break;
          case eval::IntRange::Kind::kReshape:
            values[i] = index == wildcard ? -1 : 1;
            break;
          case eval::IntRange::Kind::kAxes:
            values[i] = index;
            break;
        }
      }
      eval::StoreIntegers(type, values, begin, builder.bytes());
    }
    if (!is_free) return;
    ForEachEdge(type, count, random, [&](int64_t index) {
      const int64_t value = EdgeInteger(type, random);
      eval::StoreIntegers(type, {&value, 1}, index, builder.bytes());
    });
  }

  // The least or the greatest of the type.
  static int64_t EdgeInteger(ElementType type, Random& random) {
    const bool greatest = random.Below(2) == 0;
    const int bits = BitWidth(type);
    if (eval::IsUnsigned(type)) return greatest ? -1 : 0;
    const int64_t least = INT64_MIN >> (64 - bits);
    return greatest ? ~least : least;
  }

  const Model& model_;
  const RandomInputOptions& options_;
  std::map<std::string, int64_t> dims_;
  std::map<std::string, int64_t> plain_names_;  // with any size
  bool choose_expressions_ = false;
  absl::flat_hash_map<const Value*, TensorDims> sizes_;
};

}  // namespace

std::string RandomInputs::DimsText() const {
  std::string text;
  for (const auto& [name, size] : dims) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", name, " = ", size);
  }
  return text;
}

absl::StatusOr<RandomInputs> MakeRandomInputs(
    const Model& model, const RandomInputOptions& options) {
  return InputMaker(model, options).Make();
}

absl::StatusOr<RandomRun> RunOnRandomInputs(
    const Model& model, const RandomInputOptions& options,
    const RunOptions& run,
    absl::FunctionRef<absl::Status(const std::vector<Datum>&)> accept,
    Redraws* redraws) {
  const std::vector<Value*> inputs = RunInputs(model);
  const bool is_random =
      std::any_of(inputs.begin(), inputs.end(), [&](const Value* input) {
        return !options.given.contains(std::string(input->name()));
      });
  const int tries = is_random ? kMaxTries : 1;
  for (int i = 0; i < tries; ++i) {
    RandomInputOptions draw = options;
    draw.seed = options.seed + static_cast<uint64_t>(i);
    draw.attempt = (redraws->attempt + i) / 2;
    draw.all_ones = options.all_ones && i == 0;
    absl::StatusOr<RandomInputs> made = MakeRandomInputs(model, draw);
    if (absl::IsInvalidArgument(made.status())) return made.status();
    absl::Status status = made.status();
    if (made.ok()) {
      absl::StatusOr<std::vector<Datum>> outputs =
          RunGraph(model, made->data, run);
      status = outputs.ok() ? accept(*outputs) : outputs.status();
      if (status.ok()) {
        redraws->attempt += i;
        return RandomRun{*std::move(made), *std::move(outputs)};
      }
      if (!made->dims.empty()) {
        status = Annotate(status, absl::StrCat("with ", made->DimsText()));
      }
    }
    ++redraws->failures;
    redraws->reason = status;
    // Other inputs will not help.
    if (absl::IsUnimplemented(status)) break;
  }
  return redraws->reason;
}

}  // namespace onnxopt
