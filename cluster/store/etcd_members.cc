#include "cluster/store/etcd_members.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace ikada {
namespace {

using Repeat = EtcdClient::Repeat;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kAskAgain{50};
constexpr std::chrono::milliseconds kProbe{1000};

Result<std::optional<EtcdMember>> find_member(EtcdClient& client, const std::string& peer_url) {
  IK_LET(members, list_etcd_members(client));
  for (EtcdMember& member : members) {
    if (member.peer_url == peer_url) return std::optional<EtcdMember>(std::move(member));
  }
  return std::optional<EtcdMember>();
}

}  // namespace

Result<std::vector<EtcdMember>> list_etcd_members(EtcdClient& client) {
  IK_LET(body, client.call(etcd_members(), Repeat::kAllowed));
  return parse_etcd_members(body);
}

// A lost answer is looked up: the second time it is there.
Result<void> add_etcd_learner(EtcdClient& client, const std::string& peer_url) {
  IK_LET(known, find_member(client, peer_url));
  if (known.has_value()) return {};
  const Result<std::string> body = client.call(etcd_add_learner(peer_url), Repeat::kAllowed);
  if (body.has_value()) return {};
  IK_LET(added, find_member(client, peer_url));
  if (added.has_value()) return {};
  return body.error();
}

Result<bool> promote_etcd_member(EtcdClient& client, const EtcdMember& member) {
  const Result<std::string> body = client.call(etcd_promote(member.id), Repeat::kAllowed);
  if (body.has_value()) return true;
  if (body.error().kind != ErrorKind::kConflict) return body.error();
  IK_LET(now, find_member(client, member.peer_url));
  return now.has_value() && !now->is_learner;
}

Result<void> remove_etcd_member(EtcdClient& client, const std::string& peer_url) {
  IK_LET(member, find_member(client, peer_url));
  return member.has_value() ? remove_etcd_member(client, *member) : Result<void>();
}

Result<void> remove_etcd_member(EtcdClient& client, const EtcdMember& member) {
  const Result<std::string> body = client.call(etcd_remove_member(member.id), Repeat::kAllowed);
  if (body.has_value() || body.error().kind == ErrorKind::kNotFound) return {};
  return body.error();
}

Result<void> yield_etcd_leadership(EtcdClient& client, const std::vector<std::string>& peer_urls) {
  IK_LET(health, probe_etcd_member(client, kProbe));
  if (health.leader != health.member) return {};
  IK_LET(members, list_etcd_members(client));
  for (const EtcdMember& member : members) {
    const bool is_candidate = !member.is_learner && member.id != health.member &&
                              std::ranges::find(peer_urls, member.peer_url) != peer_urls.end();
    if (!is_candidate) continue;
    IK_LET(body,
           client.call_member(
               client.endpoints().front(), etcd_transfer_leadership(member.id), kProbe));
    return {};
  }
  return {};
}

Result<EtcdHealth> probe_etcd_member(EtcdClient& client, std::chrono::milliseconds limit) {
  IK_LET(body, client.call_member(client.endpoints().front(), etcd_status(), limit));
  return parse_etcd_health(body);
}

Result<void> await_etcd_member(EtcdClient& client, std::chrono::milliseconds limit) {
  const Clock::time_point deadline = Clock::now() + limit;
  while (true) {
    const Result<EtcdHealth> health = probe_etcd_member(client, kProbe);
    if (health.has_value() && !health->leader.empty()) return {};
    if (Clock::now() > deadline) {
      return health.has_value() ? make_error(ErrorKind::kUnavailable, "etcd: no leader")
                                : health.error();
    }
    std::this_thread::sleep_for(kAskAgain);
  }
}

}  // namespace ikada
