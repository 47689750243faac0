// SPDX-License-Identifier: Apache-2.0
#include "frontend/onnx/checker.h"

#include <algorithm>
#include <exception>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "frontend/onnx/parse.h"
#include "frontend/onnx/schemas.h"
#include "frontend/onnx/skeleton.h"
#include "frontend/proto_fields.h"
#include "frontend/wire_reader.h"
#include "onnx/checker.h"
#include "support/status.h"

namespace onnxopt {
namespace {

constexpr int64_t kFirstIrWithFunctions = 8;

// What a model, or one of its functions, asks of whoever reads it.
struct Requirements {
  int64_t ir_version = 0;
  // The greatest version of each domain.
  absl::flat_hash_map<std::string_view, int64_t> imports;
  absl::flat_hash_set<std::string_view> function_domains;
};

void AddImport(std::string_view opset_id, Requirements* out) {
  std::string_view domain;
  int64_t version = 0;
  WireReader reader(opset_id);
  while (reader.Next()) {
    if (reader.Is(proto::opset_id::kDomain, WireType::kBytes)) {
      domain = reader.bytes();
    } else if (reader.Is(proto::opset_id::kVersion, WireType::kVarint)) {
      version = reader.int64();
    }
  }
  int64_t& known = out->imports[domain];
  known = std::max(known, version);
}

void AddFunction(std::string_view function, Requirements* out) {
  std::string_view domain;
  WireReader reader(function);
  while (reader.Next()) {
    if (reader.Is(proto::function::kDomain, WireType::kBytes)) {
      domain = reader.bytes();
    } else if (reader.Is(proto::function::kOpsetImport, WireType::kBytes)) {
      AddImport(reader.bytes(), out);
    }
  }
  out->function_domains.insert(domain);
}

Requirements RequirementsOf(std::string_view model) {
  Requirements result;
  WireReader reader(model);
  while (reader.Next()) {
    if (reader.Is(proto::model::kIrVersion, WireType::kVarint)) {
      result.ir_version = reader.int64();
    } else if (reader.Is(proto::model::kOpsetImport, WireType::kBytes)) {
      AddImport(reader.bytes(), &result);
    } else if (reader.Is(proto::model::kFunctions, WireType::kBytes)) {
      AddFunction(reader.bytes(), &result);
    }
  }
  return result;
}

// 0: libonnx does not know the domain.
int64_t MaxKnownVersion(std::string_view domain) {
  if (domain.empty()) return kOnnxCheckerMaxOpset;
  if (domain == "ai.onnx.ml") return kOnnxCheckerMaxMlOpset;
  if (domain == "ai.onnx.training") return 1;
  if (domain == "ai.onnx.preview.training") return 1;
  return 0;
}

std::string OneLine(std::string message) {
  absl::StrReplaceAll({{"==> Context: ", "in: "}, {"\n", " "}}, &message);
  absl::RemoveExtraAsciiWhitespace(&message);
  return message;
}

// What onnx::checker::check_model does, beyond what we check ourselves.
absl::Status RunChecker(const onnx::ModelProto& model) {
  try {
    onnx::checker::CheckerContext context;
    context.set_schema_registry(&LazySchemas());
    context.set_ir_version(static_cast<int>(model.ir_version()));
    std::unordered_map<std::string, int> imports;
    for (const onnx::OperatorSetIdProto& import : model.opset_import()) {
      imports[import.domain()] = static_cast<int>(import.version());
    }
    if (imports.empty()) imports[onnx::ONNX_DOMAIN] = 1;  // IR before 3
    context.set_opset_imports(std::move(imports));
    const onnx::checker::LexicalScopeContext scope;
    onnx::checker::check_graph(model.graph(), context, scope);
    if (model.ir_version() >= kFirstIrWithFunctions) {
      onnx::checker::check_model_local_functions(model, context, scope);
    }
    return absl::OkStatus();
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("libonnx: ", OneLine(error.what())));
  }
}

}  // namespace

bool OnnxCheckerApplies(std::string_view model_bytes) {
  const Requirements needs = RequirementsOf(model_bytes);
  if (needs.ir_version > kOnnxCheckerMaxIrVersion) return false;
  for (const auto& [domain, version] : needs.imports) {
    const int64_t known = MaxKnownVersion(domain);
    const bool applies =
        known > 0 ? version <= known : needs.function_domains.contains(domain);
    if (!applies) return false;
  }
  return true;
}

absl::Status CheckWithOnnx(const Buffer& model_bytes) {
  if (!OnnxCheckerApplies(model_bytes.bytes())) return absl::OkStatus();
  onnx::ModelProto model;
  {
    ASSIGN_OR_RETURN(const std::string skeleton,
                     StripTensorContents(model_bytes.bytes()));
    RETURN_IF_ERROR(ParseModelProto(skeleton, &model));
  }
  return RunChecker(model);
}

}  // namespace onnxopt
