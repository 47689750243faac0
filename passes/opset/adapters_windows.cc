// SPDX-License-Identifier: Apache-2.0
// Pads of convolutions and pools.
#include <algorithm>

#include "passes/opset/adapters.h"

namespace onnxopt::opset {
namespace {

// Sizes that can be multiplied and added; null is none.
bool AreSmall(const std::vector<int64_t>* sizes) {
  constexpr int64_t kLimit = int64_t{1} << 30;
  return sizes == nullptr ||
         std::all_of(sizes->begin(), sizes->end(), [](int64_t size) {
           return -kLimit < size && size < kLimit;
         });
}

bool IsSmall(const Dim& dim) {
  if (!dim.IsInteger()) return false;
  const std::vector<int64_t> size = {dim.value()};
  return AreSmall(&size);
}

// Without ceil_mode: with as much more padding, which is never the greatest.
std::string MaxPoolDownFrom10(Form& form) {
  const auto* kernel = form.view().Ints("kernel_shape");
  const auto* given_pads = form.view().Ints("pads");
  const auto* given_strides = form.view().Ints("strides");
  const auto* dilations = form.view().Ints("dilations");
  const std::optional<Shape> shape = form.shape(0);
  if (form.view().Int("ceil_mode") == 0) return "";
  if (form.view().HasReferences()) {
    return "with ceil_mode, and attributes that depend on the call of the "
           "function";
  }
  if (kernel == nullptr || !shape || shape->size() != kernel->size() + 2 ||
      form.view().String("auto_pad", "NOTSET") != "NOTSET" ||
      (dilations != nullptr &&
       std::any_of(dilations->begin(), dilations->end(),
                   [](int64_t dilation) { return dilation != 1; }))) {
    return "with ceil_mode";
  }
  const size_t rank = kernel->size();
  std::vector<int64_t> pads =
      given_pads == nullptr ? std::vector<int64_t>(2 * rank, 0) : *given_pads;
  if (pads.size() != 2 * rank || !AreSmall(&pads) || !AreSmall(kernel) ||
      !AreSmall(given_strides) ||
      (given_strides != nullptr && given_strides->size() != rank)) {
    return "with ceil_mode, and pads or strides that do not fit";
  }
  for (size_t i = 0; i < rank; ++i) {
    const Dim& dim = (*shape)[i + 2];
    const int64_t stride = given_strides == nullptr ? 1 : (*given_strides)[i];
    if (!IsSmall(dim) || stride < 1) {
      return "with ceil_mode of a dim that is not known";
    }
    const int64_t room = dim.value() + pads[i] + pads[rank + i] - (*kernel)[i];
    const int64_t rest = room < 0 ? 0 : room % stride;
    if (rest == 0) continue;
    // A window that begins in the padding at the end is left out.
    const int64_t begin = (room / stride + 1) * stride;
    if (begin < dim.value() + pads[i]) pads[rank + i] += stride - rest;
  }
  form.SetInts("pads", std::move(pads));
  form.Remove("ceil_mode");
  return "";
}

// The text of version 1 puts the odd extra pad on the other side than runtimes
// do.
bool HasImplicitPads(const Form& form) {
  if (form.Find("output_shape") != nullptr) return true;
  const std::optional<std::string_view> auto_pad =
      form.view().String("auto_pad");
  return auto_pad != "NOTSET" && auto_pad != "VALID";
}

// The pads that give output_shape, which are no question where both sides get
// the same. Source: ConvTranspose-1 and -11, total_padding.
std::optional<std::vector<int64_t>> EvenPads(const Form& form) {
  const auto* sizes = form.view().Ints("output_shape");
  const std::optional<Shape> x = form.shape(0);
  const std::optional<Shape> w = form.shape(1);
  if (sizes == nullptr || form.view().HasReferences() || !x || !w ||
      x->size() != w->size() || x->size() != sizes->size() + 2) {
    return std::nullopt;
  }
  const size_t rank = sizes->size();
  const auto* strides = form.view().Ints("strides");
  const auto* dilations = form.view().Ints("dilations");
  const auto* more = form.view().Ints("output_padding");
  for (const auto* values : {strides, dilations, more, sizes}) {
    if (values != nullptr && (values->size() != rank || !AreSmall(values))) {
      return std::nullopt;
    }
  }
  const auto at = [](const std::vector<int64_t>* values, size_t i,
                     int64_t otherwise) {
    return values == nullptr ? otherwise : (*values)[i];
  };
  std::vector<int64_t> pads(2 * rank);
  for (size_t i = 0; i < rank; ++i) {
    const Dim& dim = (*x)[i + 2];
    const Dim& kernel = (*w)[i + 2];
    if (!IsSmall(dim) || !IsSmall(kernel)) return std::nullopt;
    const int64_t total =
        at(strides, i, 1) * (dim.value() - 1) + at(more, i, 0) +
        (kernel.value() - 1) * at(dilations, i, 1) + 1 - (*sizes)[i];
    if (total < 0 || total % 2 != 0) return std::nullopt;
    pads[i] = pads[rank + i] = total / 2;
  }
  return pads;
}

// False if that is not possible.
bool MakePadsExplicit(Form& form) {
  std::optional<std::vector<int64_t>> pads = EvenPads(form);
  if (!pads) return false;
  form.Remove("output_shape");
  form.Remove("auto_pad");
  form.SetInts("pads", *std::move(pads));
  return true;
}

std::string ConvTransposeUpTo11(Form& form) {
  return !HasImplicitPads(form) || MakePadsExplicit(form)
             ? ""
             : "where its pads go was not defined";
}

std::string ConvTransposeDownFrom11(Form& form) {
  return !HasImplicitPads(form) || MakePadsExplicit(form)
             ? ""
             : "with pads that are not explicit";
}

constexpr Adapter kAdapters[] = {
    {"ConvTranspose"_op, 11, ConvTransposeUpTo11, ConvTransposeDownFrom11,
     "before 11, which side an odd pad goes to was contradictory: a node with "
     "output_shape that needs one, or with auto_pad SAME, stays"},
    {"MaxPool"_op, 10, nullptr, MaxPoolDownFrom10,
     "before 10 ceil_mode is said by more pads at the end, of known dims"},
};

}  // namespace

std::span<const Adapter> WindowAdapters() { return kAdapters; }

}  // namespace onnxopt::opset
