// SPDX-License-Identifier: Apache-2.0
#include "eval/datum.h"

#include "absl/strings/str_cat.h"

namespace onnxopt {

const std::vector<Datum>& Datum::elements() const {
  static const std::vector<Datum>& none = *new std::vector<Datum>();
  return elements_ == nullptr ? none : *elements_;
}

int64_t Datum::byte_size() const {
  if (tensor_ == nullptr) {
    int64_t size = 0;
    for (const Datum& element : elements()) size += element.byte_size();
    return size;
  }
  if (tensor_->form() != Tensor::Form::kStrings) return tensor_->byte_size();
  int64_t size = 0;
  for (const std::string& text : tensor_->strings()) {
    size += static_cast<int64_t>(sizeof(text) + text.size());
  }
  return size;
}

std::string Datum::Describe() const {
  switch (kind_) {
    case Kind::kAbsent:
      return "nothing";
    case Kind::kTensor:
      return tensor_->TypeString();
    case Kind::kSequence:
      return absl::StrCat("a sequence of ", elements().size());
    case Kind::kOptional:
      return elements().empty() ? "an empty optional"
                                : absl::StrCat("an optional with ",
                                               elements().front().Describe());
    case Kind::kMap:
      return absl::StrCat("a map of ", keys()->TypeString(), " to ",
                          values()->TypeString());
  }
  return "";
}

}  // namespace onnxopt
