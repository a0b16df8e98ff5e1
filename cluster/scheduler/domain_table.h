// Domains of spreading: hosts with the same values of the attributes that a request spreads over.
//
// Each attribute divides the domains of those before it: zone a, zone b, then zone a with disk ssd,
// zone a with disk hdd, and so on. Hosts without the attribute are a domain, too. Domain 0 is the
// whole cluster; the others are numbered in the order in which their first host comes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cluster/scheduler/host_table.h"

namespace ikada::scheduler {

using DomainId = std::uint32_t;

struct Domain {
  DomainId parent = 0;
  std::uint32_t place = 0;  // Among its parent's, from 0.
  std::uint32_t depth = 0;  // 1 for those of the first attribute.
};

class DomainTable {
 public:
  // The domains that a host is in, by depth - 1.
  using Path = std::array<DomainId, Request::kMaxStrategies>;

  explicit DomainTable(const std::vector<Strategy>& strategies);

  size_t depth() const { return attributes_.size(); }

  // Numbers the domains anew if the cluster's shape has changed.
  void update(const HostTable& hosts);

  const Path& path(const HostState& host) const { return paths_[host.attribute_set]; }
  std::span<const Domain> domains() const { return domains_; }

 private:
  std::vector<std::string> attributes_;
  std::vector<Domain> domains_ = {Domain()};
  std::vector<Path> paths_;  // By attribute set.
  std::optional<std::uint64_t> shape_of_cluster_;
};

}  // namespace ikada::scheduler
