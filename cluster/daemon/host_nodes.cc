// The part of host_daemon.h that is about the cluster's nodes.
#include <algorithm>

#include "cluster/auth/digest.h"
#include "cluster/daemon/host_daemon.h"
#include "cluster/daemon/node_plans.h"
#include "cluster/state/record_key.h"
#include "runtime/base/clock.h"

namespace ikada {
namespace {

Error no_manager() {
  return make_error(ErrorKind::kConflict, "this host is no manager of a cluster");
}

const InstanceState* instance_of(const ScopeState& home, const Node& node) {
  const auto cluster = home.clusters.find(node.cluster.value_or(""));
  if (cluster == home.clusters.end()) return nullptr;
  const auto found = cluster->second.instances.find(node.instance.value_or(""));
  return found == cluster->second.instances.end() ? nullptr : &found->second;
}

Json node_json(const ScopeState& home, const Node& node, const std::string& state) {
  Json json = to_json(node);
  json["state"] = state;
  const InstanceState* const instance = instance_of(home, node);
  if (instance == nullptr) return json;
  json["status"] = instance->record.value.status;
  json["runningTasksCount"] = instance->running_tasks;
  json["pendingTasksCount"] = instance->pending_tasks;
  json["remaining"] = {
      {"cpu", registered_amounts(instance->record.value).cpu_units - instance->reserved.cpu_units},
      {"memory",
       registered_amounts(instance->record.value).memory_mib - instance->reserved.memory_mib}};
  return json;
}

}  // namespace

Json HostDaemon::status() const {
  if (member_ == nullptr) return {{"role", manager_ == nullptr ? "none" : "manager"}};
  const Membership& membership = member_->membership();
  Json json = {{"role", auth::to_text(membership.identity.role)},
               {"cluster", membership.identity.cluster},
               {"node", membership.identity.node},
               {"name", membership.name},
               {"address", membership.address},
               {"managers", membership.managers}};
  if (manager_ == nullptr) {
    json["connected"] = member_->is_connected();
    return json;
  }
  const ScopeState& home = manager_->home();
  json["nodes"] = home.nodes.size();
  json["connectedNodes"] =
      std::count_if(home.nodes.begin(), home.nodes.end(), [this](const auto& each) {
        return member_->describe(each.first) == "connected";
      });
  return json;
}

void HostDaemon::issue_token(const std::string& role, std::int64_t lifetime_s, Done done) {
  if (manager_ == nullptr || member_ == nullptr) return done(no_manager());
  if (role == "manager") {
    return done(make_error(ErrorKind::kInvalid, "a cluster has one manager so far"));
  }
  if (role != "worker") return done(make_error(ErrorKind::kInvalid, "no such role: {}", role));
  auth::Secret secret = auth::generate_join_secret();
  JoinGrant grant{.secret_sha256 = auth::sha256_hex(secret.reveal()),
                  .created_at = {unix_now() / 1'000'000}};
  if (lifetime_s > 0) grant.expires_at = {grant.created_at.milliseconds + lifetime_s * 1000};
  const Result<std::string> digest =
      auth::authority_digest(member_->keys()->authority.certificate());
  if (!digest.has_value()) return done(digest.error());
  Json answer = {
      {"token", std::string(auth::to_text({.authority = *digest, .secret = secret}).reveal())},
      {"address", member_->membership().managers.front()}};
  if (grant.expires_at.has_value()) {
    answer["expiresAt"] = format_rfc3339(grant.expires_at->milliseconds * 1'000'000);
  }
  const ScopeState& home = manager_->home();
  const auto old = home.grants.find(role);
  Proposal proposal;
  proposal.put(
      grant_key(home.scope, role), grant, old == home.grants.end() ? 0 : old->second.revision);
  manager_->api().propose(proposal, [answer, done = std::move(done)](bool made) {
    if (made) return done(answer);
    done(make_error(ErrorKind::kUnavailable, "the token could not be stored"));
  });
}

Result<Json> HostDaemon::nodes() const {
  if (manager_ == nullptr || member_ == nullptr) return no_manager();
  const ScopeState& home = manager_->home();
  Json list = Json::array();
  for (const auto& [id, node] : home.nodes) {
    list.push_back(node_json(home, node.value, member_->describe(id)));
  }
  return Json{{"nodes", list}, {"self", member_->membership().identity.node}};
}

Result<const Kept<Node>*> HostDaemon::find_node(const std::string& name) const {
  const Kept<Node>* found = nullptr;
  for (const auto& [id, node] : manager_->home().nodes) {
    if (id == name) return &node;
    const bool is_meant = (!name.empty() && id.starts_with(name)) || node.value.name == name;
    if (is_meant && found != nullptr) {
      return make_error(ErrorKind::kConflict, "{} stands for more than one node", name);
    }
    if (is_meant) found = &node;
  }
  if (found == nullptr) return make_error(ErrorKind::kNotFound, "no such node: {}", name);
  return found;
}

void HostDaemon::remove_node(const std::string& name, bool force, Done done) {
  if (manager_ == nullptr || member_ == nullptr) return done(no_manager());
  const Result<const Kept<Node>*> found = find_node(name);
  if (!found.has_value()) return done(found.error());
  const Node node = (*found)->value;
  if (node.id == member_->membership().identity.node) {
    return done(make_error(ErrorKind::kConflict, "this is the manager itself"));
  }
  if (!force && member_->describe(node.id) == "connected") {
    return done(make_error(
        ErrorKind::kConflict, "node {} is connected: let it leave, or use --force", node.name));
  }
  const ScopeState& home = manager_->home();
  // First its tasks, some at a time, then itself.
  std::optional<Proposal> proposal = plan_lost_host(home, node, {unix_now() / 1'000'000});
  const bool is_last = !proposal.has_value();
  if (is_last) proposal = plan_leave(home, node.id, false).proposal;
  manager_->api().propose(*proposal, [this, node, is_last, done = std::move(done)](bool made) {
    if (made && is_last) return done(Json{{"node", node.id}});
    if (made) return remove_node(node.id, true, done);
    done(make_error(ErrorKind::kUnavailable, "the change could not be stored, try again"));
  });
}

}  // namespace ikada
