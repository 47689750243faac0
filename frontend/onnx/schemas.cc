// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/schemas.h"

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "onnx/defs/operator_sets.h"
#include "onnx/defs/operator_sets_ml.h"
#include "onnx/defs/operator_sets_preview.h"

namespace onnxopt {
namespace {

struct Version {
  int since;
  onnx::OpSchema (*make)();
  std::unique_ptr<const onnx::OpSchema> schema;
};

constexpr std::string_view kOnnx = "";
constexpr std::string_view kOnnxML = "ai.onnx.ml";
constexpr std::string_view kOnnxPreview = "ai.onnx.preview.training";

class Registry : public onnx::ISchemaRegistry {
 public:
  Registry() {
#define SCHEMA(domain, op, version)                                 \
  versions_[{k##domain, #op}].push_back(                            \
      {version,                                                     \
       onnx::GetOpSchema<onnx::ONNX_OPERATOR_SET_SCHEMA_CLASS_NAME( \
           domain, version, op)>,                                   \
       nullptr});
#include "frontend/onnx/schemas.inc"
#undef SCHEMA
  }

  const onnx::OpSchema* GetSchema(const std::string& op, int max_version,
                                  const std::string& domain) const override {
    const auto found = versions_.find(
        std::pair<std::string_view, std::string_view>(domain, op));
    if (found == versions_.end()) return nullptr;
    Version* newest = nullptr;
    for (Version& version : found->second) {
      if (version.since <= max_version) newest = &version;
    }
    if (newest == nullptr) return nullptr;
    const std::lock_guard<std::mutex> lock(mutex_);
    if (newest->schema == nullptr) {
      auto schema = std::make_unique<onnx::OpSchema>(newest->make());
      schema->Finalize();
      newest->schema = std::move(schema);
    }
    return newest->schema.get();
  }

 private:
  // By domain and operator; versions ascend.
  mutable absl::flat_hash_map<std::pair<std::string_view, std::string_view>,
                              std::vector<Version>>
      versions_;
  mutable std::mutex mutex_;
};

}  // namespace

const onnx::ISchemaRegistry& LazySchemas() {
  static const Registry& registry = *new Registry;
  return registry;
}

}  // namespace onnxopt
