// SPDX-License-Identifier: Apache-2.0
#include "frontend/external_data.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "support/status.h"
#include "support/text_escape.h"

namespace onnxopt {
namespace {

namespace fs = std::filesystem;

absl::Status Refuse(const std::string& location, const std::string& why) {
  return absl::InvalidArgumentError("external data location " +
                                    QuoteForMessage(location) + " " + why);
}

absl::StatusOr<fs::path> Resolve(const std::string& folder,
                                 const std::string& location) {
  if (location.empty() || location.find('\0') != std::string::npos) {
    return Refuse(location, "is not a file name");
  }
  const fs::path relative(location);
  if (relative.is_absolute()) {
    return Refuse(location, "is absolute; it must be relative to the model");
  }
  if (std::find(relative.begin(), relative.end(), "..") != relative.end()) {
    return Refuse(location, "leaves the folder of the model by '..'");
  }
  std::error_code error;
  const fs::path root = fs::canonical(folder.empty() ? "." : folder, error);
  if (error) return Refuse(location, "is in a folder that cannot be read");
  const fs::path file = fs::canonical(root / relative, error);
  if (error) {
    return absl::NotFoundError("external data file " +
                               QuoteForMessage((root / relative).string()) +
                               " cannot be opened: " + error.message());
  }
  const auto [mismatch, unused] =
      std::mismatch(root.begin(), root.end(), file.begin(), file.end());
  if (mismatch != root.end()) {
    return Refuse(location,
                  "leaves the folder of the model by a symbolic link");
  }
  return file;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Buffer>> ExternalFiles::Open(
    const std::string& location, bool* is_new) {
  std::shared_ptr<const Buffer>& file = files_[location];
  *is_new = file == nullptr;
  if (file == nullptr) {
    ASSIGN_OR_RETURN(const fs::path path, Resolve(folder_, location));
    ASSIGN_OR_RETURN(file, MapFile(path.string()));
  }
  return file;
}

}  // namespace onnxopt
