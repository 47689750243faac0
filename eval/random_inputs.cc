// SPDX-License-Identifier: Apache-2.0
#include "eval/random_inputs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eval/dense.h"
#include "eval/elements.h"
#include "eval/input_dims.h"
#include "eval/int_range.h"
#include "eval/interpreter.h"
#include "eval/random.h"
#include "support/status.h"

namespace onnxopt {
namespace {

using eval::Random;

// Inputs with more elements take too long to be worth it.
constexpr int64_t kMaxElements = 1 << 26;
// Times that inputs are drawn: every choice of sizes twice.
constexpr int kMaxTries = 2 * eval::InputDims::kNumChoices;
constexpr double kEdgeFloats[] = {0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 8.0, 1e-3};
// What few nets expect: the finite ones first, then infinities, then NaN.
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kExtremeFloats[] = {
    0.0,   -0.0,  3.4e38, -3.4e38, 1e30, -1e30,     65504,      1e-30,
    -1e-3, 1e-38, 1e-45,  -1e-45,  2e9,  kInfinity, -kInfinity, NAN};
constexpr int kNumSpecialFloats = 3;
constexpr int kMaxEdges = 16;
constexpr std::array<const char*, 6> kWords = {"", "a", "b", "ab", "A b", "7"};

class InputMaker {
 public:
  InputMaker(const Model& model, const RandomInputOptions& options)
      : model_(model), options_(options), dims_(options) {}

  absl::StatusOr<RandomInputs> Make() {
    RandomInputs result;
    const std::vector<Value*> inputs = RunInputs(model_);
    // First all dims, because ranges of indices depend on those of others.
    RETURN_IF_ERROR(dims_.Choose(inputs));
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (const Datum* given = dims_.Given(*inputs[i])) {
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
    result.dims = dims_.names();
    return result;
  }

 private:
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
            input, [this](const Value& value) { return dims_.Of(value); });
      }
      return MakeTensor(type, *dims_.Of(input), range, random);
    }
    return MakeNested(input.type(), random);
  }

  absl::StatusOr<Datum> MakeNested(const TypeRef& type, Random& random) {
    if (type != nullptr && type->IsTensor()) {
      return MakeTensor(type->element(), dims_.ChooseFor(type, random), {},
                        random);
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
  eval::InputDims dims_;
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
