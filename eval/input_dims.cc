// SPDX-License-Identifier: Apache-2.0
#include "eval/input_dims.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

// Sizes of dims that may be chosen, from what most models accept quickly to
// what those need that shrink their input much.
struct SizeChoice {
  std::array<int64_t, 6> sizes;
  bool all_the_same;
};
constexpr SizeChoice kSizeChoices[InputDims::kNumChoices] = {
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

}  // namespace

absl::Status InputDims::Choose(const std::vector<Value*>& inputs) {
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
      of_[inputs[i]] = given != nullptr && given->IsTensor()
                           ? given->tensor()->dims()
                           : ChooseFor(inputs[i]->type(), random);
    }
  }
  return absl::OkStatus();
}

const Datum* InputDims::Given(const Value& input) const {
  const auto it = options_.given.find(std::string(input.name()));
  return it == options_.given.end() ? nullptr : &it->second;
}

absl::Status InputDims::BindDims(const Value& input, const Datum& datum) {
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
    const auto [it, is_new] = names_.emplace(name, dims[i]);
    if (it->second == dims[i]) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("input '", std::string(input.name()), "' is ",
                     type->ToString(), ", given is ", datum.Describe(),
                     ", but ", name, " is ", it->second, " elsewhere"));
  }
  return absl::OkStatus();
}

void InputDims::CollectNames(const std::vector<Value*>& inputs) {
  for (const Value* input : inputs) {
    if (input->type() == nullptr || !input->type()->shape()) continue;
    for (const Dim& dim : *input->type()->shape()) {
      const std::string name(dim.name());
      if (!name.empty() && IsPlain(name)) plain_names_.emplace(name, 1);
    }
  }
}

int64_t InputDims::ChooseSize(bool is_batch, Random& random) const {
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

int64_t InputDims::SizeOf(const Dim& dim, bool is_batch, Random& random) {
  if (dim.IsInteger()) return dim.value();
  const std::string name(dim.name());
  if (name.empty()) return ChooseSize(is_batch, random);
  const auto it = names_.find(name);
  if (it != names_.end()) return it->second;
  if (!IsPlain(name) && EvaluateSize(name, plain_names_)) {
    if (!choose_expressions_) return 1;
    if (const auto size = EvaluateSize(name, names_)) {
      return names_[name] = *size;
    }
  }
  return names_[name] = ChooseSize(is_batch, random);
}

TensorDims InputDims::ChooseFor(const TypeRef& type, Random& random) {
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

std::optional<TensorDims> InputDims::Of(const Value& value) const {
  if (value.tensor() != nullptr) return value.tensor()->dims();
  const auto it = of_.find(&value);
  if (it != of_.end()) return it->second;
  const TypeRef& type = value.type();
  if (type == nullptr || !type->IsTensor() || !type->shape()) {
    return std::nullopt;
  }
  TensorDims dims;
  for (const Dim& dim : *type->shape()) {
    const auto named = names_.find(std::string(dim.name()));
    if (!dim.IsInteger() && named == names_.end()) return std::nullopt;
    dims.push_back(dim.IsInteger() ? dim.value() : named->second);
  }
  return dims;
}

}  // namespace onnxopt::eval
