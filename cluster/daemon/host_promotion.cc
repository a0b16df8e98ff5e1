// The part of host_daemon.h that is about one of several managers: becoming one, and going.
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "cluster/daemon/etcd_setup.h"
#include "cluster/daemon/host_balancers.h"
#include "cluster/daemon/host_daemon.h"
#include "cluster/daemon/node_plans.h"
#include "cluster/daemon/role_change.h"
#include "cluster/node/authority_exchange.h"
#include "cluster/state/record_key.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/clock.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::chrono::seconds kRoleAgain{2};
// Of look_again(): forty seconds. What is refused may be possible when a new member has learned.
constexpr int kStepDownLooks = 134;
constexpr int kRefusedLooks = 100;
constexpr int kLeaderLooks = 134;
constexpr int kStopAttempts = 400;

Error not_let_go_error() {
  return make_error(
      ErrorKind::kUnavailable,
      "the other managers have not let this one go yet: it becomes a worker as soon as "
      "they can, and may leave then");
}

}  // namespace

// {"authority", "accessKey", "sealingKeys": texts of files, "etcd": etcd_setup.h}
Result<void> HostDaemon::become_manager(const Joined& joined) {
  std::string authority;
  std::string access_key;
  std::string sealing_keys;
  JsonReader reader(joined.manager, "what a manager gets");
  reader.require("authority", authority);
  reader.require("accessKey", access_key);
  reader.read("sealingKeys", sealing_keys);
  IK_TRY(reader.done());
  const auto etcd = joined.manager.find("etcd");
  if (etcd == joined.manager.end()) {
    return make_error(ErrorKind::kInvalid, "the manager's answer has nothing about etcd");
  }
  IK_LET(setup, parse_etcd_setup(*etcd, "the manager's answer: etcd"));
  const std::string directory = options_.state_root + "/cluster";
  IK_TRY(make_directories(directory, 0700));
  // Of a cluster that this host was in before.
  remove_etcd_files(directory);
  IK_TRY(write_file_atomically(keys_path(), authority, 0600));
  IK_TRY(write_file_atomically(directory + "/access_key.json", access_key, 0600));
  if (!sealing_keys.empty()) {
    IK_TRY(write_file_atomically(directory + "/sealing.key", sealing_keys, 0600));
  }
  IK_LET(json, parse_json(authority).context("the manager's answer: authority"));
  IK_LET(keys, parse_cluster_keys(json, "the manager's answer: authority"));
  IK_TRY(write_authorities(keys));
  return store_etcd_setup(directory, setup);
}

bool HostDaemon::is_following() const { return manager_ != nullptr && !manager_->leads(); }

void HostDaemon::ask_leader(const Json& request, const Done& done) {
  if (member_ == nullptr) return done(make_error(ErrorKind::kConflict, "no cluster"));
  member_->ask_leader(request, done);
}

// It goes as one that is demoted: who leads takes its member out of etcd, sees to it that those who
// stay are a majority, and writes down that it is a worker. Killed meanwhile it becomes one.
void HostDaemon::leave_as_one_of(bool force, const Done& done) {
  if (!force && agent_ != nullptr && agent_->agent().has_running_tasks()) {
    return done(make_error(ErrorKind::kConflict,
                           "tasks run here: drain the node first, or use --force to stop them"));
  }
  drain_tasks([this, force, done] {
    stop_tasks(
        kStopAttempts, done, [this, force, done] { step_down(force, kStepDownLooks, done); });
  });
}

// Who leads tells this host's tasks to stop, those that are targets when they are drained. Nothing
// is waited for where nobody leads.
void HostDaemon::drain_tasks(const std::function<void()>& then) {
  const bool has_tasks = agent_ != nullptr && agent_->agent().has_running_tasks();
  if (!has_tasks || is_stopped_) return then();
  const auto again = [this, then] { look_again([this, then] { drain_tasks(then); }); };
  if (manager_->leads()) {
    const LeavePlan plan = plan_leave(
        manager_->home(), member_->membership().identity.node, true, {unix_now() / 1'000'000});
    if (plan.tasks == 0) return then();
    if (plan.proposal.changes.empty()) return again();
    return manager_->api().propose(plan.proposal, [again](bool) { again(); });
  }
  if (!member_->is_connected()) return then();
  member_->ask(
      "leave", {{"stopTasks", true}, {"stays", true}}, [again, then](const Result<Json>& answer) {
        const bool is_asked =
            !answer.has_value() && (answer.error().kind == ErrorKind::kConflict ||
                                    answer.error().kind == ErrorKind::kUnavailable);
        return is_asked ? again() : then();
      });
}

void HostDaemon::step_down(bool force, int looks, const Done& done) {
  if (is_stopped_) return done(stopping_error());
  if (!member_->refused().empty()) return leave_unknown(true, done);
  const ScopeState& home = manager_->home();
  const std::string& own = member_->membership().identity.node;
  const auto record = home.nodes.find(own);
  if (record == home.nodes.end()) return done(not_let_go_error());
  const bool is_let_go = told_role_ == "worker" || record->second.value.role == "worker";
  if (is_let_go) return leave_as_worker(force, kLeaderLooks, done);
  const Done again = [this, force, looks, done](const Result<Json>& decided) {
    const bool is_refused = !decided.has_value() && decided.error().kind == ErrorKind::kConflict;
    if (is_refused && looks < kRefusedLooks) return done(decided);
    if (looks > 0) {
      return look_again([this, force, looks, done] { step_down(force, looks - 1, done); });
    }
    // Most managers are away, and perhaps for good.
    if (force && !manager_->leads() && !member_->is_connected())
      return leave_alone(kStopAttempts, done);
    done(decided.has_value() ? not_let_go_error() : decided.error());
  };
  if (record->second.value.wanted_role == "worker") return again(Json());
  if (!is_following()) return set_role(own, "worker", again);
  ask_leader({{"method", "POST"},
              {"target", fmt::format("/cluster/nodes/{}/role", own)},
              {"body", Json{{"role", "worker"}}.dump()}},
             again);
}

void HostDaemon::remove_member(const Node& node, std::function<void(const Result<void>&)> then) {
  manager_->remove_member(node.address, std::move(then));
}

void HostDaemon::set_role(const std::string& name, const std::string& role, const Done& done) {
  if (manager_ == nullptr || member_ == nullptr) {
    return done(make_error(ErrorKind::kConflict, "this host is no manager of a cluster"));
  }
  const Result<const Kept<Node>*> found = find_node(name);
  if (!found.has_value()) return done(found.error());
  const Kept<Node> node = **found;
  const Result<Node> changed = plan_role(manager_->home(), node.value, role);
  if (!changed.has_value()) return done(changed.error());
  const auto store = [this, node, changed = *changed, role, done] {
    const ScopeState& home = manager_->home();
    Proposal proposal;
    proposal.put(node_key(home.scope, node.value.id), changed, node.revision);
    // Two that go at once would each count on the other.
    for (const auto& [id, each] : home.nodes) {
      const bool is_counted_on =
          role == "worker" && each.value.role == "manager" && id != node.value.id;
      if (is_counted_on) proposal.guard(node_key(home.scope, id), each.revision);
    }
    manager_->api().propose(proposal, [node, done](bool made) {
      if (made) return done(Json{{"node", node.value.id}, {"name", node.value.name}});
      done(make_error(ErrorKind::kUnavailable, "the change could not be stored, try again"));
    });
  };
  if (role == "manager") {
    if (member_->describe(node.value.id) == "connected") return store();
    return done(make_error(ErrorKind::kConflict, "node {} is not connected", node.value.name));
  }
  // Taken back before it has come about.
  if (!changed->wanted_role.has_value()) return store();
  manager_->look_at_members([this, node, store, done](const ControlPlane::MemberStates& states) {
    const Result<void> left = check_majority_without(manager_->home(), node.value, states);
    if (!left.has_value()) return done(left.error());
    store();
  });
}

// The leading manager has decided, and tells so until this host is what it is to be.
void HostDaemon::take_role(const std::string& role) {
  if (is_stopped_) return;
  if (is_busy_) {
    told_role_ = role;
    return ask_for_role_later(role);
  }
  const bool is_promotion = role == "manager" && manager_ == nullptr;
  if (!is_promotion && (role != "worker" || manager_ == nullptr)) return;
  const Result<std::string> request =
      auth::create_certificate_request(member_->membership().credentials.key);
  if (!request.has_value()) return spdlog::error("role: {}", request.error().message);
  Json question = {{"certificateRequest", *request}};
  if (is_promotion) question["hasEtcd"] = find_etcd().has_value();
  is_busy_ = true;
  is_changing_ = true;
  spdlog::info("becoming a {}", role);
  member_->ask(is_promotion ? "promote" : "renew",
               question,
               [this, is_promotion, role](const Result<Json>& answer) {
                 is_busy_ = false;
                 is_changing_ = false;
                 if (is_stopped_) return;
                 Result<void> changed = answer.has_value() ? become(*answer, is_promotion)
                                                           : Result<void>(answer.error());
                 if (changed.has_value()) return;
                 spdlog::error("becoming a {}: {}", role, changed.error().message);
                 // Denied: it is not to be one any more.
                 if (changed.error().kind != ErrorKind::kDenied) ask_for_role_later(role);
               });
}

void HostDaemon::ask_for_role_later(const std::string& role) {
  role_timer_ = std::make_unique<boost::asio::steady_timer>(loop_, kRoleAgain);
  role_timer_->async_wait([this, role](const boost::system::error_code& error) {
    if (!error) take_role(role);
  });
}

// What makes it so is node.json; then the daemon starts anew. Containers go on.
Result<void> HostDaemon::become(const Json& answer, bool is_promotion) {
  Membership membership = member_->membership();
  JsonReader reader(answer, "the manager's answer");
  std::string certificate;
  reader.require("certificate", certificate);
  reader.read("managers", membership.managers);
  IK_TRY(reader.done());
  std::vector<std::string> trusted = membership.credentials.others;
  trusted.push_back(membership.credentials.authority);
  IK_LET(credentials, with_certificate(membership.credentials, certificate, trusted));
  membership.credentials = std::move(credentials);
  IK_LET(facts, auth::read_certificate(membership.credentials.certificate));
  const bool is_manager = facts.identity.role == auth::NodeRole::kManager;
  if (is_manager != is_promotion) {
    return make_error(ErrorKind::kUnavailable, "the certificate has another role");
  }
  membership.identity = facts.identity;
  if (is_promotion) {
    IK_TRY(become_manager(
        {.membership = membership, .manager = answer.value("manager", Json::object())}));
  }
  IK_TRY(member_->keep(membership));
  spdlog::info("role changed role={}", auth::to_text(facts.identity.role));
  if (!is_promotion) {
    manager_->balancers().end_service();
    remove_cluster_files();
  }
  note_restart();
  return {};
}

}  // namespace ikada
