// SPDX-License-Identifier: Apache-2.0
#include "eval/sequence_ops.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eval/dense.h"
#include "eval/map_ops.h"
#include "eval/slices.h"
#include "support/status.h"

namespace onnxopt::eval {
namespace {

using Inputs = std::span<const Datum>;

const Datum& At(Inputs inputs, size_t i) {
  static const Datum& absent = *new Datum();
  return i < inputs.size() ? inputs[i] : absent;
}

absl::StatusOr<TensorRef> TensorAt(Inputs inputs, size_t i) {
  if (At(inputs, i).IsTensor()) return inputs[i].tensor();
  return absl::InvalidArgumentError(absl::StrCat(
      "input ", i, " is ", At(inputs, i).Describe(), ", not a tensor"));
}

absl::StatusOr<std::vector<Datum>> SequenceAtInput(Inputs inputs, size_t i) {
  if (At(inputs, i).IsSequence()) return inputs[i].elements();
  return absl::InvalidArgumentError(absl::StrCat(
      "input ", i, " is ", At(inputs, i).Describe(), ", not a sequence"));
}

// A position in a sequence of `size`, counted from the back if negative.
absl::StatusOr<int64_t> Position(const Datum& datum, int64_t size) {
  ASSIGN_OR_RETURN(const int64_t position, ScalarOf(datum));
  if (position < -size || position >= size) {
    return absl::OutOfRangeError(
        absl::StrCat("position ", position, " is not in a sequence of ", size));
  }
  return position < 0 ? position + size : position;
}

absl::StatusOr<Datum> SequenceEmpty(const AttributeView&, Inputs) {
  return Datum::Sequence({});
}

absl::StatusOr<Datum> SequenceConstruct(const AttributeView&, Inputs inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    RETURN_IF_ERROR(TensorAt(inputs, i).status());
  }
  return Datum::Sequence({inputs.begin(), inputs.end()});
}

absl::StatusOr<Datum> SequenceInsert(const AttributeView&, Inputs inputs) {
  ASSIGN_OR_RETURN(std::vector<Datum> elements, SequenceAtInput(inputs, 0));
  const auto size = static_cast<int64_t>(elements.size());
  int64_t position = size;
  if (!At(inputs, 2).IsAbsent()) {
    // The end is a position too, but -1 is the last element.
    ASSIGN_OR_RETURN(position, ScalarOf(inputs[2]));
    if (position < -size || position > size) {
      return absl::OutOfRangeError(absl::StrCat(
          "position ", position, " is not in a sequence of ", size));
    }
    if (position < 0) position += size;
  }
  ASSIGN_OR_RETURN(TensorRef tensor, TensorAt(inputs, 1));
  elements.insert(elements.begin() + position, Datum(std::move(tensor)));
  return Datum::Sequence(std::move(elements));
}

absl::StatusOr<Datum> SequenceErase(const AttributeView&, Inputs inputs) {
  ASSIGN_OR_RETURN(std::vector<Datum> elements, SequenceAtInput(inputs, 0));
  const auto size = static_cast<int64_t>(elements.size());
  int64_t position = size - 1;
  if (!At(inputs, 1).IsAbsent()) {
    ASSIGN_OR_RETURN(position, Position(inputs[1], size));
  }
  if (position < 0) {
    return absl::OutOfRangeError("nothing to erase from an empty sequence");
  }
  elements.erase(elements.begin() + position);
  return Datum::Sequence(std::move(elements));
}

absl::StatusOr<Datum> SequenceAt(const AttributeView&, Inputs inputs) {
  ASSIGN_OR_RETURN(const std::vector<Datum> elements,
                   SequenceAtInput(inputs, 0));
  ASSIGN_OR_RETURN(const int64_t position,
                   Position(At(inputs, 1), elements.size()));
  return elements[position];
}

absl::StatusOr<Datum> SequenceLength(const AttributeView&, Inputs inputs) {
  ASSIGN_OR_RETURN(const std::vector<Datum> elements,
                   SequenceAtInput(inputs, 0));
  const int64_t length[] = {static_cast<int64_t>(elements.size())};
  ASSIGN_OR_RETURN(const TensorRef tensor, MakeInt64s(length));
  ASSIGN_OR_RETURN(TensorRef scalar, WithDims(tensor, {}));
  return Datum(std::move(scalar));
}

absl::StatusOr<Datum> ConcatFromSequence(const AttributeView& attributes,
                                         Inputs inputs) {
  ASSIGN_OR_RETURN(const std::vector<Datum> elements,
                   SequenceAtInput(inputs, 0));
  const std::optional<int64_t> wanted = attributes.Int("axis");
  if (elements.empty() || !wanted) {
    return absl::InvalidArgumentError(
        "needs an axis and a sequence that is not empty");
  }
  std::vector<TensorRef> tensors;
  for (size_t i = 0; i < elements.size(); ++i) {
    ASSIGN_OR_RETURN(tensors.emplace_back(), TensorAt(elements, i));
  }
  const bool new_axis = attributes.Int("new_axis", 0) != 0;
  const auto rank = static_cast<int64_t>(tensors[0]->dims().size());
  ASSIGN_OR_RETURN(const int64_t axis,
                   NormalizeAxis(*wanted, new_axis ? rank + 1 : rank));
  ASSIGN_OR_RETURN(TensorRef joined, new_axis ? StackAlong(tensors, axis)
                                              : ConcatAlong(tensors, axis));
  return Datum(std::move(joined));
}

// The lengths of the pieces of SplitToSequence.
absl::StatusOr<std::vector<int64_t>> SplitLengths(const Datum& split,
                                                  int64_t size) {
  if (split.IsAbsent()) return std::vector<int64_t>(size, 1);
  if (!split.IsTensor()) {
    return absl::InvalidArgumentError("the lengths are not a tensor");
  }
  ASSIGN_OR_RETURN(std::vector<int64_t> lengths, IntegersOf(*split.tensor()));
  if (!split.tensor()->dims().empty()) return lengths;
  const int64_t length = lengths[0];
  if (length <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("pieces of length ", length));
  }
  lengths.clear();
  for (int64_t begin = 0; begin < size; begin += length) {
    lengths.push_back(std::min(length, size - begin));
  }
  return lengths;
}

absl::StatusOr<Datum> SplitToSequence(const AttributeView& attributes,
                                      Inputs inputs) {
  ASSIGN_OR_RETURN(const TensorRef tensor, TensorAt(inputs, 0));
  ASSIGN_OR_RETURN(const int64_t axis, NormalizeAxis(attributes.Int("axis", 0),
                                                     tensor->dims().size()));
  const int64_t size = tensor->dims()[axis];
  const Datum& split = At(inputs, 1);
  ASSIGN_OR_RETURN(const std::vector<int64_t> lengths,
                   SplitLengths(split, size));
  const bool keep = !split.IsAbsent() || attributes.Int("keepdims", 1) != 0;
  std::vector<Datum> pieces;
  int64_t begin = 0;
  for (const int64_t length : lengths) {
    if (length < 0 || length > size - begin) break;
    ASSIGN_OR_RETURN(TensorRef piece,
                     keep ? SliceAlong(tensor, axis, begin, begin + length)
                          : TakeAlong(tensor, axis, begin));
    pieces.emplace_back(std::move(piece));
    begin += length;
  }
  if (pieces.size() != lengths.size() || begin != size) {
    return absl::InvalidArgumentError(
        absl::StrCat("the lengths of the pieces do not add up to ", size));
  }
  return Datum::Sequence(std::move(pieces));
}

absl::StatusOr<Datum> MakeOptional(const AttributeView&, Inputs inputs) {
  if (At(inputs, 0).IsAbsent()) return Datum::EmptyOptional();
  return Datum::Optional(inputs[0]);
}

absl::StatusOr<Datum> OptionalHasElement(const AttributeView&, Inputs inputs) {
  const Datum& input = At(inputs, 0);
  const bool has =
      input.IsOptional() ? !input.elements().empty() : !input.IsAbsent();
  const char byte[] = {has ? '\1' : '\0'};
  ASSIGN_OR_RETURN(TensorRef tensor,
                   Tensor::Owned(ElementType::kBool, {}, {byte, 1}));
  return Datum(std::move(tensor));
}

absl::StatusOr<Datum> OptionalGetElement(const AttributeView&, Inputs inputs) {
  const Datum& input = At(inputs, 0);
  if (input.IsAbsent() || (input.IsOptional() && input.elements().empty())) {
    return absl::InvalidArgumentError("the optional is empty");
  }
  return input.IsOptional() ? input.elements().front() : input;
}

}  // namespace

DatumKernel FindDatumKernel(const OpDef& op) {
  if (!op.is_canonical()) return nullptr;
  switch (op.id()) {
    case "SequenceEmpty"_op:
      return SequenceEmpty;
    case "SequenceConstruct"_op:
      return SequenceConstruct;
    case "SequenceInsert"_op:
      return SequenceInsert;
    case "SequenceErase"_op:
      return SequenceErase;
    case "SequenceAt"_op:
      return SequenceAt;
    case "SequenceLength"_op:
      return SequenceLength;
    case "ConcatFromSequence"_op:
      return ConcatFromSequence;
    case "SplitToSequence"_op:
      return SplitToSequence;
    case "Optional"_op:
      return MakeOptional;
    case "OptionalHasElement"_op:
      return OptionalHasElement;
    case "OptionalGetElement"_op:
      return OptionalGetElement;
    case "ai.onnx.ml.CastMap"_op:
      return CastMap;
    case "ai.onnx.ml.DictVectorizer"_op:
      return DictVectorizer;
    case "ai.onnx.ml.ZipMap"_op:
      return ZipMap;
    default:
      return nullptr;
  }
}

absl::StatusOr<int64_t> ScalarOf(const Datum& datum) {
  if (!datum.IsTensor() || datum.tensor()->num_elements() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("one number is needed, not ", datum.Describe()));
  }
  ASSIGN_OR_RETURN(const std::vector<int64_t> numbers,
                   IntegersOf(*datum.tensor()));
  return numbers[0];
}

}  // namespace onnxopt::eval
