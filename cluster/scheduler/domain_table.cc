#include "cluster/scheduler/domain_table.h"

#include <map>
#include <utility>

namespace ikada::scheduler {

DomainTable::DomainTable(const std::vector<Strategy>& strategies) {
  for (const Strategy& strategy : strategies) {
    if (strategy.kind == StrategyKind::kSpreadAttribute) attributes_.push_back(strategy.attribute);
  }
}

void DomainTable::update(const HostTable& hosts) {
  if (attributes_.empty() || shape_of_cluster_ == hosts.shape_of_cluster()) return;
  shape_of_cluster_ = hosts.shape_of_cluster();
  domains_.assign(1, Domain());
  paths_.assign(hosts.attribute_sets().limit(), Path());
  // By parent and value; no value where the host lacks the attribute.
  std::map<std::pair<DomainId, std::optional<std::string_view>>, DomainId> known;
  std::vector<std::uint32_t> places(1);
  for (const HostState& host : hosts.states()) {
    if (!host.is_present) continue;
    Path& path = paths_[host.attribute_set];
    if (path.front() != 0) continue;
    const Attributes& values = hosts.attribute_sets().at(host.attribute_set);
    DomainId parent = 0;
    for (size_t i = 0; i < attributes_.size(); ++i) {
      const auto value = values.find(attributes_[i]);
      const auto key = std::pair(
          parent,
          value == values.end() ? std::nullopt : std::optional<std::string_view>(value->second));
      const auto [found, is_new] = known.try_emplace(key, static_cast<DomainId>(domains_.size()));
      if (is_new) {
        domains_.push_back({.parent = parent,
                            .place = places[parent]++,
                            .depth = static_cast<std::uint32_t>(i + 1)});
        places.push_back(0);
      }
      path.at(i) = parent = found->second;
    }
  }
}

}  // namespace ikada::scheduler
