// SPDX-License-Identifier: Apache-2.0
#include "tools/run_report.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "eval/elements.h"
#include "fmt/format.h"
#include "ir/graph.h"
#include "support/status.h"
#include "support/text_escape.h"

namespace onnxopt {
namespace {

// Tensors with more elements are described by a few numbers.
constexpr int64_t kMaxListed = 8;

bool IsComplex(ElementType type) {
  return type == ElementType::kComplex64 || type == ElementType::kComplex128;
}

// The first elements, "1, 2, 3".
absl::StatusOr<std::string> ElementsText(const Tensor& tensor) {
  const ElementType type = tensor.type();
  const int64_t count = std::min(tensor.num_elements(), kMaxListed);
  std::string text;
  const auto add = [&text](const std::string& element) {
    text += text.empty() ? element : ", " + element;
  };
  if (type == ElementType::kString) {
    for (int64_t i = 0; i < count; ++i) {
      add(QuoteForMessage(tensor.strings()[i], 40));
    }
    return text;
  }
  ASSIGN_OR_RETURN(const std::string_view bytes, tensor.bytes());
  for (int64_t i = 0; i < count; ++i) {
    if (IsComplex(type)) {
      const ElementType part = type == ElementType::kComplex64
                                   ? ElementType::kFloat
                                   : ElementType::kDouble;
      double parts[2] = {};
      eval::LoadFloating(part, bytes, 2 * i, parts);
      add(fmt::format("{:.6g}{:+.6g}i", parts[0], parts[1]));
    } else if (eval::IsFloating(type)) {
      double value = 0;
      eval::LoadFloating(type, bytes, i, {&value, 1});
      add(fmt::format("{:.6g}", value));
    } else {
      int64_t value = 0;
      eval::LoadIntegers(type, bytes, i, {&value, 1});
      add(eval::IsUnsigned(type)
              ? fmt::format("{}", static_cast<uint64_t>(value))
              : fmt::format("{}", value));
    }
  }
  return text;
}

absl::StatusOr<std::string> StatisticsText(const Tensor& tensor) {
  ASSIGN_OR_RETURN(const std::string_view bytes, tensor.bytes());
  double min = std::numeric_limits<double>::infinity();
  double max = -min;
  double sum = 0;
  int64_t nans = 0;
  std::vector<double> block(eval::kBlock);
  const int64_t count = tensor.num_elements();
  for (int64_t begin = 0; begin < count; begin += eval::kBlock) {
    const auto n = static_cast<size_t>(std::min(eval::kBlock, count - begin));
    eval::LoadNumbers(tensor.type(), bytes, begin, {block.data(), n});
    for (size_t i = 0; i < n; ++i) {
      if (std::isnan(block[i])) {
        ++nans;
        continue;
      }
      min = std::min(min, block[i]);
      max = std::max(max, block[i]);
      sum += block[i];
    }
  }
  if (nans == count) return "all NaN";
  return fmt::format("min {:.6g}  max {:.6g}  mean {:.6g}{}", min, max,
                     sum / static_cast<double>(count - nans),
                     nans > 0 ? fmt::format("  {} NaN", nans) : "");
}

absl::StatusOr<std::string> ContentText(const Tensor& tensor) {
  const bool is_long = tensor.num_elements() > kMaxListed;
  if (is_long && tensor.type() != ElementType::kString &&
      !IsComplex(tensor.type())) {
    return StatisticsText(tensor);
  }
  ASSIGN_OR_RETURN(std::string text, ElementsText(tensor));
  return text + (is_long ? ", ..." : "");
}

double Milliseconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

absl::StatusOr<std::string> DatumText(std::string_view name,
                                      const Datum& datum) {
  std::string text = fmt::format("{}: {}", name, datum.Describe());
  if (datum.IsTensor() && datum.tensor()->num_elements() > 0) {
    ASSIGN_OR_RETURN(const std::string content, ContentText(*datum.tensor()));
    text += "  " + content;
  }
  text += '\n';
  for (size_t i = 0; i < datum.elements().size(); ++i) {
    ASSIGN_OR_RETURN(
        const std::string element,
        DatumText(fmt::format("{}[{}]", name, i), datum.elements()[i]));
    text += "  " + element;
  }
  return text;
}

absl::Status RunTimer::Run(const Model& model,
                           const std::vector<Datum>& inputs) {
  RunOptions options;
  const Clock::time_point start = Clock::now();
  Clock::time_point last = start;
  // The nodes of a nested graph are told before the one that holds it, so the
  // time since the last value is that of this node alone.
  options.on_value = [&](const Value& value, const Datum&) {
    const Node& node = *value.producer();
    Share& share = shares_[std::string(node.op().FullName())];
    const Clock::time_point now = Clock::now();
    share.time += now - last;
    int first = 0;
    while (node.output(first) == nullptr) ++first;
    share.calls += value.index() == first;
    last = Clock::now();
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(RunGraph(model, inputs, options).status());
  runs_.push_back(Clock::now() - start);
  return absl::OkStatus();
}

std::string RunTimer::Text() const {
  std::vector<Clock::duration> runs = runs_;
  std::sort(runs.begin(), runs.end());
  const auto count = static_cast<int64_t>(runs.size());
  std::string text = fmt::format("{} runs: min {:.3f} ms, median {:.3f} ms\n",
                                 count, Milliseconds(runs.front()),
                                 Milliseconds(runs[runs.size() / 2]));
  std::vector<std::pair<std::string, Share>> rows(shares_.begin(),
                                                  shares_.end());
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return a.second.time > b.second.time;
  });
  Clock::duration total{0};
  for (const auto& row : rows) total += row.second.time;
  for (const auto& [op, share] : rows) {
    text += fmt::format(
        "{:>12.3f} ms  {:>5.1f} %  {:>6} calls  {}\n",
        Milliseconds(share.time) / static_cast<double>(count),
        100 * Milliseconds(share.time) / std::max(Milliseconds(total), 1e-9),
        share.calls / count, op);
  }
  return text;
}

}  // namespace onnxopt
