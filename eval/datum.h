// SPDX-License-Identifier: Apache-2.0
// Values at run time.
#ifndef ONNXOPT_EVAL_DATUM_H_
#define ONNXOPT_EVAL_DATUM_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ir/tensor.h"

namespace onnxopt {

/// What a value of a graph holds while it runs: a tensor, a sequence, an
/// optional, a map, or nothing at all (a missing optional input). Immutable and
/// cheap to copy.
class Datum {
 public:
  enum class Kind : uint8_t { kAbsent, kTensor, kSequence, kOptional, kMap };

  Datum() = default;
  /// A null tensor makes an absent datum.
  explicit Datum(TensorRef tensor)
      : kind_(tensor == nullptr ? Kind::kAbsent : Kind::kTensor),
        tensor_(std::move(tensor)) {}
  static Datum Sequence(std::vector<Datum> elements) {
    return Datum(Kind::kSequence, std::move(elements));
  }
  static Datum EmptyOptional() { return Datum(Kind::kOptional, {}); }
  static Datum Optional(Datum element) {
    return Datum(Kind::kOptional, {std::move(element)});
  }
  /// Two one-dimensional tensors of the same length: the keys, int64 or string,
  /// ascending and all different, and the value of each.
  static Datum Map(TensorRef keys, TensorRef values) {
    return Datum(Kind::kMap,
                 {Datum(std::move(keys)), Datum(std::move(values))});
  }

  Kind kind() const { return kind_; }
  bool IsAbsent() const { return kind_ == Kind::kAbsent; }
  bool IsTensor() const { return kind_ == Kind::kTensor; }
  bool IsSequence() const { return kind_ == Kind::kSequence; }
  bool IsOptional() const { return kind_ == Kind::kOptional; }
  bool IsMap() const { return kind_ == Kind::kMap; }

  /// Null unless IsTensor().
  const TensorRef& tensor() const { return tensor_; }
  /// The elements of a sequence, the none or one of an optional, and the two
  /// tensors of a map.
  const std::vector<Datum>& elements() const;
  /// Requires IsMap().
  const TensorRef& keys() const { return elements()[0].tensor(); }
  const TensorRef& values() const { return elements()[1].tensor(); }

  /// Of all tensors in it.
  int64_t byte_size() const;
  /// "float[2,3]", "sequence of 2", "empty optional",
  /// "map of int64[3] to float[3]", "nothing".
  std::string Describe() const;

 private:
  Datum(Kind kind, std::vector<Datum> elements)
      : kind_(kind),
        elements_(
            std::make_shared<const std::vector<Datum>>(std::move(elements))) {}

  Kind kind_ = Kind::kAbsent;
  TensorRef tensor_;
  std::shared_ptr<const std::vector<Datum>> elements_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_EVAL_DATUM_H_
