// SPDX-License-Identifier: Apache-2.0
// Nodes that become several nodes on their way from one opset to another.
#ifndef ONNXOPT_PASSES_OPSET_EXPANSION_H_
#define ONNXOPT_PASSES_OPSET_EXPANSION_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ir/node.h"
#include "passes/opset/target.h"
#include "passes/rewrite/rewriter.h"

namespace onnxopt::opset {

/// How to say a node of `op` with several canonical nodes. `build` is that of a
/// rewrite rule whose root is the node; it declines what it cannot say.
struct Expansion {
  OpId op;
  /// The last version that needs it; 0: the canonical one, for targets that
  /// lack the operator or what the node asks of it.
  int64_t last_version;
  Value* (*build)(Rewriter&);
};

/// Expansions of old versions, and of canonical nodes.
std::span<const Expansion> UpwardExpansions();
std::span<const Expansion> DownwardExpansions();

/// Replaces `node`, which then has no users and is to be erased, by canonical
/// nodes that are added to `made` and that `target`, if there is one, can
/// express. If that is not possible returns false, and `why_not` is what is in
/// the way: "its rank is not known", or empty if there is no such expansion.
bool Expand(Node& node, std::span<const Expansion> expansions,
            const Target* target, std::vector<Node*>* made,
            std::string* why_not);

/// Whether Expand would replace `node`.
bool CanExpand(Node& node, std::span<const Expansion> expansions,
               const Target& target);

}  // namespace onnxopt::opset

#endif  // ONNXOPT_PASSES_OPSET_EXPANSION_H_
