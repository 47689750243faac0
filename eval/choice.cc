// SPDX-License-Identifier: Apache-2.0
// Where and Clip.
#include <array>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "eval/arithmetic.h"
#include "eval/elements.h"
#include "eval/elementwise.h"
#include "eval/families.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

using Outputs = absl::StatusOr<std::vector<TensorRef>>;

// choose(position in the result, whether X, position in X or Y).
template <typename Choose>
void ForEachChoice(const Broadcast& operands, std::string_view condition,
                   Choose choose) {
  operands.ForEachRun([&](const Broadcast::Run& run) {
    for (int64_t i = 0; i < run.size; ++i) {
      const bool is_x = condition[run.offsets[0] + i * run.steps[0]] != 0;
      const int t = is_x ? 1 : 2;
      choose(run.begin + i, is_x, run.offsets[t] + i * run.steps[t]);
    }
  });
}

template <size_t kWidth>
void CopyChosen(const Broadcast& operands, std::string_view condition,
                std::string_view x, std::string_view y, std::span<char> out) {
  ForEachChoice(operands, condition, [&](int64_t to, bool is_x, int64_t from) {
    std::memcpy(out.data() + to * kWidth, (is_x ? x : y).data() + from * kWidth,
                kWidth);
  });
}

Outputs Where(const KernelArgs& args) {
  const Tensor& x = *args.input(1);
  const Tensor& y = *args.input(2);
  ASSIGN_OR_RETURN(const Broadcast operands,
                   Broadcast::Of({args.input(0), &x, &y}));
  ASSIGN_OR_RETURN(const std::string_view condition, args.input(0)->bytes());
  if (x.type() == ElementType::kString) {
    const int64_t size = *NumElements(operands.dims());
    if (size > kMaxStrings) {
      return absl::ResourceExhaustedError("too many strings");
    }
    std::vector<std::string> strings(size);
    ForEachChoice(operands, condition,
                  [&](int64_t to, bool is_x, int64_t from) {
                    strings[to] = (is_x ? x : y).strings()[from];
                  });
    return OneOutput(Tensor::Strings(operands.dims(), std::move(strings)));
  }
  ASSIGN_OR_RETURN(const std::string_view x_bytes, x.bytes());
  ASSIGN_OR_RETURN(const std::string_view y_bytes, y.bytes());
  ASSIGN_OR_RETURN(TensorBuilder result,
                   TensorBuilder::Create(x.type(), operands.dims()));
  const auto copy = [&] {
    switch (BitWidth(x.type())) {
      case 8:
        return CopyChosen<1>;
      case 16:
        return CopyChosen<2>;
      case 32:
        return CopyChosen<4>;
      case 64:
        return CopyChosen<8>;
      default:
        ONNXOPT_CHECK(BitWidth(x.type()) == 128);
        return CopyChosen<16>;
    }
  }();
  copy(operands, condition, x_bytes, y_bytes, result.bytes());
  return OneOutput(std::move(result).Finish());
}

// Bounds as numbers of the kind T; an absent one bounds nothing.
template <typename T>
struct Bounds {
  std::optional<T> min;
  std::optional<T> max;
};

template <typename T>
absl::StatusOr<std::optional<T>> BoundOf(const Tensor* bound) {
  if (bound == nullptr) return std::nullopt;
  if (bound->num_elements() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("a bound is a scalar, not ", bound->TypeString()));
  }
  ASSIGN_OR_RETURN(const std::string_view bytes, bound->bytes());
  std::array<T, 1> value;
  Load<T>(bound->type(), bytes, 0, value);
  return value[0];
}

template <typename T>
absl::StatusOr<Bounds<T>> BoundsOf(const KernelArgs& args) {
  Bounds<T> bounds;
  ASSIGN_OR_RETURN(bounds.min, BoundOf<T>(args.input(1)));
  ASSIGN_OR_RETURN(bounds.max, BoundOf<T>(args.input(2)));
  return bounds;
}

// T is the type as which elements stored as U are compared.
template <typename T, typename U>
void ClipBlock(const Bounds<U>& bounds, std::span<U> block) {
  for (U& value : block) {
    auto clipped = static_cast<T>(value);
    if (bounds.min) clipped = Larger(clipped, static_cast<T>(*bounds.min));
    if (bounds.max) clipped = Smaller(clipped, static_cast<T>(*bounds.max));
    value = static_cast<U>(clipped);
  }
}

// The function body of the operator is followed where its text differs: an
// absent bound leaves infinities as they are.
Outputs Clip(const KernelArgs& args) {
  const Tensor& x = *args.input(0);
  if (IsFloating(x.type())) {
    ASSIGN_OR_RETURN(const Bounds<double> bounds, BoundsOf<double>(args));
    return OneOutput(MapBlocks<double>(
        x, x.type(),
        [&](std::span<double> block) { ClipBlock<double>(bounds, block); }));
  }
  ASSIGN_OR_RETURN(const Bounds<int64_t> bounds, BoundsOf<int64_t>(args));
  return OneOutput(
      MapBlocks<int64_t>(x, x.type(), [&](std::span<int64_t> block) {
        if (IsUnsigned(x.type())) {
          ClipBlock<uint64_t>(bounds, block);
        } else {
          ClipBlock<int64_t>(bounds, block);
        }
      }));
}

}  // namespace

KernelList ChoiceKernels() { return {{"Clip"_op, Clip}, {"Where"_op, Where}}; }

}  // namespace onnxopt::eval
