// SPDX-License-Identifier: Apache-2.0
// Prints random cases of single operators for test/operators/run.py; see
// --help.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "eval/kernel.h"
#include "fmt/core.h"
#include "fmt/format.h"
#include "ir/op_registry.h"
#include "test/operators/draw_case.h"
#include "test/random_graphs/samplers.h"

namespace onnxopt::operator_cases {
namespace {

constexpr char kHelp[] =
    "Random models of one node each, for every deterministic operator that "
    "has\n"
    "a kernel, with the results of our evaluator: one JSON object a line.\n"
    "  --cases=N  per operator (default 1)\n"
    "  --op=NAME  this operator only\n"
    "  --case=N   this case only\n"
    "A line is {op, case, and one of no_sampler: true; no_case: reason;\n"
    "or text, agreement, model, inputs, outputs}. Tensors are {name, type, "
    "dims,\n"
    "data}, the type being a number of TensorProto.DataType; data and models\n"
    "are in base64, strings in an array.\n";

struct Options {
  uint64_t cases = 1;
  std::string op;
  std::string only;
};

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    const auto code = static_cast<unsigned char>(c);
    quoted += code < ' ' ? fmt::format("\\u{:04x}", code) : std::string(1, c);
  }
  return quoted + '"';
}

std::string Base64(std::string_view bytes) {
  std::string text;
  absl::Base64Escape({bytes.data(), bytes.size()}, &text);
  return text;
}

absl::StatusOr<std::string> JsonOf(const NamedTensor& named) {
  const Tensor& tensor = *named.tensor;
  std::string data;
  if (tensor.type() == ElementType::kString) {
    std::vector<std::string> strings;
    for (const std::string& s : tensor.strings()) strings.push_back(Quoted(s));
    data = fmt::format("[{}]", fmt::join(strings, ","));
  } else {
    ASSIGN_OR_RETURN(const std::string_view bytes, tensor.bytes());
    data = Quoted(Base64(bytes));
  }
  return fmt::format(R"({{"name":"{}","type":{},"dims":[{}],"data":{}}})",
                     named.name, static_cast<int>(tensor.type()),
                     fmt::join(tensor.dims(), ","), data);
}

absl::StatusOr<std::string> JsonOf(const std::vector<NamedTensor>& tensors) {
  std::vector<std::string> parts;
  for (const NamedTensor& tensor : tensors) {
    ASSIGN_OR_RETURN(parts.emplace_back(), JsonOf(tensor));
  }
  return fmt::format("[{}]", fmt::join(parts, ","));
}

std::string_view NameOf(Agreement agreement) {
  switch (agreement) {
    case Agreement::kExact:
      return "exact";
    case Agreement::kElementwise:
      return "elementwise";
    case Agreement::kSteps:
      return "steps";
    default:
      return "sums";
  }
}

absl::StatusOr<std::string> JsonOf(const OpDef& op, uint64_t number) {
  ASSIGN_OR_RETURN(const OperatorCase drawn, DrawCase(op, number));
  ASSIGN_OR_RETURN(const std::string inputs, JsonOf(drawn.inputs));
  ASSIGN_OR_RETURN(const std::string outputs, JsonOf(drawn.outputs));
  return fmt::format(
      R"("text":{},"agreement":"{}","model":"{}","inputs":{},"outputs":{})",
      Quoted(drawn.text), NameOf(drawn.agreement), Base64(drawn.model), inputs,
      outputs);
}

// Operators that have a kernel in an older version, too.
std::string LabelOf(const OpDef& op) {
  const std::string name(op.FullName());
  return op.is_canonical() ? name
                           : fmt::format("{}-{}", name, op.since_version());
}

void PrintCases(const OpDef& op, const Options& options) {
  const std::string label = LabelOf(op);
  if (random_graphs::FindSampler(op) == nullptr) {
    fmt::print("{{\"op\":\"{}\",\"no_sampler\":true}}\n", label);
    return;
  }
  const bool one = !options.only.empty();
  const uint64_t first =
      one ? std::strtoull(options.only.c_str(), nullptr, 10) : 0;
  const uint64_t end = one ? first + 1 : options.cases;
  for (uint64_t number = first; number < end; ++number) {
    absl::StatusOr<std::string> body = JsonOf(op, number);
    if (!body.ok()) {
      body = "\"no_case\":" + Quoted(std::string(body.status().message()));
    }
    fmt::print("{{\"op\":\"{}\",\"case\":{},{}}}\n", label, number, *body);
  }
}

bool Parse(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = std::min(argument.find('='), argument.size());
    const std::string name = argument.substr(0, equals);
    const std::string value =
        argument.substr(std::min(equals + 1, argument.size()));
    if (name == "--cases") {
      options->cases = std::strtoull(value.c_str(), nullptr, 10);
    } else if (name == "--op") {
      options->op = value;
    } else if (name == "--case") {
      options->only = value;
    } else {
      return false;
    }
  }
  return true;
}

void PrintAll(const Options& options) {
  for (const OpDef* op : OpRegistry::Builtin()->All()) {
    if (FindKernel(*op) == nullptr || op->Has(Trait::kNonDeterministic)) {
      continue;
    }
    if (options.op.empty() || options.op == LabelOf(*op)) {
      PrintCases(*op, options);
    }
  }
}

}  // namespace
}  // namespace onnxopt::operator_cases

int main(int argc, char** argv) {
  onnxopt::operator_cases::Options options;
  if (!onnxopt::operator_cases::Parse(argc, argv, &options)) {
    std::fputs(onnxopt::operator_cases::kHelp, stderr);
    return 2;
  }
  onnxopt::operator_cases::PrintAll(options);
  return 0;
}
