// SPDX-License-Identifier: Apache-2.0
// From the opsets of a file to the canonical one, and back.
#ifndef ONNXOPT_PASSES_OPSET_UPGRADE_H_
#define ONNXOPT_PASSES_OPSET_UPGRADE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "ir/model.h"
#include "passes/opset/target.h"
#include "support/diagnostics.h"

namespace onnxopt {

/// Lifts every node of ai.onnx and ai.onnx.ml, in all graphs and function
/// bodies in topological order, to its canonical form; the types of its outputs
/// are inferred on the way, for some steps need them. A node that has no exact
/// canonical form, or for which something would have to be known, stays as it
/// is, with a remark. The state becomes kCanonical.
///
/// An old node that takes several canonical ones to say becomes these if the
/// target is another opset, or if its inputs are constant, so that they can
/// vanish. At its own opset it is better left as it is. Without a target it is
/// always taken apart. The IR version rises to what the target needs.
absl::Status Upgrade(Model& model, const Target* target,
                     Diagnostics* diagnostics);

/// The reverse, to `target`. A node that is as Upgrade left it becomes what it
/// was in the file, to the byte; constants that nothing uses any more vanish.
/// The state becomes kLegalized, and the model imports what the target says.
/// A node that the target cannot say becomes several where that is exact.
/// An error lists the nodes that cannot be expressed and leaves the model half
/// done. There are none at the file's own opset if every node that was made
/// since Upgrade passed Target::WhyNot.
absl::Status Legalize(Model& model, const Target& target,
                      Diagnostics* diagnostics);

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_OPSET_UPGRADE_H_
