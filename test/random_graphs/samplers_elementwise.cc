// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <variant>

#include "test/random_graphs/samplers.h"

namespace onnxopt::random_graphs {
namespace {

bool IsSpecial(const NodeDraft& d) {
  return d.taste().numbers == Numbers::kSpecial;
}

// The dims that settled operands have together; those of the taste without.
TensorDims CommonDims(NodeDraft& d) {
  for (int i = 0; i < d.size(); ++i) {
    if (d.Has(i)) return d.dims(i);
  }
  return d.SomeDims();
}

// Operands that broadcast; those before `limit`.
void ChooseBroadcasting(NodeDraft& d, int limit,
                        std::optional<Numbers> numbers = std::nullopt) {
  const TensorDims common = CommonDims(d);
  bool first = true;
  for (int i = 0; i < limit; ++i) {
    if (d.Has(i)) {
      first = false;
    } else if (d.MayBeAbsent(i) && !d.Wants(i, i == 0 ? 100 : 90)) {
      continue;
    } else {
      d.Choose(
          i,
          first && d.rng().Percent(80) ? common : d.BroadcastableWith(common),
          numbers);
      first = false;
    }
  }
}

int OperandCount(NodeDraft& d) {
  const auto& formals = d.op().inputs();
  const auto fixed = static_cast<int>(formals.size());
  if (formals.back().option != OperandDef::kVariadic) return fixed;
  const auto extra =
      d.open_ended() ? static_cast<int>(d.rng().Between(0, 2)) : 0;
  return std::max({d.size() + extra, fixed, 1});
}

// Division by the integer 0 is not defined.
void Quotient(NodeDraft& d) {
  const TensorDims common = CommonDims(d);
  if (!d.Has(0)) {
    d.Choose(0, d.Has(1) ? d.BroadcastableWith(common) : common);
  }
  const bool zero_allowed = IsFloat(d.ElementFor(1)) && d.rng().Percent(25);
  const Numbers nonzero =
      IsSpecial(d) ? Numbers::kSpecialNonzero : Numbers::kNonzero;
  d.Choose(1, d.BroadcastableWith(common),
           zero_allowed ? d.taste().numbers : nonzero);
}

void SampleMod(NodeDraft& d) {
  Quotient(d);
  if (d.failed()) return;
  d.SetInt("fmod", IsFloat(d.element(0)) || d.rng().Percent(30) ? 1 : 0);
}

void SampleBitShift(NodeDraft& d) {
  ChooseBroadcasting(d, 2, Numbers::kModerate);
  d.SetString("direction", d.rng().Percent(50) ? "LEFT" : "RIGHT");
}

void SampleClip(NodeDraft& d) {
  d.Choose(0, d.SomeDims());
  for (const int i : {1, 2}) {
    if (d.Wants(i, 65)) d.Choose(i, {});
  }
}

void SampleCast(NodeDraft& d) {
  d.Choose(0, d.SomeDims());
  if (d.failed()) return;
  const ElementType to =
      d.rng().Percent(25) ? d.element(0) : d.rng().Of(DrawableTypes());
  d.SetInt("to", static_cast<int64_t>(to));
}

void SampleCastLike(NodeDraft& d) {
  d.Choose(0, d.SomeDims());
  if (d.failed()) return;
  d.Choose(1, d.SomeDims(), std::nullopt,
           d.rng().Percent(30) ? d.element(0) : d.rng().Of(DrawableTypes()));
}

void SampleBitCast(NodeDraft& d) {
  d.Choose(0, d.SomeDims());
  if (d.failed()) return;
  std::vector<ElementType> same_width;
  for (const ElementType type : DrawableTypes()) {
    if (BitWidth(type) == BitWidth(d.element(0))) same_width.push_back(type);
  }
  d.SetInt("to", static_cast<int64_t>(d.rng().Of(same_width)));
}

void SamplePRelu(NodeDraft& d) {
  d.Choose(0, d.SomeDims());
  if (d.failed()) return;
  // The slope broadcasts to the data, not the other way round.
  TensorDims slope = d.dims(0);
  for (int64_t& dim : slope) {
    if (d.rng().Percent(50)) dim = 1;
  }
  if (d.rng().Percent(40) && !slope.empty()) {
    slope.erase(slope.begin(), slope.begin() + d.rng().Between(0, d.rank(0)));
  }
  d.Choose(1, slope);
}

void SampleDropout(NodeDraft& d) {
  d.Choose(0, d.SomeDims());
  if (d.Wants(1, 40)) {
    d.Choose(1, {}, Numbers::kModerate);
  }
  if (d.Wants(2, 40)) {
    d.ChooseParameter(
        2, SplatOf(ElementType::kBool, {}, d.rng().Percent(25) ? 1.0 : 0.0));
  }
}

void SampleGelu(NodeDraft& d) {
  d.Choose(0, d.SomeDims());
  if (d.rng().Percent(50)) {
    d.SetString("approximate", d.rng().Percent(50) ? "tanh" : "none");
  }
}

// Not elementwise by broadcasting, but of the same shape.
void SampleAlongAxis(NodeDraft& d) {
  d.Choose(0, d.SomeDims(1));
  if (d.failed()) return;
  if (d.rng().Percent(75)) d.SetInt("axis", d.SomeAxis(d.rank(0)));
}

}  // namespace

void SampleElementwise(NodeDraft& d) {
  if (d.op().inputs().empty()) return d.Fail();
  ChooseBroadcasting(d, OperandCount(d));
  for (const AttrDef& attribute : d.op().attributes()) {
    if (attribute.required) return d.Fail();
    if (!d.rng().Percent(50)) continue;
    if (attribute.kind == AttrKind::kFloat) {
      d.SetFloat(attribute.name,
                 static_cast<float>(d.rng().Between(-8, 16)) / 8);
    } else if (std::holds_alternative<int64_t>(attribute.default_value)) {
      d.SetInt(attribute.name, d.rng().Between(0, 1));
    }
  }
}

SamplerList ElementwiseSamplers() {
  return {
      {"Div"_op, Quotient},
      {"Mod"_op, SampleMod},
      {"BitShift"_op, SampleBitShift},
      {"Clip"_op, SampleClip},
      {"Cast"_op, SampleCast},
      {"CastLike"_op, SampleCastLike},
      {"BitCast"_op, SampleBitCast},
      {"PRelu"_op, SamplePRelu},
      {"Dropout"_op, SampleDropout},
      {"Gelu"_op, SampleGelu},
      {"Softmax"_op, SampleAlongAxis, 1},
      {"LogSoftmax"_op, SampleAlongAxis, 1},
      {"Hardmax"_op, SampleAlongAxis, 1},
  };
}

}  // namespace onnxopt::random_graphs
