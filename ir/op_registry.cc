// SPDX-License-Identifier: Apache-2.0

#include "ir/op_registry.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fmt/core.h"
#include "ir/op_def.h"
#include "ir/ops/op_table.h"
#include "support/status.h"

namespace onnxopt {
namespace {

struct DomainVersion {
  std::string_view domain;
  int64_t newest;
};
constexpr DomainVersion kDomains[] = {
    {"", kCanonicalOpset},   {"ai.onnx.ml", kMaxMlOpset},
    {"ai.onnx.preview", 1},  {"ai.onnx.preview.training", 1},
    {"ai.onnx.training", 1},  // has a version, but no operators
};

std::string_view WithoutAlias(std::string_view domain) {
  return domain == "ai.onnx" ? std::string_view() : domain;
}

// The standard operators, parsed one by one when first asked for.
class StandardOps {
 public:
  static const StandardOps& Get() {
    static const StandardOps& ops = *new StandardOps;
    return ops;
  }

  // The rows of one operator, by ascending version; empty if there is none.
  std::span<const OpRow> Rows(std::string_view domain,
                              std::string_view name) const {
    const auto it = index_.find({domain, name});
    return it == index_.end() ? std::span<const OpRow>() : it->second;
  }

  // The definition of a row of the table.
  const OpDef* Def(const OpRow& row) const {
    Slot& slot = slots_[&row - OpTable().data()];
    std::call_once(slot.once, [&] {
      const OpRow* next = &row + 1;
      // The tree ensembles that ai.onnx.ml 5 deprecates have no successor that
      // says the same, so that their last version is the canonical one.
      const bool is_newest =
          next == OpTable().data() + OpTable().size() ||
          next->full_name != row.full_name ||
          (next->deprecated && row.full_name.starts_with("ai.onnx.ml."));
      absl::StatusOr<OpDef> def = OpDef::Parse(row, is_newest);
      ONNXOPT_CHECK(def.ok());  // op_table_test parses every row
      slot.def = std::make_unique<const OpDef>(*std::move(def));
    });
    return slot.def.get();
  }

 private:
  struct Slot {
    std::once_flag once;
    std::unique_ptr<const OpDef> def;
  };

  StandardOps() : slots_(std::make_unique<Slot[]>(OpTable().size())) {
    const std::span<const OpRow> rows = OpTable();
    index_.reserve(std::size(kOpNames));
    for (size_t begin = 0; begin < rows.size();) {
      const std::string_view full_name = rows[begin].full_name;
      size_t end = begin + 1;
      while (end < rows.size() && rows[end].full_name == full_name) ++end;
      const size_t dot = full_name.rfind('.');
      const bool has_domain = dot != std::string_view::npos;
      index_.try_emplace({full_name.substr(0, has_domain ? dot : 0),
                          full_name.substr(has_domain ? dot + 1 : 0)},
                         rows.subspan(begin, end - begin));
      begin = end;
    }
  }

  const std::unique_ptr<Slot[]> slots_;  // parallel to OpTable()
  absl::flat_hash_map<std::pair<std::string_view, std::string_view>,
                      std::span<const OpRow>>
      index_;
};

auto SortKey(const OpDef& op) {
  return std::tuple(op.domain(), op.name(), op.since_version());
}

}  // namespace

int64_t MinIrVersion(int64_t opset) {
  struct Release {
    int64_t opset;
    int64_t ir_version;
  };
  // The first opset that came with each IR version.
  constexpr Release kReleases[] = {{25, 13}, {24, 12}, {23, 11}, {21, 10},
                                   {19, 9},  {15, 8},  {12, 7},  {11, 6},
                                   {10, 5},  {9, 4}};
  for (const Release& release : kReleases) {
    if (opset >= release.opset) return release.ir_version;
  }
  return 3;
}

std::shared_ptr<const OpRegistry> OpRegistry::Builtin() {
  static const auto& registry =
      *new std::shared_ptr<const OpRegistry>(new OpRegistry);
  return registry;
}

absl::StatusOr<std::shared_ptr<const OpRegistry>> OpRegistry::With(
    std::vector<CustomOp> ops) const {
  std::shared_ptr<OpRegistry> registry(new OpRegistry);
  registry->custom_ = custom_;
  for (CustomOp& op : ops) {
    ASSIGN_OR_RETURN(OpDef def, OpDef::Parse(std::move(op)));
    const auto error = [&](std::string_view problem) {
      return absl::InvalidArgumentError(fmt::format(
          "operator {}-{}: {}", def.FullName(), def.since_version(), problem));
    };
    if (def.name().empty()) return error("has no name");
    if (def.since_version() < 1) return error("versions start at 1");
    if (!StandardOps::Get().Rows(def.domain(), def.name()).empty()) {
      return error("is a standard operator and cannot be redefined");
    }
    registry->custom_.push_back(std::make_shared<const OpDef>(std::move(def)));
  }
  auto& custom = registry->custom_;
  std::sort(custom.begin(), custom.end(), [](const auto& a, const auto& b) {
    return SortKey(*a) < SortKey(*b);
  });
  const auto duplicate = std::adjacent_find(
      custom.begin(), custom.end(),
      [](const auto& a, const auto& b) { return SortKey(*a) == SortKey(*b); });
  if (duplicate != custom.end()) {
    return absl::AlreadyExistsError(
        fmt::format("operator {}-{}: is registered twice",
                    (*duplicate)->FullName(), (*duplicate)->since_version()));
  }
  for (const auto& op : custom) {
    registry->custom_index_[{op->domain(), op->name()}].push_back(op.get());
  }
  return registry;
}

const OpDef* OpRegistry::Find(std::string_view domain, std::string_view name,
                              int64_t opset_version) const {
  domain = WithoutAlias(domain);
  const StandardOps& standard = StandardOps::Get();
  const std::span<const OpRow> rows = standard.Rows(domain, name);
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    if (row->since_version <= opset_version) return standard.Def(*row);
  }
  const auto it = custom_index_.find({domain, name});
  if (it == custom_index_.end()) return nullptr;
  for (auto op = it->second.rbegin(); op != it->second.rend(); ++op) {
    if ((*op)->since_version() <= opset_version) return *op;
  }
  return nullptr;
}

const OpDef* OpRegistry::FindExact(std::string_view domain,
                                   std::string_view name,
                                   int64_t since_version) const {
  const OpDef* op = Find(domain, name, since_version);
  return op != nullptr && op->since_version() == since_version ? op : nullptr;
}

std::vector<const OpDef*> OpRegistry::All() const {
  std::vector<const OpDef*> all;
  all.reserve(OpTable().size() + custom_.size());
  for (const OpRow& row : OpTable()) {
    all.push_back(StandardOps::Get().Def(row));
  }
  for (const auto& op : custom_) all.push_back(op.get());
  return all;
}

int64_t OpRegistry::max_version(std::string_view domain) const {
  domain = WithoutAlias(domain);
  for (const DomainVersion& standard : kDomains) {
    if (standard.domain == domain) return standard.newest;
  }
  int64_t newest = 0;
  for (const auto& op : custom_) {
    if (op->domain() == domain) newest = std::max(newest, op->since_version());
  }
  return newest;
}

}  // namespace onnxopt
