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
#include "cluster/daemon/audit_log.h"
#include "cluster/daemon/http_server.h"
#include "cluster/daemon/local_assignments.h"
#include "cluster/store/sqlite_store.h"

namespace ikada {

struct ControlPlaneOptions {
  std::string run_root;
  std::string state_root;  // The store is STATE/cluster/store.db.
  std::uint16_t api_port = 7439;
  ApiOptions api;
  AuditLog* audit = nullptr;  // Outlives the plane.
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

  // For what else a manager does: node_server.h, and who asks about nodes.
  ApiServer& api() { return *api_; }
  StateFeed& feed() { return *feed_; }
  Scope home_scope() const;
  const ScopeState& home() const;  // What is there in it.
  // Serves the signed API with TLS on all interfaces, too. Again with another context: for
  // connections from then on.
  Result<void> serve_tls(std::uint16_t port, std::shared_ptr<boost::asio::ssl::context> tls);

  // A backup of the cluster (cluster_backup.h) into a file, whose size `done` gets; in the pool.
  void back_up(std::string path, std::function<void(const Result<std::uint64_t>&)> done);

  // Told of changed records besides; "": everything may have changed. Null for nobody.
  void set_on_change(std::function<void(std::string_view key)> on_change);

 private:
  ControlPlane(boost::asio::io_context& loop, std::string socket_path);

  Result<void> open_port(std::uint16_t port, const std::string& directory);
  auth::FindAccessKey find_key() const;
  void wait_for_tick();
  void tick();

  std::string socket_path_;
  std::string directory_;
  AuditLog* audit_ = nullptr;
  boost::asio::io_context& loop_;
  boost::asio::thread_pool pool_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<StateFeed> feed_;
  std::unique_ptr<ApiServer> api_;
  std::unique_ptr<ServiceKeeper> services_;
  std::unique_ptr<LocalAssignments> assignments_;
  std::unique_ptr<HttpServer> socket_server_;
  std::unique_ptr<HttpServer> port_server_;
  std::unique_ptr<HttpServer> tls_server_;
  std::shared_ptr<const auth::AccessKey> access_key_;
  boost::asio::steady_timer timer_;
  std::function<void(std::string_view)> on_change_;
  bool stopping_ = false;
};

}  // namespace ikada
