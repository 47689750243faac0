// SPDX-License-Identifier: Apache-2.0
// Samplers: what a random node of an operator looks like.
#ifndef ONNXOPT_TEST_RANDOM_GRAPHS_SAMPLERS_H_
#define ONNXOPT_TEST_RANDOM_GRAPHS_SAMPLERS_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "ir/op_def.h"
#include "test/random_graphs/random_graph.h"

namespace onnxopt::random_graphs {

/// One node being drawn. A sampler chooses every operand that is not settled
/// and required, those optional ones that it wants, and the attributes. What it
/// makes may be invalid now and then: it is evaluated, and drawn again.
class NodeDraft {
 public:
  NodeDraft(GraphBuilder& builder, const OpDef& op, std::vector<Slot> slots,
            bool open_ended);

  const OpDef& op() const { return op_; }
  Rng& rng() { return builder_.rng(); }
  const Taste& taste() const { return builder_.taste(); }

  // --- Operands.

  bool IsSettled(int i) const;
  /// Settled or chosen.
  bool Has(int i) const { return i < size() && ids_[i] != kAbsent; }
  /// Whether to choose the optional operand: the caller may toss a coin.
  bool Wants(int i, int percent = 50);
  /// Whether it may be chosen.
  bool May(int i) const;
  /// Number of operands asked for or chosen: a variadic operator needs all of
  /// them.
  int size() const { return static_cast<int>(ids_.size()); }
  bool open_ended() const { return open_ended_; }

  /// Of operands that are there.
  const Tensor& tensor(int i) const;
  const TensorDims& dims(int i) const { return tensor(i).dims(); }
  int64_t rank(int i) const { return static_cast<int64_t>(dims(i).size()); }
  ElementType element(int i) const { return tensor(i).type(); }
  /// The node that makes operand `i`; null for a leaf.
  const RandomNode* Producer(int i) const;
  /// Elements of an operand of `node` as integers.
  std::vector<int64_t> IntsOf(ValueId value) const;

  /// The element type that operand `i` must have because of the others, else
  /// one that it may have.
  ElementType ElementFor(int i);

  /// Chooses operand `i`, if it is not settled, with random elements. Without
  /// an element type, ElementFor. A constant is one number repeated now and
  /// then.
  void Choose(int i, const TensorDims& dims,
              std::optional<Numbers> numbers = std::nullopt,
              ElementType element = ElementType::kUndefined);
  /// The same for parameters, which are constants in most cases.
  void ChooseInts(int i, const std::vector<int64_t>& values,
                  ElementType element = ElementType::kInt64);
  void ChooseParameter(int i, TensorRef tensor);
  /// Elements of the caller's, which are an input in most cases.
  void ChooseData(int i, TensorRef tensor);
  /// A value that is there already.
  void ChooseValue(int i, ValueId value);
  /// Operand `i` is the result of a node of operator `op`, whose first operand
  /// has `dims`.
  void ChooseMade(int i, const OpDef& op, const TensorDims& dims);

  // --- Shapes.

  /// Mostly those of the taste or close to it.
  TensorDims SomeDims(int min_rank = 0, int max_rank = 5);
  /// That broadcast with `dims`.
  TensorDims BroadcastableWith(const TensorDims& dims);
  int64_t SomeDim();
  /// An axis of a tensor of that rank, counted from either end.
  int64_t SomeAxis(int64_t rank);
  int64_t Signed(int64_t axis, int64_t rank);

  // --- Attributes and outputs.

  void SetInt(std::string_view name, int64_t value);
  void SetFloat(std::string_view name, float value);
  void SetInts(std::string_view name, std::vector<int64_t> values);
  void SetString(std::string_view name, std::string_view value);
  void SetFloats(std::string_view name, std::vector<float> values);
  void SetStrings(std::string_view name, std::vector<std::string_view> values);
  void SetTensor(std::string_view name, TensorRef tensor);
  void SetOutputs(int count) { num_outputs_ = count; }

  /// This draft cannot become a node.
  void Fail() { failed_ = true; }
  bool failed() const { return failed_; }

  // --- For the builder.
  bool MayBeAbsent(int i) const;
  std::vector<ValueId> operands() const;
  std::vector<Attribute>& attributes() { return attributes_; }
  int num_outputs() const { return num_outputs_; }
  /// Takes attributes and all but the first operand of a node of the same
  /// operator, where they are not settled. False: it has what may not be.
  bool Imitate(const RandomNode& node);

 private:
  Slot::Kind KindOf(int i) const;
  /// The slot that decides on operand `i`.
  int Leader(int i) const;
  void Put(int i, ValueId value);
  /// Adds a leaf: a constant, an input, or a copy of an input.
  void PutLeaf(int i, TensorRef tensor, std::optional<Numbers> numbers,
               bool constant);
  bool DrawConstant(int i, int percent);
  void Set(std::string_view name, AttrKind kind, AttributeValue value);

  GraphBuilder& builder_;
  const OpDef& op_;
  std::vector<Slot> slots_;
  std::vector<ValueId> ids_;
  std::vector<Attribute> attributes_;
  bool open_ended_;
  bool failed_ = false;
  bool imitates_ = false;
  int num_outputs_ = 1;
};

struct Sampler {
  OpId op;
  void (*sample)(NodeDraft&);
  /// Ranks of operand 0 that make sense.
  int min_rank = 0;
  int max_rank = 5;
};
using SamplerList = std::vector<Sampler>;

/// Of any elementwise operator that has no attributes of its own kind.
void SampleElementwise(NodeDraft& d);

SamplerList ElementwiseSamplers();
SamplerList MovementSamplers();
SamplerList ReductionSamplers();
SamplerList LinearSamplers();
SamplerList PoolSamplers();
SamplerList NormalizationSamplers();
SamplerList IndexSamplers();  // Scatter, TopK, OneHot...
SamplerList FillSamplers();   // values from few: Range, EyeLike...
SamplerList QuantizationSamplers();
SamplerList RecurrentSamplers();
SamplerList ImageSamplers();      // GridSample, RoiAlign, Col2Im...
SamplerList AttentionSamplers();  // Attention, RotaryEmbedding, Einsum
SamplerList SignalSamplers();     // DFT, windows...
SamplerList TextSamplers();
SamplerList MlSamplers();
SamplerList SvmSamplers();
SamplerList TreeSamplers();

/// For operand 0: what ONNX Runtime has kernels for in ai.onnx.ml.
ElementType MostlyFloat(NodeDraft& d);
/// post_transform, now and then, and the labels of `count` classes.
void SetPostTransform(NodeDraft& d);
void SetClassLabels(NodeDraft& d, std::string_view ints, int64_t count);

/// Null when there is none. Elementwise operators without an entry share one.
/// Older versions have one in ai.onnx.ml only.
const Sampler* FindSampler(const OpDef& op);

/// The formal operand of actual operand `i`; null past the end.
const OperandDef* FormalInput(const OpDef& op, int i);
/// Whether the schema lets operand `i` be a tensor of that type.
bool Allows(const OpDef& op, int i, ElementType element);
/// The drawable types that operand `i` may have.
std::vector<ElementType> AllowedTypes(const OpDef& op, int i);

}  // namespace onnxopt::random_graphs

#endif  // ONNXOPT_TEST_RANDOM_GRAPHS_SAMPLERS_H_
