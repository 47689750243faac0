// SPDX-License-Identifier: Apache-2.0
// Arguments of operators drawn without sense, for tests of what they may not
// break.
#ifndef ONNXOPT_EVAL_SENSELESS_ARGUMENTS_H_
#define ONNXOPT_EVAL_SENSELESS_ARGUMENTS_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eval/signature.h"
#include "eval/testing.h"

namespace onnxopt::eval {

/// Draws arguments of one operator, the same ones every time.
class SenselessArguments {
 public:
  explicit SenselessArguments(const OpDef& op)
      : op_(op),
        engine_(std::hash<std::string_view>()(op.FullName()) +
                static_cast<uint64_t>(op.since_version())) {}

  struct Arguments {
    std::vector<TensorRef> inputs;  // null: absent
    std::vector<Attribute> attributes;
    int num_outputs;
  };
  Arguments Draw() {
    types_.clear();
    dims_ = SomeDims();
    Arguments arguments;
    const int most = std::min(op_.max_inputs(), op_.min_inputs() + 4);
    const int count = Between(op_.min_inputs(), most);
    for (int i = 0; i < count; ++i) {
      const OperandDef& formal =
          op_.inputs()[std::min<size_t>(i, op_.inputs().size() - 1)];
      const bool absent = formal.option == OperandDef::kOptional && Percent(30);
      arguments.inputs.push_back(absent ? nullptr : SomeTensor(formal));
    }
    for (const AttrDef& def : op_.attributes()) {
      if (!Percent(def.required ? 95 : 40)) continue;
      AddAttribute(def, arguments.attributes);
    }
    arguments.num_outputs = Between(
        op_.min_outputs(), std::min(op_.max_outputs(), op_.min_outputs() + 3));
    return arguments;
  }

  int Between(int low, int high) {
    return low + static_cast<int>(engine_() % (high - low + 1));
  }
  bool Percent(int percent) { return Between(1, 100) <= percent; }

 private:
  template <typename T>
  T OneOf(std::initializer_list<T> values) {
    return values.begin()[engine_() % values.size()];
  }

  int64_t SomeInt() {
    if (Percent(85)) return Between(-2, 5);
    return OneOf<int64_t>({INT64_MIN, INT64_MIN + 1, -100, 100,
                           int64_t{1} << 40, INT64_MAX, INT32_MAX, INT32_MIN});
  }
  double SomeDouble() {
    return OneOf<double>({NAN, INFINITY, -INFINITY, -0.0, 0, 1, -1, 0.5, 2.5, 3,
                          1e30, -1e-30, 1e308});
  }
  std::string SomeString() {
    return std::string(OneOf<std::string_view>({"",
                                                "a",
                                                "B c",
                                                "\xc3\xa9",
                                                "\xff",
                                                "1",
                                                "-2.5",
                                                "nan",
                                                "1e999",
                                                "[",
                                                "constant",
                                                "reflect",
                                                "edge",
                                                "wrap",
                                                "NOTSET",
                                                "SAME_UPPER",
                                                "SAME_LOWER",
                                                "VALID",
                                                "nearest",
                                                "linear",
                                                "cubic",
                                                "half_pixel",
                                                "align_corners",
                                                "tf_crop_and_resize",
                                                "floor",
                                                "max",
                                                "add",
                                                "mul",
                                                "mean",
                                                "sum",
                                                "none",
                                                "DCR",
                                                "CRD",
                                                "ij,jk->ik",
                                                "...i,i->...",
                                                "reverse",
                                                "bidirectional",
                                                "tanh",
                                                "Tanh",
                                                "Sigmoid",
                                                "delta",
                                                "gated",
                                                "LOWER",
                                                "TF",
                                                "zeros",
                                                "border",
                                                "avg",
                                                "int8"}));
  }

  TensorDims SomeDims() {
    TensorDims dims(Between(0, 5));
    for (int64_t& dim : dims) dim = OneOf<int64_t>({0, 1, 1, 2, 2, 3, 4});
    return dims;
  }

  ElementType SomeType(const OperandDef& formal) {
    const auto bound = types_.find(formal.type);
    if (bound != types_.end() && Percent(95)) return bound->second;
    std::vector<ElementType> allowed;
    for (int i = 1; i < kNumElementTypes; ++i) {
      const auto type = static_cast<ElementType>(i);
      const std::string name =
          "tensor(" + std::string(ElementTypeName(type)) + ")";
      if (AllowsType(op_, formal.type, type) || formal.type == name ||
          Percent(1)) {
        allowed.push_back(type);
      }
    }
    if (allowed.empty()) return ElementType::kFloat;
    return types_[formal.type] = allowed[engine_() % allowed.size()];
  }

  TensorRef SomeTensor(const OperandDef& formal) {
    const ElementType type = SomeType(formal);
    TensorDims dims = Percent(50) ? dims_ : SomeDims();
    if (Percent(20)) dims = {static_cast<int64_t>(dims_.size())};
    return SomeTensor(type, dims);
  }

  TensorRef SomeTensor(ElementType type, const TensorDims& dims) {
    const int64_t count = *NumElements(dims);
    if (type == ElementType::kString) {
      std::vector<std::string> strings(count);
      for (std::string& text : strings) text = SomeString();
      return *Tensor::Strings(dims, std::move(strings));
    }
    const int bits = BitWidth(type);
    if (bits >= 8 && Percent(3)) {
      return *Tensor::Splat(type, {int64_t{1} << 20, int64_t{1} << 20},
                            std::string(bits / 8, '\1'));
    }
    std::string bytes;
    for (int64_t i = 0; i < count; ++i) Append(type, bytes);
    bytes.resize(*ByteSize(type, count));
    return *Tensor::Owned(type, dims, bytes);
  }

  void Append(ElementType type, std::string& bytes) {
    const auto append = [&bytes](auto value) {
      bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
    };
    switch (type) {
      case ElementType::kFloat:
        return append(static_cast<float>(SomeDouble()));
      case ElementType::kDouble:
        return append(SomeDouble());
      case ElementType::kInt64:
      case ElementType::kUint64:
        return append(SomeInt());
      case ElementType::kInt32:
      case ElementType::kUint32:
        return append(static_cast<int32_t>(SomeInt()));
      case ElementType::kBool:
        return append(static_cast<uint8_t>(Between(0, 1)));
      default:
        for (int i = 0; i * 8 < BitWidth(type); ++i) {
          append(static_cast<uint8_t>(engine_()));
        }
    }
  }

  void AddAttribute(const AttrDef& def, std::vector<Attribute>& attributes) {
    AttributeValue value;
    switch (def.kind) {
      case AttrKind::kInt:
        value = SomeInt();
        break;
      case AttrKind::kFloat:
        value = static_cast<float>(SomeDouble());
        break;
      case AttrKind::kString:
        value = Keep(SomeString());
        break;
      case AttrKind::kInts: {
        std::vector<int64_t> ints(Between(0, 6));
        for (int64_t& i : ints) i = SomeInt();
        value = std::move(ints);
        break;
      }
      case AttrKind::kFloats: {
        std::vector<float> floats(Between(0, 4));
        for (float& f : floats) f = static_cast<float>(SomeDouble());
        value = std::move(floats);
        break;
      }
      case AttrKind::kStrings: {
        std::vector<std::string_view> texts(Between(0, 4));
        for (std::string_view& text : texts) text = Keep(SomeString());
        value = std::move(texts);
        break;
      }
      case AttrKind::kTensor:
        value = SomeTensor(OneOf({ElementType::kFloat, ElementType::kInt64,
                                  ElementType::kString, ElementType::kDouble}),
                           {Between(0, 3)});
        break;
      default:
        return;
    }
    attributes.push_back(MakeAttribute(def.name, def.kind, std::move(value)));
  }
  std::string_view Keep(std::string text) {
    return *texts_.insert(std::move(text)).first;
  }

  const OpDef& op_;
  std::mt19937_64 engine_;
  std::map<std::string_view, ElementType> types_;
  TensorDims dims_;
  std::set<std::string> texts_;
};

}  // namespace onnxopt::eval

#endif  // ONNXOPT_EVAL_SENSELESS_ARGUMENTS_H_
