// The part of host_daemon.h that is about one of several managers: becoming one, and going.
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "cluster/daemon/etcd_setup.h"
#include "cluster/daemon/host_daemon.h"
#include "cluster/store/etcd_members.h"
#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::chrono::milliseconds kAskForLeader{100};
constexpr int kLeaderAttempts = 400;

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
  IK_TRY(
      write_file_atomically(directory + "/ca.pem", joined.membership.credentials.authority, 0644));
  return store_etcd_setup(directory, setup);
}

bool HostDaemon::is_following() const { return manager_ != nullptr && !manager_->leads(); }

void HostDaemon::ask_leader(const Json& request, const Done& done) {
  if (member_ == nullptr) return done(make_error(ErrorKind::kConflict, "no cluster"));
  member_->ask_leader(request, done);
}

// Another one leads then; without the tasks of this host, and without a member of ours in etcd, so
// that those who stay are a majority of themselves.
void HostDaemon::leave_as_one_of(bool force, const Done& done) {
  if (!force && agent_ != nullptr && agent_->agent().has_running_tasks()) {
    return done(make_error(ErrorKind::kConflict,
                           "tasks run here: drain the node first, or use --force to stop them"));
  }
  constexpr int kAttempts = 400;
  stop_tasks(kAttempts, done, [this, done] {
    manager_->resign();
    hand_over(kLeaderAttempts, done);
  });
}

void HostDaemon::hand_over(int attempts, const Done& done) {
  if (is_stopped_) return done(make_error(ErrorKind::kUnavailable, "the daemon is stopping"));
  if (member_->is_connected()) return leave_etcd(done);
  if (attempts == 0) {
    note_restart();
    return done(make_error(ErrorKind::kUnavailable,
                           "no other manager leads: a majority of them cannot be reached"));
  }
  timer_ = std::make_unique<boost::asio::steady_timer>(loop_, kAskForLeader);
  timer_->async_wait([this, attempts, done](const boost::system::error_code& error) {
    if (!error) hand_over(attempts - 1, done);
  });
}

void HostDaemon::leave_etcd(const Done& done) {
  Node self;
  self.address = member_->membership().address;
  remove_member(self, [this, done](const Result<void>& removed) {
    if (!removed.has_value()) {
      note_restart();
      return done(removed.error());
    }
    manager_->shared_store().end_member();
    leave_as_worker(true, done);
  });
}

void HostDaemon::remove_member(const Node& node, std::function<void(const Result<void>&)> then) {
  if (manager_->is_alone()) return then({});
  SharedStore& store = manager_->shared_store();
  boost::asio::post(
      manager_->pool(), [this, &store, url = store.peer_url(node.address), then = std::move(then)] {
        const Result<void> removed =
            remove_etcd_member(store.client(), url).context("take it out of the managers' etcd");
        boost::asio::post(loop_, [then, removed] { then(removed); });
      });
}

}  // namespace ikada
