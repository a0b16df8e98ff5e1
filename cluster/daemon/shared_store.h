// The store of this manager: SQLite as long as it is the only one, then etcd, of which each manager
// runs a member. Which one is in force is what etcd.json says (etcd_setup.h): it is written when
// everything has been moved, so that a crash leaves the old store or the new one, never both.
//
// On the loop's thread, but for what is said to wait: that is for the pool.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/thread_pool.hpp>

#include "cluster/daemon/etcd_process.h"
#include "cluster/daemon/etcd_setup.h"
#include "cluster/daemon/renewal_time.h"
#include "cluster/node/held_keys.h"
#include "cluster/store/etcd_store.h"
#include "cluster/store/moving_store.h"
#include "cluster/store/sqlite_backup.h"

namespace ikada {

// etcd takes no new member while another one learns, or cannot be reached.
inline constexpr const char* kMembersNotReady = "MEMBERS_NOT_READY";

struct SharedStoreOptions {
  std::string directory;  // STATE/cluster.
  EtcdPorts ports;
  std::optional<ClusterKeys> keys;  // For etcd's certificates; nothing on one that nobody joins.
};

class SharedStore {
 public:
  // kNotFound if there is neither store: who has been in a cluster must not begin an empty one.
  static Result<void> check_is_there(const std::string& directory);
  // Does not wait for etcd, which may have to wait for other hosts.
  static Result<std::unique_ptr<SharedStore>> open(boost::asio::io_context& loop,
                                                   SharedStoreOptions options);
  ~SharedStore();
  SharedStore(const SharedStore&) = delete;
  SharedStore& operator=(const SharedStore&) = delete;

  Store& store() { return *moving_; }
  bool is_etcd() const { return etcd_ != nullptr; }
  // Nothing with SQLite.
  const std::optional<EtcdSetup>& setup() const { return setup_; }
  EtcdClient& client() { return etcd_->client(); }
  std::string peer_url(const std::string& address) const {
    return etcd_url(address, options_.ports.peer);
  }

  void start();
  // Ends the member; the store cannot be used any more.
  void stop();
  // The member only.
  void end_member() { process_.reset(); }

  // The managers' addresses, our own first: their members are asked one after another.
  void set_managers(const std::vector<std::string>& addresses);

  // Starts the first member and moves everything into it. `setup` says who we are. `done` is called
  // on the loop; after an error everything is as before. Asked again meanwhile, it is one move.
  void move_to_etcd(boost::asio::thread_pool& pool,
                    EtcdSetup setup,
                    const ClusterKeys& keys,
                    std::function<void(const Result<void>&)> done);

  // Waits: makes the host at `address` a learner. What its own setup is, but for name and address.
  // With `resumes` one that was admitted before and has never started is that: a promotion that
  // was broken off goes on. kUnavailable, with kMembersNotReady, for what may be possible later.
  Result<EtcdSetup> admit(const std::string& name, const std::string& address, bool resumes);

  // Waits: gives those who learned enough a vote, and takes out the members of hosts that are no
  // managers for `kStrangeFor`. The managers whose members had a vote. From one thread at a time.
  Result<std::set<std::string>> look_after_members(const std::vector<std::string>& managers);

  // Waits: how the managers at these addresses are, by what their members say: "reachable",
  // "learner", "no majority", "unreachable".
  std::map<std::string, std::string> member_states(const std::vector<std::string>& addresses);

  // Waits: a backup (cluster/store/sqlite_backup.h) of what is in it now.
  Result<BackupSummary> back_up(const std::string& path);

  // From now on these: certificates are issued by their authority.
  Result<void> set_keys(const ClusterKeys& keys);
  // What a host tells of its member of etcd; nothing in it without one.
  void describe(HeldKeys& held) const;
  // Starts our member anew, after which it trusts whom the keys say.
  void restart_member();
  void set_on_launch(std::function<void()> on_launch) { on_launch_ = std::move(on_launch); }
  struct RestartTurn {
    std::string address;                // Whose member it is.
    std::vector<std::string> managers;  // Those that live, at their addresses.
    std::function<void()> begin;        // Has it started anew.
    std::function<bool()> has_begun;    // Whether it has said that it was.
  };
  // Waits: for all to be well, then, while transactions wait, for that one, and for all again.
  Result<void> take_turn(const RestartTurn& turn);

  // Certificates that were issued long ago are issued anew.
  void renew_certificates();

 private:
  struct Move;

  SharedStore(boost::asio::io_context& loop, SharedStoreOptions options);

  Result<void> open_etcd(EtcdSetup setup);
  void launch(const EtcdSetup& setup, std::string program);
  Result<void> add_learner(const std::string& peer, bool resumes);
  Result<void> issue_certificates();
  Result<void> write_certificates(const EtcdSetup& setup, const ClusterKeys& keys);
  Result<void> await_members(const std::vector<std::string>& managers,
                             std::chrono::milliseconds limit) const;
  Result<void> begin_move(boost::asio::thread_pool& pool, EtcdSetup setup, const ClusterKeys& keys);
  void moved(const std::shared_ptr<Move>& move, const Result<void>& result);
  void tell_moved(const Result<void>& result);

  boost::asio::io_context& loop_;
  SharedStoreOptions options_;
  std::weak_ptr<SqliteStore> sqlite_;
  std::shared_ptr<EtcdStore> etcd_;
  std::unique_ptr<MovingStore> moving_;
  std::optional<EtcdSetup> setup_;
  std::unique_ptr<EtcdProcess> process_;
  std::vector<std::function<void(const Result<void>&)>> moved_for_;  // Not empty: a move is on.
  RenewalTime renewal_;               // Of the member's certificates.
  std::string issued_by_;             // Digests of authorities: whose the certificates are,
  std::vector<std::string> trusted_;  // and whom our member trusts since it was started.
  std::function<void()> on_launch_;
  std::map<std::string, std::chrono::steady_clock::time_point> strange_since_;
};

}  // namespace ikada
