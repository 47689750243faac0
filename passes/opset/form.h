// SPDX-License-Identifier: Apache-2.0
// A node on its way from one opset to another.
#ifndef ONNXOPT_PASSES_OPSET_FORM_H_
#define ONNXOPT_PASSES_OPSET_FORM_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "ir/attribute_view.h"
#include "ir/node.h"
#include "ir/type.h"

namespace onnxopt::opset {

/// An input of a form: one that the node has, a new constant, or nothing.
struct Operand {
  Value* value = nullptr;
  std::vector<int64_t> squeeze;  // axes of 1 that `value` is to lose
  TensorRef tensor;              // of a new constant
  std::string_view name;         // what a new constant may be called
  std::optional<int> source;     // which input of the node it is
  bool present() const { return value != nullptr || tensor != nullptr; }
};

/// What the node becomes; the node itself stays as it is.
class Form {
 public:
  /// `is_conversion`: the node is on its way to another opset than the one it
  /// was read with, where what it says may have another meaning, or none. On
  /// the way back home, it says what the file said.
  explicit Form(const Node& node, bool is_conversion = true);

  bool is_conversion() const { return is_conversion_; }
  const Node& node() const { return node_; }
  const OpDef& op() const { return *op_; }
  void set_op(const OpDef* op) { op_ = op; }
  /// Whether anything but the operator differs from the node.
  bool changed() const { return changed_; }

  const std::vector<Attribute>& attributes() const { return attributes_; }
  std::vector<Attribute> TakeAttributes() { return std::move(attributes_); }
  /// With the defaults of op().
  AttributeView view() const { return AttributeView(*op_, attributes_); }
  const Attribute* Find(std::string_view name) const;
  void Set(Attribute attribute);
  void SetInt(std::string_view name, int64_t value);
  void SetFloat(std::string_view name, float value);
  void SetFloats(std::string_view name, std::vector<float> values);
  void SetInts(std::string_view name, std::vector<int64_t> values);
  void SetString(std::string_view name, std::string_view value);
  void SetStrings(std::string_view name, std::vector<std::string_view> values);
  void Rename(std::string_view from, std::string_view to);
  void Remove(std::string_view name);

  const std::vector<Operand>& inputs() const { return inputs_; }
  int num_inputs() const { return static_cast<int>(inputs_.size()); }
  bool HasInput(int i) const {
    return i < num_inputs() && inputs_[i].present();
  }
  /// Missing inputs before it become absent ones.
  void SetInput(int i, Operand operand);
  void SetInput(int i, TensorRef tensor, std::string_view name);
  void InsertInput(int i);
  /// Takes dims of 1 out of input `i`.
  void SqueezeInput(int i, std::vector<int64_t> axes);
  /// Input `i` is no longer given; absent ones at the end disappear.
  void ClearInput(int i);
  void TrimInputs(int max);

  /// Null when missing or unknown.
  TypeRef type(int i) const;
  ElementType element(int i) const;
  std::optional<Shape> shape(int i) const;
  std::optional<int64_t> rank(int i) const;
  /// Null unless constant.
  TensorRef constant(int i) const;
  /// The elements of a small constant; nullopt for anything else.
  std::optional<std::vector<int64_t>> ints(int i) const;
  std::optional<std::vector<float>> floats(int i) const;

 private:
  void Set(std::string_view name, AttrKind kind, AttributeValue value);

  const Node& node_;
  const OpDef* op_;
  std::vector<Attribute> attributes_;
  std::vector<Operand> inputs_;
  bool is_conversion_;
  bool changed_ = false;
};

/// begin, begin + 1, ..., end - 1.
std::vector<int64_t> Count(int64_t begin, int64_t end);

/// `bytes` of one element each, 0-D or 1-D.
TensorRef Int64s(std::vector<int64_t> values);
TensorRef Int64(int64_t value);
TensorRef Floats(const std::vector<float>& values);
/// 0-D; null unless `type` is floating point and no narrower than float16.
TensorRef Scalar(ElementType type, float value);

}  // namespace onnxopt::opset

#endif  // ONNXOPT_PASSES_OPSET_FORM_H_
