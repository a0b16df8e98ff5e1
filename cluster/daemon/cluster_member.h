// What a daemon does because its host is in a cluster (cluster/node/membership.h): gossip, on the
// leading manager the links of the other nodes, on all others the link to it; and the renewal of
// its certificate.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/steady_timer.hpp>

#include "cluster/daemon/authority_keeper.h"
#include "cluster/daemon/cluster_ports.h"
#include "cluster/daemon/control_plane.h"
#include "cluster/daemon/host_logs.h"
#include "cluster/daemon/host_names.h"
#include "cluster/daemon/host_network.h"
#include "cluster/daemon/host_probes.h"
#include "cluster/daemon/key_keeper.h"
#include "cluster/daemon/lost_hosts.h"
#include "cluster/daemon/majority_sight.h"
#include "cluster/daemon/node_server.h"
#include "cluster/daemon/own_certificate.h"
#include "cluster/node/gossip_member.h"
#include "cluster/node/key_rotation.h"
#include "cluster/node/remote_assignments.h"
#include "cluster/node/uplink.h"

namespace ikada {

class ClusterMember {
 public:
  // `manager` outlives it; it is there if and only if the node's role is that. `path` is where the
  // membership is kept, `keys_path` where a manager's keys are.
  static Result<std::unique_ptr<ClusterMember>> create(boost::asio::io_context& loop,
                                                       Membership membership,
                                                       std::string path,
                                                       std::optional<ClusterKeys> keys,
                                                       std::string keys_path,
                                                       ControlPlane* manager,
                                                       const ClusterPorts& ports);
  ~ClusterMember();
  ClusterMember(const ClusterMember&) = delete;
  ClusterMember& operator=(const ClusterMember&) = delete;

  // What this host is told of the network of tasks, of the log store's groups and of the names of
  // tasks goes there. Before start(); they outlive this.
  void set_network(HostNetwork& network) { network_ = &network; }
  void set_logs(HostLogs& logs) { logs_ = &logs; }
  void set_names(HostNames& names) { names_ = &names; }

  void start();
  void stop();

  const Membership& membership() const { return membership_; }
  const std::optional<ClusterKeys>& keys() const { return keys_; }
  // Null on a manager, whose agent asks the manager itself.
  Assignments* assignments() { return assignments_.get(); }
  Result<void> keep(const Membership& membership);  // For the next daemon.
  bool is_connected() const { return link_ != nullptr && link_->is_connected(); }

  // Of another node, as this one sees it: "connected", "alive", "suspect", "dead", "left",
  // "unknown".
  std::string describe(const std::string& node) const;

  // Whether that is a manager on record: of a manager's own state, or as the leading one has told.
  bool knows_manager(const auth::NodeIdentity& identity) const;

  // A worker tells the managers that it goes: it gets no new tasks from then on. kConflict while
  // tasks run here; with `stops_tasks` they are told to stop, and asking again will do.
  void leave(bool stops_tasks, std::function<void(const Result<void>&)> then);

  // Asks the leading manager, from one that is not, and is asked so: a request of cluster_routes.h.
  using Asked = std::function<void(Result<Json>)>;
  void ask_leader(const Json& request, Asked then);
  void set_on_cluster(std::function<void(const Json& request, Asked)> on_cluster);

  // Asks the leading manager as a node does.
  void ask(const std::string& verb, const Json& body, Asked then);
  // The keys of gossip that this host has: {"key": the id of the one in use, "keys", "phase"}.
  Json own_keys() const;
  // On the leading manager: makes a new one ({"key", "before"}) and has all hosts use it; and how
  // far that is: the same as above and {"hosts", "waitsFor": names}.
  void rotate_key(const Asked& then);
  void key_rotation(const Asked& then) const;

  // Told when this host is to have that role.
  using OnRole = std::function<void(const std::string& role)>;
  void set_on_role(OnRole told) { on_role_ = std::move(told); }
  KeyKeeper* key_keeper() { return key_keeper_.get(); }
  AuthorityKeeper* authority_keeper() { return authority_keeper_.get(); }  // On managers.
  // Told when this host has other certificates.
  void set_on_credentials(std::function<void()> told) { on_credentials_ = std::move(told); }
  // Why the cluster takes this host for no node of it, as far as is known; empty if it does.
  std::string refused() const;
  // On the leading manager: whether another host shows the node's identity.
  bool is_doubled(const std::string& id) const;

 private:
  ClusterMember(boost::asio::io_context& loop,
                Membership membership,
                std::string path,
                std::uint16_t gossip_port);

  Result<void> open_manager(ControlPlane& manager, const ClusterPorts& ports);
  std::string endpoint_of(const std::string& address) const;
  Result<void> open_worker();
  void note_change(std::string_view key);
  void wait();
  void tick();
  ManagerCalls calls(ControlPlane& manager);
  void begin_to_follow();
  void seek_leader();
  void look_at_leader();
  void look_at_managers();
  void look_at_majority();
  std::string silent_leader() const;
  void open_link();
  void start_link();
  void note_refused(const Json& body);
  void speak_again();
  void look_at_demotions();
  void take_managers_news(const Json& body);
  void take_managers(std::vector<std::string> managers);
  void claim_instance();
  void look_at_keys();
  void take_keys(const std::vector<gossip::GossipKey>& keys, std::int64_t revision);
  Result<void> keep_keys(const std::vector<gossip::GossipKey>& keys);
  void use_wanted_keys();
  void take_keys_news(const Json& body);
  void report_keys();
  std::vector<RingHolder> key_holders() const;
  KeyRing known_ring() const;
  void look_at_key_keepers();
  void report_held_keys();
  void join_gossip();
  void look_at_hosts();
  void look_at_addresses();
  void propose(const Proposal& proposal);
  Proposal own_record() const;
  HostPresence presence_of(const std::string& node) const;
  HostPresence probed_presence_of(const std::string& node);
  Result<void> serve_api();
  void open_keepers(ControlPlane& manager);
  void ask_certificate(const std::string& request, const OwnCertificate::Taken& taken);
  void renew_own(const std::string& request, const OwnCertificate::Taken& taken);
  void use_credentials();
  HeldKeys held_by(const std::string& node) const;
  bool is_away(const std::string& node) const;
  std::vector<ExchangeHost> exchange_hosts() const;
  void take_authorities_news(const News& news);
  void note_lost(const Error& why);

  boost::asio::io_context& loop_;
  Membership membership_;
  std::string path_;
  std::optional<ClusterKeys> keys_;
  std::string keys_path_;
  ControlPlane* manager_ = nullptr;
  HostNetwork* network_ = nullptr;
  HostNames* names_ = nullptr;
  HostLogs* logs_ = nullptr;
  std::unique_ptr<GossipMember> gossip_;
  HostProbes probes_;
  std::unique_ptr<NodeServer> nodes_;
  std::unique_ptr<KeyKeeper> key_keeper_;
  std::unique_ptr<Uplink> link_;
  std::unique_ptr<RemoteAssignments> assignments_;
  std::unique_ptr<AuthorityKeeper> authority_keeper_;
  std::unique_ptr<OwnCertificate> certificate_;
  std::function<void()> on_credentials_;
  std::string outcast_;  // Why, if no manager trusts this host.
  boost::asio::steady_timer timer_;
  std::int64_t keys_revision_ = 0;              // Of the record that the keys of gossip are from.
  std::vector<gossip::GossipKey> wanted_keys_;  // Those, as soon as they are kept.
  std::string keys_complaint_;  // What was said last of keeping them, and of the record.
  std::string ring_complaint_;
  std::uint16_t api_port_ = 0;
  std::uint16_t node_port_ = 0;
  TlsContext link_tls_;
  std::string silent_manager_;              // The endpoint whose link fell silent last.
  std::vector<std::string> manager_nodes_;  // Of a worker: as told last.
  std::function<void(const Json&, Asked)> on_cluster_;
  bool was_leading_ = true;  // Of a manager: as the node server believes.
  OnRole on_role_;
  std::string refused_for_;  // As was told last.
  bool is_demoting_ = false;
  bool has_resigned_ = false;
  // Of a manager: when it led last or was connected to the one that does.
  std::chrono::steady_clock::time_point followed_at_ = std::chrono::steady_clock::now();
  MajoritySight majority_{std::chrono::steady_clock::now()};
  bool was_removed_ = false;
  bool is_serving_ = false;
  bool is_claiming_ = false;
  bool is_proposing_ = false;
  bool is_stopped_ = false;
};

}  // namespace ikada
