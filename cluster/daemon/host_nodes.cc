// The part of host_daemon.h that is about the cluster's nodes.
#include <algorithm>
#include <utility>

#include "cluster/api/attribute_targets.h"
#include "cluster/auth/digest.h"
#include "cluster/daemon/host_daemon.h"
#include "cluster/daemon/node_plans.h"
#include "cluster/state/record_key.h"
#include "runtime/base/clock.h"

namespace ikada {
namespace {

constexpr std::chrono::milliseconds kDrainLook{300};
constexpr int kDrainAttempts = 2000;  // Ten minutes.

Result<void> check_manager(const ControlPlane* manager, const ClusterMember* member) {
  if (manager == nullptr || member == nullptr) {
    return make_error(ErrorKind::kConflict, "this host is no manager of a cluster");
  }
  if (manager->is_ready()) return {};
  return make_error(ErrorKind::kUnavailable, "the cluster's store cannot be read yet, try again");
}

const InstanceState* instance_of(const ScopeState& home, const Node& node) {
  const auto cluster = home.clusters.find(node.cluster.value_or(""));
  if (cluster == home.clusters.end()) return nullptr;
  const auto found = cluster->second.instances.find(node.instance.value_or(""));
  return found == cluster->second.instances.end() ? nullptr : &found->second;
}

// What operators and agent.yaml have set; the others say what ECS itself knows of a host.
Json labels_of(const ContainerInstance& instance) {
  Json labels = Json::object();
  for (const Attribute& each : instance.attributes) {
    if (is_custom(each)) labels[each.name] = each.value.value_or("");
  }
  return labels;
}

Json node_json(const ScopeState& home, const Node& node, const std::string& state) {
  Json json = to_json(node);
  json["state"] = state;
  const InstanceState* const instance = instance_of(home, node);
  if (instance == nullptr) return json;
  json["status"] = instance->record.value.status;
  json["labels"] = labels_of(instance->record.value);
  json["runningTasksCount"] = instance->running_tasks;
  json["pendingTasksCount"] = instance->pending_tasks;
  json["remaining"] = {
      {"cpu", registered_amounts(instance->record.value).cpu_units - instance->reserved.cpu_units},
      {"memory",
       registered_amounts(instance->record.value).memory_mib - instance->reserved.memory_mib}};
  return json;
}

}  // namespace

void HostDaemon::status(const Done& done) const {
  if (member_ == nullptr) {
    return done(Json{{"role", manager_ == nullptr ? "none" : "manager"}});
  }
  const Membership& membership = member_->membership();
  Json json = {{"role", auth::to_text(membership.identity.role)},
               {"cluster", membership.identity.cluster},
               {"node", membership.identity.node},
               {"name", membership.name},
               {"address", membership.address},
               {"managers", membership.managers},
               {"gossip", member_->own_keys()}};
  const std::string refused = member_->refused();
  if (!refused.empty()) json["refused"] = refused;
  if (manager_ == nullptr) {
    json["connected"] = member_->is_connected();
    return done(json);
  }
  const ScopeState& home = manager_->home();
  json["ca"] = member_->authority_keeper()->own();
  json["leads"] = manager_->leads();
  const auto leader =
      home.nodes.find(manager_->leads() ? membership.identity.node : manager_->leader());
  if (leader != home.nodes.end()) json["leader"] = leader->second.value.name;
  json["store"] = manager_->is_alone() ? "sqlite" : "etcd";
  json["nodes"] = home.nodes.size();
  // The nodes are connected with the one that leads.
  if (manager_->leads()) {
    json["connectedNodes"] =
        std::count_if(home.nodes.begin(), home.nodes.end(), [this](const auto& each) {
          return member_->describe(each.first) == "connected";
        });
  }
  manager_->look_at_members(
      [json, own = membership.address, done](const ControlPlane::MemberStates& states) {
        Json answer = json;
        for (const auto& [address, state] : states) answer["etcdMembers"][address] = state;
        const auto found = states.find(own);
        if (found != states.end()) answer["etcd"] = found->second;
        done(answer);
      });
}

void HostDaemon::issue_token(const std::string& role, std::int64_t lifetime_s, Done done) {
  const Result<void> checked = check_manager(manager_.get(), member_.get());
  if (!checked.has_value()) return done(checked.error());
  if (!auth::parse_node_role(role).has_value()) {
    return done(make_error(ErrorKind::kInvalid, "no such role: {}", role));
  }
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

void HostDaemon::rotate_key(const Done& done) {
  const Result<void> checked = check_manager(manager_.get(), member_.get());
  if (!checked.has_value()) return done(checked.error());
  member_->rotate_key(done);
}

void HostDaemon::key_rotation(const Done& done) const {
  const Result<void> checked = check_manager(manager_.get(), member_.get());
  if (!checked.has_value()) return done(checked.error());
  member_->key_rotation(done);
}

void HostDaemon::rotate_authority(bool force, const Done& done) {
  const Result<void> checked = check_manager(manager_.get(), member_.get());
  if (!checked.has_value()) return done(checked.error());
  member_->authority_keeper()->begin(force, done);
}

void HostDaemon::authority_rotation(const Done& done) const {
  const Result<void> checked = check_manager(manager_.get(), member_.get());
  if (!checked.has_value()) return done(checked.error());
  done(member_->authority_keeper()->describe());
}

void HostDaemon::nodes(const Done& done) const {
  const Result<void> checked = check_manager(manager_.get(), member_.get());
  if (!checked.has_value()) return done(checked.error());
  const ScopeState& home = manager_->home();
  Json list = Json::array();
  for (const auto& [id, node] : home.nodes) {
    list.push_back(
        node_json(home, node.value, member_->is_doubled(id) ? "doubled" : member_->describe(id)));
  }
  manager_->look_at_members(
      [list, leads = manager_->leads(), own = member_->membership().identity.node, done](
          const ControlPlane::MemberStates& states) {
        Json nodes = list;
        for (Json& node : nodes) {
          if (node["role"] != "manager") continue;
          const auto state = states.find(node.value("address", ""));
          if (state != states.end()) node["etcd"] = state->second;
          node["leads"] = leads && node["id"] == own;
        }
        done(Json{{"nodes", nodes}, {"self", own}});
      });
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
  const Result<void> checked = check_manager(manager_.get(), member_.get());
  if (!checked.has_value()) return done(checked.error());
  const Result<const Kept<Node>*> found = find_node(name);
  if (!found.has_value()) return done(found.error());
  const Node node = (*found)->value;
  if (node.id == member_->membership().identity.node) {
    return done(make_error(ErrorKind::kConflict, "this is the manager itself"));
  }
  if (drains_.contains(node.id)) {
    return done(make_error(ErrorKind::kConflict, "node {} is being removed", node.name));
  }
  if (!force && member_->describe(node.id) == "connected") {
    return done(make_error(
        ErrorKind::kConflict, "node {} is connected: let it leave, or use --force", node.name));
  }
  drain_node(node, kDrainAttempts, [this, node, done = std::move(done)] {
    if (node.role != "manager") return remove_records(node, done);
    remove_member(node, [this, node, done](const Result<void>& removed) {
      if (!removed.has_value()) return done(removed.error());
      remove_records(node, done);
    });
  });
}

// As long as the host lives its tasks stop as tasks do: those that are targets are drained first.
void HostDaemon::drain_node(const Node& node, int attempts, std::function<void()> then) {
  const LeavePlan plan = plan_leave(manager_->home(), node.id, true, {unix_now() / 1'000'000});
  const bool lives = member_->describe(node.id) == "connected";
  if (!lives || plan.tasks == 0 || attempts == 0) {
    drains_.erase(node.id);
    return then();
  }
  const auto again = [this, node, attempts, then = std::move(then)](bool) {
    if (is_stopped_) return;
    auto& timer = drains_[node.id];
    timer = std::make_unique<boost::asio::steady_timer>(loop_, kDrainLook);
    timer->async_wait([this, node, attempts, then](const boost::system::error_code& error) {
      if (!error) drain_node(node, attempts - 1, then);
    });
  };
  if (plan.proposal.changes.empty()) return again(true);
  manager_->api().propose(plan.proposal, again);
}

void HostDaemon::remove_records(const Node& node, const Done& done) {
  const ScopeState& home = manager_->home();
  if (home.nodes.find(node.id) == home.nodes.end()) return done(Json{{"node", node.id}});
  // First its tasks, some at a time, then itself.
  const Timestamp now{unix_now() / 1'000'000};
  std::optional<Proposal> proposal = plan_lost_host(home, node, now);
  const bool is_last = !proposal.has_value();
  if (is_last) proposal = plan_leave(home, node.id, false, now).proposal;
  manager_->api().propose(*proposal, [this, node, is_last, done](bool made) {
    if (made && is_last) return done(Json{{"node", node.id}});
    if (made) return remove_records(node, done);
    done(make_error(ErrorKind::kUnavailable, "the change could not be stored, try again"));
  });
}

}  // namespace ikada
