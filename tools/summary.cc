// SPDX-License-Identifier: Apache-2.0
#include "tools/summary.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "fmt/format.h"
#include "passes/pipeline.h"

namespace onnxopt {
namespace {

double Milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

std::string BytesText(uint64_t bytes) {
  constexpr std::string_view kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

struct Row {
  std::string name, before, after;
  bool smaller = false;
};

Row CountRow(std::string_view name, int64_t before, int64_t after) {
  return {std::string(name), fmt::format("{}", before),
          fmt::format("{}", after), after < before};
}

std::string TableText(const std::vector<Row>& rows, bool color) {
  size_t widths[] = {0, 0, 0};
  for (const Row& row : rows) {
    widths[0] = std::max(widths[0], row.name.size());
    widths[1] = std::max(widths[1], row.before.size());
    widths[2] = std::max(widths[2], row.after.size());
  }
  std::string text;
  for (const Row& row : rows) {
    const bool green = color && row.smaller;
    text += fmt::format("{:<{}}  {:>{}}  {}{:>{}}{}\n", row.name, widths[0],
                        row.before, widths[1], green ? "\033[32m" : "",
                        row.after, widths[2], green ? "\033[0m" : "");
  }
  return text;
}

}  // namespace

std::string SummaryText(const OptimizeReport& report, const FileFacts& facts,
                        bool color) {
  std::vector<Row> rows = {{"operator", "before", "after"}};
  for (const OperatorCount& op : report.operators) {
    if (op.before == op.after) continue;
    rows.push_back(CountRow(op.op, op.before, op.after));
  }
  rows.push_back(CountRow("nodes", report.nodes_before, report.nodes_after));
  rows.push_back(
      {"bytes", BytesText(facts.bytes_before),
       facts.bytes_after ? BytesText(*facts.bytes_after) : "-",
       facts.bytes_after && *facts.bytes_after < facts.bytes_before});
  return TableText(rows, color) +
         fmt::format("{:.2f} s\n", Milliseconds(facts.time) / 1000);
}

std::string StatsText(const PipelineReport& report) {
  std::string text = fmt::format("{} rewrites\n", report.rewrites);
  for (const PassReport& pass : report.passes) {
    text += fmt::format("{}: {} runs, {} changed the model\n", pass.name,
                        pass.runs, pass.changes);
    for (const auto& [counter, count] : pass.counters) {
      text += fmt::format("  {:>10}  {}\n", count, counter);
    }
  }
  return text;
}

std::string TimesText(const PipelineReport& report) {
  std::vector<const PassReport*> passes;
  std::chrono::nanoseconds total{0};
  for (const PassReport& pass : report.passes) {
    passes.push_back(&pass);
    total += pass.time;
  }
  std::stable_sort(passes.begin(), passes.end(),
                   [](const PassReport* a, const PassReport* b) {
                     return a->time > b->time;
                   });
  std::string text;
  for (const PassReport* pass : passes) {
    text += fmt::format("{:>10.2f} ms  {:>4} runs  {}\n",
                        Milliseconds(pass->time), pass->runs, pass->name);
  }
  return text + fmt::format("{:>10.2f} ms             all passes\n",
                            Milliseconds(total));
}

std::string PassListText(const PassRegistry& registry) {
  std::string text = "Passes:\n";
  for (const PassInfo* pass : registry.all()) {
    text += fmt::format("  {} ({})\n      {}\n", pass->name,
                        NumericClassName(pass->numeric), pass->summary);
    for (const PassOption& option : pass->options) {
      text += fmt::format("      <{}={}>: {}\n", option.name,
                          option.default_value, option.summary);
    }
  }
  text += "\nGroups:\n";
  for (const PassGroup* group : registry.groups()) {
    text += fmt::format("  {}: {}\n      = {}\n", group->name, group->summary,
                        fmt::join(group->members, ","));
  }
  text += "\nPipelines:\n";
  for (int level = 0; level <= kMaxOptimizationLevel; ++level) {
    text += fmt::format("  -O{}: '{}'\n", level, PipelineForLevel(level));
  }
  return text;
}

std::string RuleListText(const PassRegistry& registry) {
  std::string text;
  for (const PassPart* rule : registry.parts()) {
    text += fmt::format("{} ({})\n    {}\n", rule->name,
                        NumericClassName(rule->numeric), rule->summary);
  }
  return text;
}

}  // namespace onnxopt
