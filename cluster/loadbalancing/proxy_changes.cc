#include "cluster/loadbalancing/proxy_changes.h"

#include <fmt/format.h>

#include "cluster/loadbalancing/group_config.h"
#include "cluster/loadbalancing/rule_actions.h"

namespace ikada {
namespace {

using Servers = std::map<std::string, ProxyServer>;

const Servers& servers_of(const ProxyStatus& status, const std::string& section) {
  static const Servers none;
  const auto found = status.servers.find(section);
  return found == status.servers.end() ? none : found->second;
}

const ProxyServer* find_server(const Servers& servers, const std::string& name) {
  const auto found = servers.find(name);
  return found == servers.end() ? nullptr : &found->second;
}

// The changes of one group's servers.
class GroupChanges {
 public:
  GroupChanges(const ProxyStatus& status,
               const PlannedGroup& group,
               std::vector<std::string>& commands)
      : group_(group),
        section_(group_section(group.name)),
        open_(open_section(group.name)),
        checked_servers_(servers_of(status, section_)),
        open_servers_(servers_of(status, open_)),
        commands_(commands) {}

  void make() {
    std::map<std::string, const PlannedTarget*> wanted;
    for (const PlannedTarget& target : group_.targets) wanted[server_name(target)] = &target;
    for (const auto& [name, target] : wanted) {
      if (target->draining) {
        drain(name);
      } else {
        serve(name, *target);
      }
    }
    remove_others(section_, checked_servers_, wanted);
    remove_others(open_, open_servers_, wanted);
  }

 private:
  void serve(const std::string& name, const PlannedTarget& target) {
    const ProxyServer* server = find_server(checked_servers_, name);
    const std::string path = section_ + "/" + name;
    if (server == nullptr) {
      commands_.push_back(fmt::format("add server {} {} weight {} {}",
                                      path,
                                      server_address(target),
                                      kFullWeight,
                                      checked_server_options(group_)));
      return begin(path);
    }
    if (server->is_drained()) commands_.push_back(fmt::format("set server {} state ready", path));
    if (server->is_maintained()) return begin(path);
    if (has_checks(group_) && server->status == "no check") return begin(path);
    const bool may_serve = server->is_up() && (server->has_passed() || !has_checks(group_));
    if (may_serve && server->weight == 0) {
      commands_.push_back(fmt::format("set server {} weight {}", path, kFullWeight));
    }
    if (may_serve || server->is_down()) serve_when_all_are_down(name, target);
  }

  // Takes a server that is in maintenance into service: without requests until a check has passed.
  // Its health is set so that it takes as many failures as of a healthy one to call it unhealthy.
  void begin(const std::string& path) {
    if (!has_checks(group_)) {
      commands_.push_back(fmt::format("set server {} state ready", path));
      return;
    }
    commands_.push_back(
        fmt::format("set server {0} weight 0; enable health {0}; "
                    "set server {0} state ready; set server {0} health up",
                    path));
  }

  void serve_when_all_are_down(const std::string& name, const PlannedTarget& target) {
    const ProxyServer* server = find_server(open_servers_, name);
    const std::string path = open_ + "/" + name;
    if (server == nullptr) {
      commands_.push_back(fmt::format("add server {} {} weight {} {}",
                                      path,
                                      server_address(target),
                                      kFullWeight,
                                      open_server_options(group_)));
    }
    if (server == nullptr || server->is_maintained() || server->is_drained()) {
      commands_.push_back(fmt::format("set server {} state ready", path));
    }
  }

  void drain(const std::string& name) {
    const ProxyServer* checked = find_server(checked_servers_, name);
    const ProxyServer* open = find_server(open_servers_, name);
    const std::int64_t sessions =
        (checked != nullptr ? checked->sessions : 0) + (open != nullptr ? open->sessions : 0);
    drain_one(section_, name, checked, sessions);
    drain_one(open_, name, open, sessions);
  }

  void drain_one(const std::string& section,
                 const std::string& name,
                 const ProxyServer* server,
                 std::int64_t sessions) {
    if (server == nullptr) return;
    const std::string path = section + "/" + name;
    // A client with a cookie would still come to a server that is only drained.
    const bool is_out = server->is_maintained() || (server->is_drained() && !is_sticky(group_));
    // One that is down stays DOWN when it is drained, and would never be seen to be out.
    const bool is_to_maint = is_sticky(group_) || server->is_down();
    if (!is_out) {
      commands_.push_back(
          fmt::format("set server {} state {}", path, is_to_maint ? "maint" : "drain"));
    } else if (sessions == 0) {
      remove(path);
    }
  }

  void remove(const std::string& path) {
    // Refused while a connection is open; the next status asks again.
    commands_.push_back(fmt::format("set server {} state maint", path));
    commands_.push_back(fmt::format("del server {}", path));
  }

  void remove_others(const std::string& section,
                     const Servers& servers,
                     const std::map<std::string, const PlannedTarget*>& wanted) {
    for (const auto& [name, server] : servers) {
      if (wanted.contains(name)) continue;
      const std::string path = fmt::format("{}/{}", section, name);
      commands_.push_back(fmt::format("set server {} state maint", path));
      if (server.sessions > 0)
        commands_.push_back(fmt::format("shutdown sessions server {}", path));
      commands_.push_back(fmt::format("del server {}", path));
    }
  }

  const PlannedGroup& group_;
  const std::string section_;
  const std::string open_;
  const Servers& checked_servers_;
  const Servers& open_servers_;
  std::vector<std::string>& commands_;
};

}  // namespace

std::vector<std::string> group_changes(const ProxyStatus& status, const PlannedGroup& group) {
  std::vector<std::string> commands;
  GroupChanges(status, group, commands).make();
  return commands;
}

std::vector<std::string> proxy_changes(const ProxyStatus& status, const BalancerPlan& plan) {
  std::vector<std::string> commands;
  for (const PlannedGroup& group : plan.groups) GroupChanges(status, group, commands).make();
  return commands;
}

ConfiguredServers servers_to_keep(const ProxyStatus& status, const BalancerPlan& plan) {
  ConfiguredServers kept;
  for (const PlannedGroup& group : plan.groups) {
    const Servers& checked = servers_of(status, group_section(group.name));
    const Servers& open = servers_of(status, open_section(group.name));
    for (const PlannedTarget& target : group.targets) {
      const std::string name = server_name(target);
      const ProxyServer* server = find_server(checked, name);
      if (server == nullptr || target.draining) continue;
      const bool is_healthy = server->is_up() && server->weight > 0;
      ConfiguredServer configured = {
          .name = name, .address = server_address(target), .weight = is_healthy ? kFullWeight : 0};
      kept[group_section(group.name)].push_back(configured);
      if (!open.contains(name)) continue;
      configured.weight = kFullWeight;
      kept[open_section(group.name)].push_back(configured);
    }
  }
  return kept;
}

}  // namespace ikada
