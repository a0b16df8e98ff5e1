// The part of host_daemon.h that takes this host out of its cluster.
#include <algorithm>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <spdlog/spdlog.h>

#include "cluster/daemon/etcd_setup.h"
#include "cluster/daemon/host_agent.h"
#include "cluster/daemon/host_balancers.h"
#include "cluster/daemon/host_daemon.h"
#include "cluster/daemon/leftovers.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::chrono::milliseconds kLookAgain{300};
constexpr int kStopLooks = 400;   // Two minutes: as long as a task may take to stop.
constexpr int kReadyLooks = 70;   // Twenty seconds, for etcd to answer.
constexpr int kWorkerLooks = 34;  // Ten, for a manager to.

Error changing_error() {
  Error error = make_error(ErrorKind::kUnavailable, "this host's role changes just now, try again");
  error.code = kHostChanges;
  return error;
}

}  // namespace

void HostDaemon::look_again(std::function<void()> then) {
  timer_ = std::make_unique<boost::asio::steady_timer>(loop_, kLookAgain);
  timer_->async_wait([then = std::move(then)](const boost::system::error_code& error) {
    if (!error) then();
  });
}

void HostDaemon::leave(bool force, Done done) {
  if (is_busy_) return done(is_changing_ ? changing_error() : busy_error());
  if (member_ == nullptr) {
    return done(make_error(ErrorKind::kConflict, "this host is in no cluster"));
  }
  is_busy_ = true;
  told_role_.clear();
  const Done finished = [this, done = std::move(done)](const Result<Json>& result) {
    is_busy_ = false;
    if (!result.has_value() && manager_ != nullptr) manager_->end_services(false);
    done(result);
  };
  if (manager_ != nullptr) return leave_as_manager(force, kReadyLooks, finished);
  leave_as_worker(force, kWorkerLooks, finished);
}

// Who was a manager until now has others that count on it: it has to be heard.
void HostDaemon::leave_as_worker(bool force, int looks, const Done& done) {
  if (is_stopped_) return done(stopping_error());
  if (!member_->refused().empty()) return leave_unknown(force, done);
  const bool waits = force || manager_ != nullptr;
  const auto again = [this, force, done](int left) {
    look_again([this, force, left, done] { leave_as_worker(force, left, done); });
  };
  // While leaders change nobody answers.
  if (waits && !member_->is_connected() && looks > 0) return again(looks - 1);
  if (force && !member_->is_connected()) return leave_alone(kStopLooks, done);
  member_->leave(waits, [this, again, waits, force, looks, done](const Result<void>& left) {
    if (left.has_value()) return forget_cluster(done);
    // Until the last of its tasks has ended, or the manager is gone.
    const bool may_wait = waits && (force || looks > 0);
    const bool is_stopping =
        left.error().kind == ErrorKind::kConflict || left.error().kind == ErrorKind::kUnavailable;
    if (!may_wait || !is_stopping) return done(left.error());
    again(looks);
  });
}

// One that was removed, or missed an exchange of the cluster's authorities.
void HostDaemon::leave_unknown(bool force, const Done& done) {
  if (force) return leave_alone(kStopLooks, done);
  done(make_error(ErrorKind::kConflict, "{}; use --force", member_->refused()));
}

// Stops its tasks itself; nobody is asked.
void HostDaemon::leave_alone(int attempts, const Done& done) {
  stop_tasks(attempts, done, [this, done] { forget_cluster(done); });
}

void HostDaemon::stop_tasks(int attempts, const Done& done, std::function<void()> then) {
  if (agent_ == nullptr || !agent_->agent().has_running_tasks()) return then();
  if (attempts == 0) {
    return done(make_error(ErrorKind::kUnavailable, "tasks do not stop, try again"));
  }
  agent_->agent().stop_tasks("The host has left the cluster.");
  look_again(
      [this, attempts, done, then = std::move(then)] { stop_tasks(attempts - 1, done, then); });
}

void HostDaemon::leave_as_manager(bool force, int looks, const Done& done) {
  if (is_stopped_) return done(stopping_error());
  if (!member_->refused().empty()) return leave_unknown(force, done);
  // One that has just become a manager does not know the others yet.
  if (!manager_->is_ready()) {
    if (looks > 0) {
      return look_again([this, force, looks, done] { leave_as_manager(force, looks - 1, done); });
    }
    if (force) return leave_alone(kStopLooks, done);
    return done(make_error(ErrorKind::kUnavailable,
                           "the cluster cannot be read: a majority of the managers cannot be "
                           "reached"));
  }
  const ScopeState& home = manager_->home();
  const std::string& own = member_->membership().identity.node;
  const bool has_others = std::ranges::any_of(home.nodes, [&](const auto& each) {
    return each.first != own && each.second.value.role == "manager";
  });
  if (has_others) return leave_as_one_of(force, done);
  const size_t others = home.nodes.size() - home.nodes.count(own);
  if (others > 0) {
    return done(make_error(ErrorKind::kConflict,
                           "this is the cluster's only manager, and {} other node{} in it",
                           others,
                           others == 1 ? " is" : "s are"));
  }
  if (!force) {
    return done(make_error(ErrorKind::kConflict,
                           "this is the cluster's only manager: with it everything that the "
                           "cluster knows is removed; use --force for that"));
  }
  // Or tasks would be started as fast as they are stopped.
  manager_->end_services(true);
  leave_alone(kStopLooks, done);
}

// The containers of its tasks go first: a daemon that is killed meanwhile is still in the cluster,
// and may be told to leave again.
void HostDaemon::forget_cluster(const Done& done) {
  if (agent_ == nullptr) return remove_membership(done);
  agent_->agent().forget_stopped_tasks([this, done] {
    if (is_stopped_) return done(stopping_error());
    remove_membership(done);
  });
}

// Answers, and has the daemon start anew as what it was before.
void HostDaemon::remove_membership(const Done& done) {
  if (manager_ != nullptr) ClusterNote::remove_all(options_.state_root + "/cluster").write();
  // It would keep what it hears of the cluster meanwhile.
  if (member_ != nullptr) member_->stop();
  // The one that says that the host is in a cluster first: what is left then is of no use, and
  // removed at the next start.
  const Result<void> removed = remove_if_there(membership_path());
  if (!removed.has_value()) return done(removed.error());
  static_cast<void>(remove_if_there(options_.state_root + "/agent/instance.json"));
  if (manager_ != nullptr) manager_->balancers().end_service();
  names_.remove();
  network_.remove();
  if (manager_ != nullptr) remove_cluster_files();
  spdlog::info("cluster left");
  done(Json::object());
  note_restart();
}

// The keys last: a worker that has them goes on with this when it is started again.
void HostDaemon::remove_cluster_files() {
  const std::string directory = options_.state_root + "/cluster";
  if (manager_ != nullptr) manager_->shared_store().end_member();
  remove_etcd_files(directory);
  const Result<void> removed = remove_tree(directory + "/registry");
  if (!removed.has_value()) spdlog::warn("{}", removed.error().message);
  for (const char* name : {"ca.pem",
                           "access_key.json",
                           "sealing.key",
                           "store.db",
                           "store.db-wal",
                           "store.db-shm",
                           "store.db.lock",
                           "authority.json"}) {
    const Result<void> gone = remove_if_there(directory + "/" + name);
    if (!gone.has_value()) spdlog::warn("{}", gone.error().message);
  }
  ClusterNote::forget_managers(directory).remove();
  ClusterNote::remove_all(directory).remove();
}

}  // namespace ikada
