// SPDX-License-Identifier: Apache-2.0

#include "ir/ops/op_table.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>

#include "ir/op_def.h"

namespace onnxopt {
namespace {

constexpr bool kDeprecated = true;

constexpr OpRow kOpTable[] = {
#include "ir/ops/ai_onnx_a_b.inc"
#include "ir/ops/ai_onnx_c.inc"
#include "ir/ops/ai_onnx_d_g.inc"
#include "ir/ops/ai_onnx_h_l.inc"
#include "ir/ops/ai_onnx_m_p.inc"
#include "ir/ops/ai_onnx_q_r.inc"
#include "ir/ops/ai_onnx_s.inc"
#include "ir/ops/ai_onnx_t_z.inc"
// Other domains, whose names follow all capitals.
#include "ir/ops/ai_onnx_ml.inc"
#include "ir/ops/ai_onnx_preview.inc"
#include "ir/ops/ai_onnx_preview_training.inc"
};

constexpr Trait kNone = Trait::kNone;
constexpr Trait kPure = Trait::kPure;
constexpr Trait kElementwise = Trait::kElementwise;
constexpr Trait kCommutative = Trait::kCommutative;
constexpr Trait kAssociative = Trait::kAssociative;
constexpr Trait kDataMovement = Trait::kDataMovement;
constexpr Trait kNonDeterministic = Trait::kNonDeterministic;
constexpr Trait kShapeOnly = Trait::kShapeOnly;
constexpr Trait kHasBody = Trait::kHasBody;
constexpr Trait kIdempotent = Trait::kIdempotent;
constexpr Trait kForwardsInput = Trait::kForwardsInput;
constexpr Trait kForwardsSingleInput = Trait::kForwardsSingleInput;
constexpr Trait kReshaping = Trait::kReshaping;

constexpr TraitStatement kTraitStatements[] = {
#include "ir/ops/traits.inc"
};

}  // namespace

std::span<const OpRow> OpTable() { return kOpTable; }

std::span<const TraitStatement> TraitStatements() { return kTraitStatements; }

Trait StandardTraits(std::string_view full_name, int64_t since_version) {
  const auto* it = std::upper_bound(
      std::begin(kTraitStatements), std::end(kTraitStatements),
      std::pair(full_name, since_version),
      [](const auto& key, const TraitStatement& statement) {
        return key < std::pair(statement.full_name, statement.from_version);
      });
  if (it == std::begin(kTraitStatements)) return Trait::kNone;
  --it;
  return it->full_name == full_name ? it->traits : Trait::kNone;
}

}  // namespace onnxopt
