// What a daemon does as its cluster's manager: the store, the view of it, and the API.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "cluster/api/api_server.h"
#include "cluster/api/service_keeper.h"
#include "cluster/auth/access_key.h"
#include "cluster/daemon/api_endpoint.h"
#include "cluster/daemon/api_forwarding.h"
#include "cluster/daemon/local_assignments.h"
#include "cluster/daemon/shared_store.h"
#include "cluster/daemon/store_chores.h"
#include "cluster/http/audit_log.h"
#include "cluster/http/http_server.h"
#include "cluster/store/leader.h"

namespace ikada {

class ClusterRegistry;
class HostBalancers;
class Uplink;

struct ControlPlaneOptions {
  std::string run_root;
  std::string state_root;  // The store is STATE/cluster/store.db, or etcd.
  std::uint16_t api_port = 7439;
  std::uint16_t tls_port = 7440;
  ApiOptions api;
  AuditLog* audit = nullptr;  // Outlives the plane.
  EtcdPorts etcd;
  std::string node;                 // Of this host in the cluster.
  std::optional<ClusterKeys> keys;  // Nothing on a host that nobody joins.
};

class ControlPlane {
 public:
  // Opens the store, the socket RUN/api.sock (0600), on which nobody signs, and 127.0.0.1:api_port,
  // on which everybody must. The caller holds the lock of run_root.
  static Result<std::unique_ptr<ControlPlane>> create(boost::asio::io_context& loop,
                                                      ControlPlaneOptions options);
  ~ControlPlane();
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  void start();
  // Ends the connections and everything that keeps the loop busy.
  void stop();

  const std::string& socket_path() const { return socket_path_; }

  // For the agent of this host.
  Assignments& assignments() { return *assignments_; }
  const LocalAssignments& local_assignments() const { return *assignments_; }

  // For what else a manager does: node_server.h, and who asks about nodes.
  ApiServer& api() { return *api_; }
  StateFeed& feed() { return *feed_; }
  Scope home_scope() const;
  const ScopeState& home() const;  // What is there in it.

  // Whether what nobody asked for is to be done here: with one manager always, else in our term
  // as the leader of all.
  bool leads() const { return find_fence().has_value(); }
  // False until etcd has told what it holds.
  bool is_ready() const { return feed_->is_ready(); }
  bool is_alone() const { return !store_->is_etcd(); }
  // The node that was last seen to lead; empty if there is none, or but one manager.
  std::string leader() const;
  // In the pool: how each manager's member of etcd is (SharedStore::member_states), by address.
  using MemberStates = std::map<std::string, std::string>;
  void look_at_members(std::function<void(const MemberStates&)> done);
  // While we lead: whether that manager's member of etcd, if there is etcd, has a vote.
  bool votes(const std::string& address) const {
    return is_alone() || chores_->voters().contains(address);
  }
  // Of a leader that gossip calls dead: its key is removed before its lease ends. Should it live,
  // its writes fail from then on, as its fence is gone.
  void depose(const std::string& node);
  // Ends our term, and takes part no more.
  void resign();
  ApiForwarding& forwarding() { return *forwarding_; }
  HostBalancers& balancers() { return *balancers_; }
  LogDesk& logs() { return *logs_; }
  // Null if its directory cannot be used.
  ClusterRegistry* registry() { return registry_.get(); }
  // To the leading manager; null while we lead or there is none.
  void set_link(Uplink* link);
  SharedStore& shared_store() { return *store_; }
  boost::asio::thread_pool& pool() { return pool_; }

  // What another manager needs (host_promotion.cc), once there is etcd and a place in it: the first
  // time everything is moved there. `self` is this host's own node.
  void admit_manager(const Node& self,
                     const ClusterKeys& keys,
                     const Node& node,
                     std::function<void(Result<Json>)> done);
  // Takes the manager at that address out of etcd.
  void remove_member(const std::string& address, std::function<void(const Result<void>&)> then);
  // For the audit log: a host at `origin` has shown a copy of the node's identity.
  void note_double(const std::string& node, const std::string& origin);
  // Serves the signed API with TLS on all interfaces, too. Again with another context: for
  // connections from then on.
  Result<void> serve_tls(std::uint16_t port, std::shared_ptr<boost::asio::ssl::context> tls);

  // From now on no service gets tasks, or again.
  void end_services(bool ends);

  // A backup of the cluster (cluster_backup.h) into a file, whose size `done` gets; in the pool.
  void back_up(std::string path, std::function<void(const Result<std::uint64_t>&)> done);

  // Told of changed records besides; "": everything may have changed. Null for nobody.
  void set_on_change(std::function<void(std::string_view key)> on_change);

 private:
  ControlPlane(boost::asio::io_context& loop, std::string socket_path);

  Result<void> open_feed();
  void open_leading();
  void open_balancers(const EngineLayout& layout);
  void open_registry(const ControlPlaneOptions& options);
  void give_registry(HttpServer& server);
  Result<void> open_port(std::uint16_t port, const std::string& directory);
  ApiParts parts();
  auth::FindAccessKey find_key() const;
  Result<std::optional<KeyCompare>> find_fence() const;
  void take_part();
  void admit_member(const Node& node, std::function<void(Result<Json>)> done);
  void keep_services();
  void wait_for_tick();
  void tick();

  std::string socket_path_;
  std::string directory_;
  AuditLog* audit_ = nullptr;
  boost::asio::io_context& loop_;
  boost::asio::thread_pool pool_;
  std::string node_;
  std::unique_ptr<SharedStore> store_;
  // Just after the move to etcd nobody else can lead, and we have no term yet.
  bool is_founding_ = false;
  bool is_deposing_ = false;
  std::unique_ptr<StateFeed> feed_;
  std::unique_ptr<ApiServer> api_;
  std::unique_ptr<LogDesk> logs_;
  std::unique_ptr<ServiceKeeper> services_;
  std::unique_ptr<HostBalancers> balancers_;
  std::unique_ptr<ApiForwarding> forwarding_;
  std::unique_ptr<StoreChores> chores_;
  std::unique_ptr<LeaderElection> election_;
  std::unique_ptr<LocalAssignments> assignments_;
  std::unique_ptr<ClusterRegistry> registry_;
  std::unique_ptr<HttpServer> socket_server_;
  std::unique_ptr<HttpServer> port_server_;
  std::unique_ptr<HttpServer> tls_server_;
  std::shared_ptr<const auth::AccessKey> access_key_;
  boost::asio::steady_timer timer_;
  std::function<void(std::string_view)> on_change_;
  std::chrono::steady_clock::time_point look_at_images_at_{};
  bool is_keeping_services_ = false;
  bool ends_services_ = false;
  bool stopping_ = false;
};

}  // namespace ikada
