#include "cluster/daemon/role_change.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <spdlog/spdlog.h>

#include "cluster/daemon/shared_store.h"
#include "cluster/node/admission.h"
#include "cluster/state/record_key.h"
#include "runtime/base/printable.h"

namespace ikada {
namespace {

constexpr std::string_view kManagerRole = "manager";
constexpr std::string_view kWorkerRole = "worker";

// One promotion on its way.
struct Promotion {
  ApiServer& api;
  StateFeed& feed;
  const ClusterKeys& keys;
  std::vector<std::string> managers;
  std::int64_t certificate_lifetime_s;
  std::string node;
  std::string certificate_request;
  ManagerCalls::Reply reply;

  const ScopeState& home() const {
    const ApiOptions& options = api.options();
    return feed.state().scope({.account = options.account, .region = options.home_region});
  }

  const Kept<Node>* record() const {
    const auto found = home().nodes.find(node);
    return found == home().nodes.end() ? nullptr : &found->second;
  }

  // It stays what it is, and says why. One that is a manager for the records, and has not kept what
  // it was given, asks again.
  void give_up(const Error& why) const {
    const Kept<Node>* kept = record();
    if (kept == nullptr || kept->value.role == kManagerRole) return reply(why);
    Node changed = kept->value;
    changed.wanted_role.reset();
    changed.role_error = why.message;
    Proposal proposal;
    proposal.put(node_key(home().scope, node), changed, kept->revision);
    spdlog::warn("node not promoted node={} reason={}", node, in_quotes(why.message));
    api.propose(proposal, [reply = reply, why](bool) { reply(why); });
  }

  // Not now, but perhaps later: the node asks again, and its record says what it waits for.
  void put_off(const Error& why) const {
    const std::string reason = fmt::format(
        "it waits for the other managers, one of which cannot be reached or has just come: {}",
        why.message);
    const Kept<Node>* kept = record();
    if (kept == nullptr || kept->value.role_error == reason) return reply(why);
    Node changed = kept->value;
    changed.role_error = reason;
    Proposal proposal;
    proposal.put(node_key(home().scope, node), changed, kept->revision);
    spdlog::warn("node not promoted yet node={} reason={}", node, in_quotes(why.message));
    api.propose(proposal, [reply = reply, why](bool) { reply(why); });
  }

  void hand_over(const Json& manager) const {
    const Kept<Node>* kept = record();
    if (kept == nullptr || kept->value.wanted_role != kManagerRole) {
      return reply(make_error(ErrorKind::kConflict, "the node is not to be a manager any more"));
    }
    Node changed = kept->value;
    changed.role = kManagerRole;
    changed.is_new.reset();
    changed.role_error.reset();
    const Result<std::string> certificate = renew_certificate(
        keys, certificate_request, changed, api.ground().now(), certificate_lifetime_s);
    if (!certificate.has_value()) return give_up(certificate.error());
    Proposal proposal;
    proposal.put(node_key(home().scope, node), changed, kept->revision);
    const Json answer = {
        {"certificate", *certificate}, {"manager", manager}, {"managers", managers}};
    api.propose(proposal, [reply = reply, answer, node = node](bool made) {
      if (!made) return reply(make_error(ErrorKind::kUnavailable, "the change was not stored"));
      spdlog::info("node promoted node={}", node);
      reply(answer);
    });
  }
};

}  // namespace

bool may_have_role(const Node& node, auth::NodeRole role) {
  return node.role == auth::to_text(role) || node.wanted_role.has_value();
}

std::optional<std::string> role_to_tell(const Node& node, auth::NodeRole role) {
  if (!node.wanted_role.has_value() || *node.wanted_role == auth::to_text(role)) {
    return std::nullopt;
  }
  // A manager's member of etcd goes first.
  if (*node.wanted_role == kWorkerRole && node.role != kWorkerRole) return std::nullopt;
  return node.wanted_role;
}

Result<Node> plan_role(const ScopeState& scope, const Node& node, const std::string& role) {
  if (role != kManagerRole && role != kWorkerRole) {
    return make_error(ErrorKind::kInvalid, "no such role: {}", role);
  }
  const std::string& present = node.wanted_role.value_or(node.role);
  if (present == role) {
    return make_error(ErrorKind::kConflict,
                      "node {} is {}a {} already",
                      node.name,
                      node.wanted_role.has_value() ? "becoming " : "",
                      role);
  }
  Node changed = node;
  // It has not come about yet: it stays what it is.
  if (node.wanted_role == kManagerRole && role == node.role) {
    changed.wanted_role.reset();
    changed.role_error.reset();
    return changed;
  }
  if (node.wanted_role.has_value()) {
    return make_error(
        ErrorKind::kConflict, "node {} is becoming a {} just now", node.name, *node.wanted_role);
  }
  if (role == kManagerRole) {
    JoinRequest request;
    request.address = node.address;
    request.has_etcd = true;  // The node says it itself, later.
    IK_TRY(check_new_manager(scope, request));
  }
  changed.wanted_role = role;
  changed.role_error.reset();
  return changed;
}

Result<void> check_majority_without(const ScopeState& scope,
                                    const Node& node,
                                    const std::map<std::string, std::string>& member_states) {
  size_t others = 0;
  size_t good = 0;
  std::string bad;
  for (const auto& [id, each] : scope.nodes) {
    if (each.value.role != kManagerRole || id == node.id) continue;
    // It is about to go, too.
    if (each.value.wanted_role == kWorkerRole) continue;
    ++others;
    const auto state = member_states.find(each.value.address);
    if (state != member_states.end() && state->second == "reachable") {
      ++good;
    } else {
      bad += (bad.empty() ? "" : ", ") + each.value.name;
    }
  }
  if (others == 0) {
    return make_error(ErrorKind::kConflict, "{} is the cluster's only manager", node.name);
  }
  if (good > others / 2) return {};
  return make_error(ErrorKind::kConflict,
                    "without {} the managers have no majority: {} cannot be reached",
                    node.name,
                    bad);
}

std::vector<std::string> manager_addresses(const ScopeState& scope) {
  std::vector<std::string> addresses;
  for (const auto& [id, node] : scope.nodes) {
    if (node.value.role == kManagerRole) addresses.push_back(node.value.address);
  }
  return addresses;
}

std::vector<std::string> etcd_addresses(const ScopeState& scope) {
  std::vector<std::string> addresses;
  for (const auto& [id, node] : scope.nodes) {
    const bool is_to_be = node.value.wanted_role == kManagerRole;
    if (is_to_be || node.value.role == kManagerRole) addresses.push_back(node.value.address);
  }
  return addresses;
}

void answer_promotion(const PromotionGround& ground,
                      const std::string& node,
                      const Json& question,
                      const ManagerCalls::Reply& reply) {
  auto promotion =
      std::make_shared<Promotion>(Promotion{.api = ground.api,
                                            .feed = ground.feed,
                                            .keys = ground.keys,
                                            .managers = ground.managers,
                                            .certificate_lifetime_s = ground.certificate_lifetime_s,
                                            .node = node,
                                            .certificate_request = "",
                                            .reply = reply});
  bool has_etcd = false;
  JsonReader reader(question, "promote");
  reader.require("certificateRequest", promotion->certificate_request);
  reader.require("hasEtcd", has_etcd);
  const Result<void> read = reader.done();
  if (!read.has_value()) return reply(read.error());
  const Kept<Node>* kept = promotion->record();
  if (kept == nullptr || kept->value.wanted_role != kManagerRole) {
    return reply(make_error(ErrorKind::kDenied, "the node is not to be a manager"));
  }
  if (!has_etcd) {
    return promotion->give_up(make_error(
        ErrorKind::kUnavailable, "etcd is not on that host: install the package etcd-server"));
  }
  Node asking = kept->value;
  // Who asks has been seen, though perhaps only now.
  asking.is_new.reset();
  ground.calls.admit(asking, [promotion](const Result<Json>& ready) {
    if (!ready.has_value() && ready.error().code == kMembersNotReady) {
      return promotion->put_off(ready.error());
    }
    if (!ready.has_value()) return promotion->give_up(ready.error());
    promotion->hand_over(*ready);
  });
}

}  // namespace ikada
