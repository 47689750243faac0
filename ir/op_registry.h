// SPDX-License-Identifier: Apache-2.0

#ifndef ONNXOPT_IR_OP_REGISTRY_H_
#define ONNXOPT_IR_OP_REGISTRY_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "ir/op_def.h"

namespace onnxopt {

// The ai.onnx opset that all semantic code is written for.
inline constexpr int64_t kCanonicalOpset = 27;
inline constexpr std::string_view kMlDomain = "ai.onnx.ml";
// The newest known version of ai.onnx.ml.
inline constexpr int64_t kMaxMlOpset = 5;
// The newest known IR version.
inline constexpr int64_t kMaxIrVersion = 13;

// Before it, every initializer has to be listed among the inputs.
inline constexpr int64_t kFirstIrWithoutListing = 4;

// The lowest IR version a model may state that imports ai.onnx at `opset`: that
// of the first ONNX release with this opset.
int64_t MinIrVersion(int64_t opset);

// The known operators: those of ONNX, and custom ones of an embedder.
// Immutable and thread-safe. The OpDefs handed out live as long as the
// registry; those of standard operators live for ever. In all functions the
// domains "ai.onnx" and "" are the same.
class OpRegistry {
 public:
  // The standard operators up to kCanonicalOpset and kMaxMlOpset. A definition
  // is parsed when it is first asked for.
  static std::shared_ptr<const OpRegistry> Builtin();

  // This registry and `ops`. An error if one of `ops` is malformed, has a
  // version below 1, is already known at the same version, or is a standard
  // operator, which cannot be replaced or given further versions.
  absl::StatusOr<std::shared_ptr<const OpRegistry>> With(
      std::vector<CustomOp> ops) const;

  // The definition in force in `opset_version` of `domain`: the newest whose
  // since_version is not greater (it may be deprecated()). nullptr: none.
  const OpDef* Find(std::string_view domain, std::string_view name,
                    int64_t opset_version) const;

  // The definition introduced in exactly this version, or nullptr.
  const OpDef* FindExact(std::string_view domain, std::string_view name,
                         int64_t since_version) const;

  // All definitions: standard operators by ascending full name and version,
  // then custom ones by domain, name and version.
  std::vector<const OpDef*> All() const;

  // The newest known version of `domain`; for a domain of custom operators,
  // the greatest since_version. 0: the domain is not known.
  int64_t max_version(std::string_view domain) const;

 private:
  using Key = std::pair<std::string_view, std::string_view>;

  OpRegistry() = default;

  // Ascending in domain, name and version.
  std::vector<std::shared_ptr<const OpDef>> custom_;
  // Domain and name to the versions of a custom operator, ascending.
  absl::flat_hash_map<Key, std::vector<const OpDef*>> custom_index_;
};

}  // namespace onnxopt

#endif  // ONNXOPT_IR_OP_REGISTRY_H_
