// What the daemon of this host is: manager, member of a cluster, agent, as its files say; and how
// it becomes something else while it runs.
//
//   STATE/node.json               the host is in a cluster (cluster/node/membership.h)
//   STATE/cluster/authority.json  its keys, on managers
//   cluster.yaml                  a manager also without them: one host that nobody joins
//
// All calls and callbacks are on the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cluster/api/acm/certificate_issuer.h"
#include "cluster/api/vault.h"
#include "cluster/auth/join_token.h"
#include "cluster/daemon/cluster_member.h"
#include "cluster/daemon/daemon.h"
#include "cluster/daemon/host_agent.h"
#include "cluster/daemon/host_images.h"
#include "cluster/daemon/host_logs.h"
#include "cluster/daemon/host_names.h"
#include "cluster/daemon/host_network.h"
#include "cluster/daemon/table_watch.h"
#include "cluster/daemon/task_streams.h"
#include "cluster/daemon/task_subnets.h"
#include "cluster/http/audit_log.h"
#include "cluster/node/joining.h"

namespace ikada {

// Of an error: what this host is changes just now, and it will answer when that is over.
inline constexpr const char* kHostChanges = "HOST_CHANGES";

// While a cluster is being made, joined or left.
Error busy_error();
Error stopping_error();
// Of the main table, those of the network of tasks left out.
Result<std::vector<HostRoute>> find_routes();
// No error if there is no such file.
Result<void> remove_if_there(const std::string& path);

struct InitWish {
  std::string name;     // Empty: the host's own.
  std::string address;  // Where others reach it; empty: that of the route to the outside.
  // Of tasks in mode awsvpc: "10.120.0.0/16"; "none": there is none.
  std::string task_network = kDefaultTaskNetwork;
};

struct JoinOrder {
  std::string manager;  // "192.0.2.1" or "192.0.2.1:7442".
  auth::JoinToken token;
  std::string name;
  std::string address;
};

class HostDaemon {
 public:
  using Done = std::function<void(const Result<Json>&)>;

  // `audit` outlives it.
  HostDaemon(boost::asio::io_context& loop, const DaemonOptions& options, AuditLog& audit);
  ~HostDaemon();
  HostDaemon(const HostDaemon&) = delete;
  HostDaemon& operator=(const HostDaemon&) = delete;

  // What the files say. Then start().
  Result<void> open();
  void start();
  void stop();

  // Makes this host the first manager of a new cluster: {"cluster", "node", "address",
  // "workerToken", "accessKeyId", "secretAccessKey"}. kConflict if it is in one already.
  void init(InitWish wish, Done done);
  // Makes it the manager of the cluster in that backup, in the place of the one that made it:
  // {"cluster", "node", "address"}.
  void restore(const std::string& path, InitWish wish, Done done);
  // Makes it a node of another's, a worker or one more manager, as the token says: {"cluster",
  // "node", "role"}.
  void join(const JoinOrder& order, const Done& done);
  // {}; the daemon then starts anew. kConflict while tasks run here, unless they are to stop, and
  // on a manager that others need. With `force` a host goes, too, that the cluster does not know
  // any more, and a worker whom no manager answers. kUnavailable with kHostChanges while its role
  // changes: asked again it goes as what it is by then.
  void leave(bool force, Done done);
  // What this host is: {"role": "none" | "worker" | "manager", …}.
  void status(const Done& done) const;

  // On managers. {"path", "size"}
  void back_up(const std::string& path, Done done);
  // A new token, which makes the role's last one void: {"token", "expiresAt"}.
  void issue_token(const std::string& role, std::int64_t lifetime_s, Done done);
  // Makes a new key of gossip, and how far that is (cluster_member.h).
  void rotate_key(const Done& done);
  void key_rotation(const Done& done) const;
  // Makes new authorities of the cluster, and how far their exchange is (authority_keeper.h).
  void rotate_authority(bool force, const Done& done);
  void authority_rotation(const Done& done) const;
  // {"nodes": [...], "self"}
  void nodes(const Done& done) const;
  // Of a node that is named by its id, the beginning of it, or its name: {"node"}. kConflict for
  // one that is connected, unless `force`.
  void remove_node(const std::string& name, bool force, Done done);

  // Promotes a worker, or demotes a manager: {"node", "name"} when that is decided. kConflict for
  // what cannot be.
  void set_role(const std::string& name, const std::string& role, const Done& done);

  // Whether another manager has to be asked about nodes and tokens, and asking it.
  bool is_following() const;
  void ask_leader(const Json& request, const Done& done);
  // What other managers ask us so.
  using OnCluster = std::function<void(const Json& request, const Done& done)>;
  void set_on_cluster(OnCluster on_cluster) { on_cluster_ = std::move(on_cluster); }

  // Calls it when the daemon has to start anew.
  void set_on_restart(std::function<void()> on_restart) { on_restart_ = std::move(on_restart); }

 private:
  struct Draft;

  std::string membership_path() const { return options_.state_root + "/node.json"; }
  std::string network_path() const { return options_.state_root + "/agent/network.json"; }
  std::string keys_path() const { return options_.state_root + "/cluster/authority.json"; }
  ClusterPorts ports() const;
  Result<SealingKeys> load_sealing_keys(const std::optional<ClusterKeys>& keys) const;
  Result<void> open_vault(const std::optional<ClusterKeys>& keys);
  Result<void> write_authorities(const ClusterKeys& keys) const;
  Result<void> use_keys(const ClusterKeys& keys);
  Result<void> open_manager(const std::string& node, std::optional<ClusterKeys> keys);
  Result<void> open_member(Membership membership, std::optional<ClusterKeys> keys);
  Result<void> open_agent(Assignments& assignments);
  void open_streams();
  void open_images();
  Result<void> found(Draft& draft);
  void lead(const InitWish& wish, Draft draft);
  void led(const Draft& draft);
  void give_up(const Draft& draft, const Error& why);
  void forget_old_managers();
  void remove_cluster_files();
  void joined(Result<Joined> joined, const Done& done);
  Result<void> become_manager(const Joined& joined);
  void take_role(const std::string& role);
  void ask_for_role_later(const std::string& role);
  Result<void> become(const Json& answer, bool is_promotion);
  Result<void> open_rest(const Membership& membership);
  void leave_as_one_of(bool force, const Done& done);
  void step_down(bool force, int looks, const Done& done);
  void drain_tasks(const std::function<void()>& then);
  void drain_node(const Node& node, int attempts, std::function<void()> then);
  void remove_member(const Node& node, std::function<void(const Result<void>&)> then);
  void remove_records(const Node& node, const Done& done);
  void leave_as_worker(bool force, int looks, const Done& done);
  void leave_as_manager(bool force, int looks, const Done& done);
  void leave_unknown(bool force, const Done& done);
  void leave_alone(int attempts, const Done& done);
  // Goes on with a leave after a moment.
  void look_again(std::function<void()> then);
  // Stops the tasks here, then `then`; an error instead goes to `done`.
  void stop_tasks(int attempts, const Done& done, std::function<void()> then);
  void forget_cluster(const Done& done);
  void remove_membership(const Done& done);
  Result<const Kept<Node>*> find_node(const std::string& name) const;
  void note_restart();
  void mend_tables();

  boost::asio::io_context& loop_;
  DaemonOptions options_;
  AuditLog& audit_;
  std::shared_ptr<Vault> vault_;  // On managers.
  std::shared_ptr<CertificateIssuer> issuer_ = std::make_shared<CertificateIssuer>();
  bool is_for_real_ = true;  // No virtual instances.
  HostNetwork network_;
  TableWatch tables_;
  HostNames names_;
  HostLogs logs_;
  std::unique_ptr<ControlPlane> manager_;
  std::unique_ptr<ClusterMember> member_;
  std::unique_ptr<StreamServer> streams_;
  std::unique_ptr<HostImages> images_;
  std::unique_ptr<StreamRelay> relay_;  // On managers of a cluster.
  std::unique_ptr<HostAgent> agent_;
  std::unique_ptr<boost::asio::steady_timer> timer_;  // Of a leave.
  std::unique_ptr<boost::asio::steady_timer> restart_timer_;
  std::unique_ptr<boost::asio::steady_timer> role_timer_;
  std::unique_ptr<boost::asio::steady_timer> forgetting_timer_;
  // Of nodes that are drained to be removed.
  std::map<std::string, std::unique_ptr<boost::asio::steady_timer>> drains_;
  std::function<void()> on_restart_;
  OnCluster on_cluster_;
  bool is_busy_ = false;       // With init, join, leave or what follows.
  bool is_changing_ = false;   // Its role, or about to start anew.
  std::string told_role_;      // While it was busy.
  std::string table_trouble_;  // Of published ports; told once.
  bool is_stopped_ = false;
};

}  // namespace ikada
