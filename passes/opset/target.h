// SPDX-License-Identifier: Apache-2.0
#ifndef ONNXOPT_PASSES_OPSET_TARGET_H_
#define ONNXOPT_PASSES_OPSET_TARGET_H_
#include <string>
#include "ir/node.h"
namespace onnxopt {
class Target {
 public:
  std::string WhyNot(const Node&) const { return {}; }
};
}  // namespace onnxopt
#endif
