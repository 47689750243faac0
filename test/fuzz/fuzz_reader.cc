// SPDX-License-Identifier: Apache-2.0
// Whatever the bytes are: an error, or a model that survives being optimized,
// written and read again.
#include "frontend/reader.h"
#include "frontend/writer.h"
#include "passes/optimize.h"
#include "support/buffer.h"
#include "support/status.h"

namespace onnxopt {
namespace {

void RoundTrip(Model& model) {
  absl::StatusOr<std::string> written = SerializeModel(model);
  // Contents in external files cannot be read here.
  if (!written.ok()) return;
  Diagnostics diagnostics;
  const auto again =
      ReadModelProto(ViewBytes(*written), ReadOptions(), &diagnostics);
  if (!again.ok())
    internal::CheckFailed(__FILE__, __LINE__,
                          again.status().ToString().c_str());
}

void Fuzz(std::string_view bytes) {
  Diagnostics diagnostics;
  ReadOptions read;
  // No external data is found there.
  read.folder = "/dev/null";
  const auto model = ReadModelProto(ViewBytes(bytes), read, &diagnostics);
  if (!model.ok()) return;
  RoundTrip(**model);
  OptimizeOptions options;
  options.manager.verify_each = true;
  const auto report = Optimize(**model, options);
  if (report.ok()) return RoundTrip(**model);
  if (absl::IsInternal(report.status())) {
    internal::CheckFailed(__FILE__, __LINE__,
                          report.status().ToString().c_str());
  }
}

}  // namespace
}  // namespace onnxopt

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  onnxopt::Fuzz({reinterpret_cast<const char*>(data), size});
  return 0;
}
