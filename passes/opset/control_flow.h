// SPDX-License-Identifier: Apache-2.0
// Scan and Loop, whose bodies have to change with them.
#ifndef ONNXOPT_PASSES_OPSET_CONTROL_FLOW_H_
#define ONNXOPT_PASSES_OPSET_CONTROL_FLOW_H_

#include <string>
#include <vector>

#include "ir/node.h"

namespace onnxopt::opset {

// All add the canonical nodes that they make to `made`, and return why that is
// not possible, or an empty string. Source: the texts of Scan-8, Scan-9, Loop-1
// and Loop-11.

/// Scan-8 has a batch axis before all others. With a batch of one it becomes a
/// Scan-9 between nodes that take this axis away and put it back, else a Scan
/// over the batch whose body is the Scan over the sequences.
std::string LiftScan(Node& scan, std::vector<Node*>* made);
/// Makes a Scan-9 a Scan-8 with a batch of one.
std::string LowerScan(Node& scan, std::vector<Node*>* made);
/// Why LowerScan would not.
std::string WhyNotLowerScan(const Node& scan);
/// Before opset 11 a Loop has at least one state. Replaces `loop`, which then
/// has no users and is to be erased, by one with a state that nobody reads.
std::string LowerLoop(Node& loop, std::vector<Node*>* made);

}  // namespace onnxopt::opset

#endif  // ONNXOPT_PASSES_OPSET_CONTROL_FLOW_H_
