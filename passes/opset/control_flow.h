// SPDX-License-Identifier: Apache-2.0
// Scan of opset 8, which has a batch axis before all others.
#ifndef ONNXOPT_PASSES_OPSET_SCAN_H_
#define ONNXOPT_PASSES_OPSET_SCAN_H_

#include <string>
#include <vector>

#include "ir/node.h"

namespace onnxopt::opset {

/// Makes a Scan-8 with one image a batch a Scan-9 between nodes that take the
/// batch axis away and put it back; LowerScan does the reverse. The nodes made
/// are canonical, and are added to `made`. Return why that is not possible,
/// or an empty string. Source: the texts of Scan-8 and Scan-9.
std::string LiftScan(Node& scan, std::vector<Node*>* made);
std::string LowerScan(Node& scan, std::vector<Node*>* made);

}  // namespace onnxopt::opset

#endif  // ONNXOPT_PASSES_OPSET_SCAN_H_
