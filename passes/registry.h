// SPDX-License-Identifier: Apache-2.0
// The passes a pipeline may name.
#ifndef ONNXOPT_PASSES_REGISTRY_H_
#define ONNXOPT_PASSES_REGISTRY_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "passes/pass.h"

namespace onnxopt {

/// A name for several passes, in the order in which they run.
struct PassGroup {
  std::string name;
  std::string summary;
  std::vector<std::string> members;
};

/// Passes and groups by name. Pointers handed out stay valid as long as the
/// registry. In look-ups `_` stands for `-`.
class PassRegistry {
 public:
  PassRegistry() = default;
  PassRegistry(const PassRegistry&) = delete;
  PassRegistry& operator=(const PassRegistry&) = delete;

  /// An error if the name is taken or not kebab-case, or nothing is to run.
  absl::Status Add(PassInfo pass);
  /// An error if the name is taken or not kebab-case, or if there are no
  /// members or one is not a registered pass.
  absl::Status AddGroup(PassGroup group);

  /// Null if there is none.
  const PassInfo* Find(std::string_view name) const;
  const PassGroup* FindGroup(std::string_view name) const;
  /// A part of any pass.
  const PassPart* FindPart(std::string_view name) const;

  /// Sorted by name.
  std::vector<const PassInfo*> all() const;
  std::vector<const PassGroup*> groups() const;
  std::vector<const PassPart*> parts() const;

  /// The error for a name that is neither a pass, a group nor a part: quotes it
  /// and suggests the nearest one.
  absl::Status UnknownName(std::string_view name) const;

 private:
  absl::Status CheckNewName(std::string_view name) const;

  std::map<std::string, PassInfo, std::less<>> passes_;
  std::map<std::string, PassGroup, std::less<>> groups_;
};

/// Adds the passes and groups of onnx-opt to an empty registry. Embedders add
/// their own afterwards.
void RegisterBuiltin(PassRegistry& registry);

}  // namespace onnxopt

#endif  // ONNXOPT_PASSES_REGISTRY_H_
