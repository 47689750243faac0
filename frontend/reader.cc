// SPDX-License-Identifier: Apache-2.0
#include "frontend/reader.h"

#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "frontend/annotations_wire.h"
#include "frontend/attribute_reader.h"
#include "frontend/graph_reader.h"
#include "frontend/proto_fields.h"
#include "frontend/tensor_reader.h"
#include "frontend/text_parser.h"
#include "frontend/wire_reader.h"
#include "ir/graph_editor.h"
#include "ir/verifier.h"
#include "support/status.h"
#include "support/text_escape.h"

namespace onnxopt {
namespace {

namespace field = proto::model;

constexpr int64_t kOldestIrVersion = 1;

// The parts of a ModelProto that are read one after the other.
struct Parts {
  std::vector<std::string_view> graphs, functions;
};

absl::StatusOr<OpsetImport> ReadImport(std::string_view message, Model* model) {
  OpsetImport import;
  AnnotationsReader rest(0, 0);
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.Is(proto::opset_id::kDomain, WireType::kBytes)) {
      import.domain = rest.String(reader);
      if (import.domain == "ai.onnx") {
        rest.Keep(reader);
        import.domain = "";
      }
    } else if (reader.Is(proto::opset_id::kVersion, WireType::kVarint)) {
      import.version = reader.int64();
    } else {
      rest.Keep(reader);
    }
  }
  RETURN_IF_ERROR(reader.status());
  import.unknown_fields = rest.Finish(model).unknown_fields;
  return import;
}

absl::Status CheckImports(const std::vector<OpsetImport>& imports) {
  for (size_t i = 0; i < imports.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (imports[i].domain != imports[j].domain ||
          imports[i].version == imports[j].version) {
        continue;
      }
      return absl::InvalidArgumentError(
          absl::StrCat("opset_import gives versions ", imports[j].version,
                       " and ", imports[i].version, " of domain ",
                       QuoteForMessage(imports[i].domain)));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Parts> ReadModelFields(std::string_view message,
                                      std::string_view source_name,
                                      Model* model) {
  Parts parts;
  GraphEditor::ModelFields fields;
  fields.source_name = source_name;
  AnnotationsReader rest(field::kDocString, field::kMetadata);
  WireReader reader(message);
  while (reader.Next()) {
    const bool is_bytes = reader.type() == WireType::kBytes;
    const bool is_varint = reader.type() == WireType::kVarint;
    const int id = reader.field();
    if (is_varint && id == field::kIrVersion) {
      fields.ir_version = reader.int64();
    } else if (is_varint && id == field::kModelVersion) {
      fields.model_version = reader.int64();
      if (fields.model_version == 0) rest.Keep(reader);
    } else if (is_bytes && id == field::kProducerName) {
      fields.producer_name = rest.String(reader);
    } else if (is_bytes && id == field::kProducerVersion) {
      fields.producer_version = rest.String(reader);
    } else if (is_bytes && id == field::kDomain) {
      fields.domain = rest.String(reader);
    } else if (is_bytes && id == field::kGraph) {
      parts.graphs.push_back(reader.bytes());
    } else if (is_bytes && id == field::kFunctions) {
      parts.functions.push_back(reader.bytes());
    } else if (is_bytes && id == field::kTrainingInfo) {
      fields.training_infos.push_back(reader.bytes());
    } else if (is_bytes && id == field::kOpsetImport) {
      ASSIGN_OR_RETURN(OpsetImport import, ReadImport(reader.bytes(), model));
      fields.imports.push_back(import);
    } else {
      rest.Take(reader);
    }
  }
  RETURN_IF_ERROR(reader.status());
  if (parts.graphs.size() != 1) {
    return absl::InvalidArgumentError(
        parts.graphs.empty()
            ? "there is no graph in it; the file is not an ONNX model"
            : "there is more than one graph in it");
  }
  if (fields.ir_version < kOldestIrVersion) {
    return absl::InvalidArgumentError("there is no ir_version in it");
  }
  if (fields.imports.empty() && fields.ir_version < 3) {
    // Before opset imports existed, operators were those of opset 1.
    fields.imports.push_back({"", 1, {}});
  }
  if (fields.imports.empty()) {
    return absl::InvalidArgumentError("there is no opset_import in it");
  }
  RETURN_IF_ERROR(CheckImports(fields.imports));
  fields.annotations = rest.Finish(model);
  GraphEditor::SetModelFields(model, std::move(fields));
  return parts;
}

// Everything of a FunctionProto but its body.
absl::StatusOr<Function*> ReadFunctionHeader(std::string_view message,
                                             Model* model,
                                             TensorReader* tensors) {
  namespace f = proto::function;
  GraphEditor::FunctionFields fields;
  AnnotationsReader rest(f::kDocString, f::kMetadata);
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.type() != WireType::kBytes) {
      rest.Take(reader);
      continue;
    }
    switch (reader.field()) {
      case f::kName:
        fields.name = rest.String(reader);
        break;
      case f::kDomain:
        fields.domain = rest.String(reader);
        if (fields.domain == "ai.onnx") {
          rest.Keep(reader);
          fields.domain = "";
        }
        break;
      case f::kOverload:
        fields.overload = rest.String(reader);
        break;
      case f::kAttribute:
        fields.attributes.push_back(reader.bytes());
        break;
      case f::kAttributeProto: {
        ASSIGN_OR_RETURN(ParsedAttribute parsed,
                         ReadAttribute(reader.bytes(), model, tensors));
        if (!parsed.graphs.empty()) {
          return absl::InvalidArgumentError(
              "a default that is a graph is not supported");
        }
        fields.defaults.push_back(std::move(parsed.attribute));
        break;
      }
      case f::kOpsetImport: {
        ASSIGN_OR_RETURN(OpsetImport import, ReadImport(reader.bytes(), model));
        fields.imports.push_back(import);
        break;
      }
      case f::kInput:
      case f::kOutput:
      case f::kNode:
      case f::kValueInfo:
        break;
      default:
        rest.Take(reader);
    }
  }
  RETURN_IF_ERROR(reader.status());
  if (fields.name.empty()) {
    return absl::InvalidArgumentError("it has no name");
  }
  if (model->FindFunction(fields.domain, fields.name, fields.overload)) {
    return absl::InvalidArgumentError(
        "it is defined twice with the same domain, name and overload");
  }
  RETURN_IF_ERROR(CheckImports(fields.imports));
  fields.annotations = rest.Finish(model);
  return GraphEditor::AddFunction(model, std::move(fields));
}

std::string_view FunctionName(std::string_view message) {
  WireReader reader(message);
  while (reader.Next()) {
    if (reader.Is(proto::function::kName, WireType::kBytes)) {
      return reader.bytes();
    }
  }
  return {};
}

// Collects the names that a graph of a TrainingInfoProto mentions.
absl::Status CollectNames(std::string_view graph,
                          absl::flat_hash_set<std::string_view>* names) {
  WireReader reader(graph);
  while (reader.Next()) {
    if (!reader.Is(proto::graph::kNode, WireType::kBytes)) continue;
    WireReader node(reader.bytes());
    while (node.Next()) {
      if (node.Is(proto::node::kInput, WireType::kBytes) ||
          node.Is(proto::node::kOutput, WireType::kBytes)) {
        names->insert(node.bytes());
      }
    }
    RETURN_IF_ERROR(node.status());
  }
  return reader.status();
}

absl::StatusOr<absl::flat_hash_set<std::string_view>> TrainingNames(
    const Model& model) {
  namespace t = proto::training;
  absl::flat_hash_set<std::string_view> names;
  for (std::string_view message : model.training_infos()) {
    WireReader reader(message);
    while (reader.Next()) {
      if (reader.type() != WireType::kBytes) continue;
      if (reader.field() == t::kInitialization ||
          reader.field() == t::kAlgorithm) {
        RETURN_IF_ERROR(CollectNames(reader.bytes(), &names));
      } else if (reader.field() == t::kInitializationBinding ||
                 reader.field() == t::kUpdateBinding) {
        WireReader binding(reader.bytes());
        while (binding.Next()) {
          if (binding.type() == WireType::kBytes) names.insert(binding.bytes());
        }
        RETURN_IF_ERROR(binding.status());
      }
    }
    RETURN_IF_ERROR(reader.status());
  }
  return names;
}

}  // namespace

bool IsModelText(const std::string& path, std::string_view bytes) {
  if (path.ends_with(".onnxtxt")) return true;
  // A ModelProto starts with the key of ir_version, or of another field, none
  // of which is a character that a text begins with.
  return path == "-" && !bytes.empty() && (bytes[0] == '<' || bytes[0] == '#');
}

absl::StatusOr<std::unique_ptr<Model>> ReadModelProto(
    std::shared_ptr<const Buffer> buffer, const ReadOptions& options,
    Diagnostics* diagnostics) {
  auto model = std::make_unique<Model>(options.ops ? options.ops
                                                   : OpRegistry::Builtin());
  model->KeepAlive(buffer);
  if (buffer->bytes().empty()) {
    return absl::InvalidArgumentError("the file is empty");
  }
  ASSIGN_OR_RETURN(const Parts parts,
                   ReadModelFields(buffer->bytes(),
                                   model->Intern(buffer->name()), model.get()));
  TensorReader tensors(model.get(), buffer, options.folder);
  const auto in_function = [](std::string_view message, absl::Status status) {
    return Annotate(std::move(status),
                    "function " + QuoteForMessage(FunctionName(message)));
  };
  std::vector<Function*> functions;
  for (std::string_view message : parts.functions) {
    auto function = ReadFunctionHeader(message, model.get(), &tensors);
    if (!function.ok()) return in_function(message, function.status());
    functions.push_back(*function);
  }
  GraphReader graphs(model.get(), &tensors, options, diagnostics);
  for (size_t i = 0; i < functions.size(); ++i) {
    RETURN_IF_ERROR(
        in_function(parts.functions[i],
                    graphs.ReadFunctionBody(parts.functions[i], functions[i])));
  }
  ASSIGN_OR_RETURN(const auto pinned, TrainingNames(*model));
  RETURN_IF_ERROR(graphs.ReadMainGraph(parts.graphs[0], pinned));
  RETURN_IF_ERROR(Verify(*model));
  return model;
}

absl::StatusOr<std::unique_ptr<Model>> ReadModel(const std::string& path,
                                                 ReadOptions options,
                                                 Diagnostics* diagnostics) {
  ASSIGN_OR_RETURN(
      std::shared_ptr<const Buffer> buffer,
      path == "-" ? ReadStream(/*fd=*/0, "<stdin>") : MapFile(path));
  options.folder = std::filesystem::path(path).parent_path().string();
  if (IsModelText(path, buffer->bytes())) {
    ASSIGN_OR_RETURN(std::string proto,
                     ParseModelText(buffer->bytes(), {options.data_file}));
    buffer = OwnBytes(std::move(proto), path);
  }
  return ReadModelProto(std::move(buffer), options, diagnostics);
}

}  // namespace onnxopt
