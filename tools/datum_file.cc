// SPDX-License-Identifier: Apache-2.0
#include "tools/datum_file.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "fmt/format.h"
#include "frontend/external_writer.h"
#include "support/buffer.h"
#include "support/output_file.h"
#include "support/status.h"
#include "support/text_escape.h"
#include "tools/datum_proto.h"
#include "tools/npy.h"
#include "tools/signals.h"

namespace onnxopt {
namespace {

constexpr std::string_view kNpy = ".npy";
constexpr std::string_view kProto = ".pb";

TypeRef TypeOf(const Datum& datum) {
  if (datum.IsTensor()) {
    Shape shape;
    for (const int64_t dim : datum.tensor()->dims()) shape.emplace_back(dim);
    return Type::Tensor(datum.tensor()->type(), std::move(shape));
  }
  return datum.IsSequence() ? Type::Sequence(nullptr) : Type::Optional(nullptr);
}

bool CanBe(const Datum& datum, const TypeRef& type) {
  if (type == nullptr) return true;
  if (Contradict(TypeOf(datum), type)) return false;
  return std::all_of(
      datum.elements().begin(), datum.elements().end(),
      [&](const Datum& element) { return CanBe(element, type->inner()); });
}

absl::StatusOr<Datum> ReadAny(const std::string& path, const TypeRef& type,
                              Model& model) {
  if (!path.ends_with(kNpy)) return ReadDatum(path, type, model);
  ASSIGN_OR_RETURN(const std::shared_ptr<const Buffer> file, MapFile(path));
  ASSIGN_OR_RETURN(TensorRef tensor, ReadNpy(file));
  return Datum(std::move(tensor));
}

std::string SafeName(std::string_view name) {
  constexpr size_t kMaxBytes = 200;
  std::string safe(name.substr(0, kMaxBytes));
  for (char& c : safe) {
    const bool is_safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                         (c == '.' && &c != &safe.front());
    if (!is_safe) c = '_';
  }
  return safe.empty() ? "_" : safe;
}

}  // namespace

bool IsDatumFileName(std::string_view path) {
  return path.ends_with(kNpy) || path.ends_with(kProto);
}

absl::StatusOr<Datum> ReadDatumFile(const std::string& path,
                                    const TypeRef& type, Model& model) {
  absl::StatusOr<Datum> datum = ReadAny(path, type, model);
  if (!datum.ok()) return Annotate(datum.status(), QuoteForMessage(path));
  if (CanBe(*datum, type)) return datum;
  return absl::InvalidArgumentError(
      fmt::format("{}: holds {}, wanted is {}", QuoteForMessage(path),
                  datum->Describe(), type->ToString()));
}

absl::StatusOr<DatumFolder> DatumFolder::Create(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    return absl::UnknownError(fmt::format(
        "cannot make folder {}: {}", QuoteForMessage(path), error.message()));
  }
  return DatumFolder(path);
}

absl::StatusOr<std::string> DatumFolder::Write(std::string_view name,
                                               const Datum& datum) {
  const bool as_npy = datum.IsTensor() && NpyCanHold(datum.tensor()->type());
  const std::string_view extension = as_npy ? kNpy : kProto;
  const std::string safe = SafeName(name);
  std::string file_name = fmt::format("{}{}", safe, extension);
  for (int i = 2; !used_.insert(file_name).second; ++i) {
    file_name = fmt::format("{}_{}{}", safe, i, extension);
  }
  const std::string path = (std::filesystem::path(path_) / file_name).string();
  ASSIGN_OR_RETURN(OutputFile file, OutputFile::Create(path));
  SetTemporaryFile(file.temp_path());
  absl::Status status;
  if (as_npy) {
    const Tensor& tensor = *datum.tensor();
    status = file.Append(NpyHeader(tensor.type(), tensor.dims()));
    if (status.ok()) status = AppendTensor(tensor, &file);
  } else {
    status = AppendDatum(name, datum, &file);
  }
  if (status.ok()) status = file.Commit();
  SetTemporaryFile("");
  RETURN_IF_ERROR(Annotate(status, QuoteForMessage(path)));
  return path;
}

}  // namespace onnxopt
