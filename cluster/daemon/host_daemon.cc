#include "cluster/daemon/host_daemon.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <spdlog/spdlog.h>

#include "cluster/agent/task_plan.h"
#include "cluster/api/elb/address_pool.h"
#include "cluster/daemon/agent_config.h"
#include "cluster/daemon/balancer_leftovers.h"
#include "cluster/daemon/cluster_config.h"
#include "cluster/daemon/etcd_setup.h"
#include "cluster/daemon/host_address.h"
#include "cluster/daemon/host_agent.h"
#include "cluster/daemon/host_balancers.h"
#include "cluster/daemon/leftovers.h"
#include "cluster/daemon/log_question.h"
#include "cluster/daemon/sealing_key.h"
#include "cluster/engine/container_record.h"
#include "cluster/engine/program_paths.h"
#include "cluster/model/node.h"
#include "cluster/node/authority_exchange.h"
#include "cluster/node/joining.h"
#include "net/route_table.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/clock.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::chrono::milliseconds kAnswerTime{300};
constexpr size_t kMaxRoutesTold = 1000;
constexpr std::int32_t kDnsPort = 53;  // Of tasks' names, at addresses of the host.
constexpr size_t kMaxAuthoritiesBytes = size_t{64} << 10;

std::vector<std::string> routes_to_tell(const std::vector<HostRoute>& routes) {
  std::vector<std::string> texts;
  for (const HostRoute& route : routes) {
    if (texts.size() < kMaxRoutesTold) texts.push_back(to_text(route));
  }
  return texts;
}

// A pool may be all of a network that hosts are in.
Result<void> leave_out_fixed(std::vector<elb::AddressRange>& pool) {
  if (pool.empty()) return {};
  IK_LET(fixed, list_fixed_addresses());
  pool = elb::without(pool, fixed);
  if (!pool.empty()) return {};
  return make_error(ErrorKind::kInvalid, "they are all a network's own or a router's");
}

}  // namespace

// Those that a network of tasks could be made over; our own go with the cluster that made them.
Result<std::vector<HostRoute>> find_routes() {
  constexpr std::array<std::string_view, 2> kOurs = {kTaskBridge, kOverlayDevice};
  return list_host_routes(kOurs);
}

Error busy_error() {
  return make_error(ErrorKind::kConflict, "the daemon is joining or leaving a cluster just now");
}

Error stopping_error() { return make_error(ErrorKind::kUnavailable, "the daemon is stopping"); }

Result<void> remove_if_there(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error("remove {}", path);
  return {};
}

HostDaemon::HostDaemon(boost::asio::io_context& loop, const DaemonOptions& options, AuditLog& audit)
    : loop_(loop),
      options_(options),
      audit_(audit),
      network_(loop,
               {.state_dir = EngineLayout{.root = options.state_root, .run_root = options.run_root}
                                 .task_network_state(),
                .path = network_path()}),
      tables_(loop, [this] { mend_tables(); }),
      names_(loop,
             {.path = options.state_root + "/agent/names.json",
              .bridge_subnet = BridgeConfig().subnet,
              .find_task_bridge = [this] { return network_.task_bridge(); }}),
      logs_(loop, {.root = options.state_root, .run_root = options.run_root}) {}

HostDaemon::~HostDaemon() {
  agent_.reset();
  images_.reset();
  relay_.reset();
  streams_.reset();
  member_.reset();
  manager_.reset();
}

ClusterPorts HostDaemon::ports() const {
  return {.node = options_.node_port, .gossip = options_.gossip_port, .api = options_.tls_port};
}

Result<void> HostDaemon::open() {
  remove_temporaries(options_.state_root);
  IK_LET(membership, load_membership(membership_path()));
  IK_LET(keys, load_cluster_keys(keys_path()));
  IK_LET(config, load_cluster_config(options_.cluster_config));
  IK_LET(agent, load_agent_config(options_.agent_config, false));
  logs_.set_max_bytes(agent.log_store_bytes);
  const bool is_member = membership.has_value();
  const bool is_manager =
      is_member ? membership->identity.role == auth::NodeRole::kManager : config.has_value();
  // Left by a daemon that was killed while its host became a manager, or stopped being one.
  if (is_member && !is_manager && keys.has_value()) {
    remove_cluster_files();
    keys.reset();
  }
  // Left by a daemon that was killed while its host left the cluster, or before that was sure.
  const ClusterNote unwanted = ClusterNote::remove_all(options_.state_root + "/cluster");
  if (is_member) unwanted.remove();
  if (!is_member && network_.is_kept()) network_.remove();
  if (!is_member && unwanted.is_there()) {
    remove_cluster_files();
    keys.reset();
  }
  if (!is_manager) {
    if (!is_member) {
      static_cast<void>(remove_if_there(options_.state_root + "/agent/instance.json"));
    }
    remove_balancer_leftovers(loop_, {.root = options_.state_root, .run_root = options_.run_root});
  }
  const std::string directory = options_.state_root + "/cluster";
  if (is_manager && is_member) IK_TRY(SharedStore::check_is_there(directory));
  if (is_manager) IK_TRY(open_manager(is_member ? membership->identity.node : "", keys));
  if (is_member) IK_TRY(open_member(std::move(*membership), std::move(keys)));
  if (manager_ != nullptr) return open_agent(manager_->assignments());
  return member_ == nullptr ? Result<void>() : open_agent(*member_->assignments());
}

// A manager that nobody joins has keys of its own; what they have sealed opens in a cluster, too.
Result<SealingKeys> HostDaemon::load_sealing_keys(const std::optional<ClusterKeys>& keys) const {
  Result<SealingKeys> own = SealingKeys::open_file(options_.state_root + "/cluster/sealing.key");
  if (!keys.has_value()) return own;
  if (own.has_value()) return sealing_keys_of(*keys, *own);
  if (own.error().kind != ErrorKind::kNotFound) return own.error();
  return sealing_keys_of(*keys, SealingKeys(std::vector<SealingKey>()));
}

Result<void> HostDaemon::open_vault(const std::optional<ClusterKeys>& keys) {
  const std::string path = options_.state_root + "/cluster/sealing.key";
  // Made once: where it is there a start needs no room for it.
  if (!keys.has_value() && ::access(path.c_str(), F_OK) != 0) {
    IK_TRY(make_directories(options_.state_root + "/cluster", 0700));
    IK_TRY(SealingKeys::create_file(path));
  }
  IK_LET(sealing, load_sealing_keys(keys));
  vault_ = std::make_shared<Vault>(std::move(sealing));
  if (!keys.has_value()) return {};
  IK_TRY(write_authorities(*keys));
  return issuer_->set(keys->authority);
}

// In the place of those that were in use so far.
Result<void> HostDaemon::use_keys(const ClusterKeys& keys) {
  IK_LET(sealing, load_sealing_keys(keys));
  vault_->use(std::move(sealing));
  IK_TRY(issuer_->set(keys.authority));
  if (manager_ != nullptr) IK_TRY(manager_->shared_store().set_keys(keys));
  return write_authorities(keys);
}

// For those who have the API's or a listener's certificate verified.
Result<void> HostDaemon::write_authorities(const ClusterKeys& keys) const {
  const std::string path = options_.state_root + "/cluster/ca.pem";
  const std::string text = joined_certificates(trusted_authorities(keys));
  const Result<std::string> old = read_file(path, kMaxAuthoritiesBytes);
  if (old.has_value() && *old == text) return {};
  return write_file_atomically(path, text, 0644);
}

Result<void> HostDaemon::open_manager(const std::string& node, std::optional<ClusterKeys> keys) {
  IK_LET(config, load_cluster_config(options_.cluster_config));
  ApiOptions api = config.value_or(ApiOptions());
  IK_TRY(leave_out_fixed(api.balancer_addresses).context("balancer_addresses"));
  IK_TRY(open_vault(keys));
  api.vault = vault_;
  api.issuer = issuer_;
  api.has_certificate = [directory = api.certificates](const std::string& name) {
    return ::access(fmt::format("{}/{}.pem", directory, name).c_str(), R_OK) == 0;
  };
  api.is_reserved_port = [own = options_](std::int32_t port) {
    const std::int32_t ports[] = {kDnsPort,
                                  ClusterNetwork().port,
                                  own.api_port,
                                  own.tls_port,
                                  own.node_port,
                                  own.gossip_port,
                                  own.etcd_client_port,
                                  own.etcd_peer_port,
                                  own.stream_port,
                                  own.blob_port};
    return std::find(std::begin(ports), std::end(ports), port) != std::end(ports);
  };
  // Virtual instances are for trying: a real one among them only if somebody says so.
  is_for_real_ = !api.virtual_instances;
  IK_LET(manager,
         ControlPlane::create(
             loop_,
             {.run_root = options_.run_root,
              .state_root = options_.state_root,
              .api_port = options_.api_port,
              .tls_port = options_.tls_port,
              .api = std::move(api),
              .audit = &audit_,
              .etcd = {.client = options_.etcd_client_port, .peer = options_.etcd_peer_port},
              .node = node,
              .keys = std::move(keys)}));
  manager_ = std::move(manager);
  logs_.set_find_terms([this] {
    return manager_ == nullptr ? std::vector<LogGroupTerms>()
                               : find_log_terms(manager_->feed().state());
  });
  return {};
}

Result<void> HostDaemon::open_member(Membership membership, std::optional<ClusterKeys> keys) {
  IK_LET(member,
         ClusterMember::create(loop_,
                               std::move(membership),
                               membership_path(),
                               std::move(keys),
                               keys_path(),
                               manager_.get(),
                               ports()));
  member_ = std::move(member);
  open_streams();
  member_->set_network(network_);
  member_->set_names(names_);
  member_->set_logs(logs_);
  member_->set_on_role([this](const std::string& role) { take_role(role); });
  member_->set_on_credentials([this] {
    if (images_ != nullptr) images_->note_credentials();
  });
  if (member_->key_keeper() != nullptr) {
    member_->key_keeper()->set_on_keys([this](const ClusterKeys& changed) {
      const Result<void> used = use_keys(changed);
      if (!used.has_value()) spdlog::error("the cluster's keys: {}", used.error().message);
    });
  }
  network_.set_on_bridge([this] { names_.listen(); });
  member_->set_on_cluster([this](const Json& request, const ClusterMember::Asked& then) {
    on_cluster_(request, then);
  });
  return {};
}

// Without them the node is a node all the same.
void HostDaemon::open_streams() {
  const auto open = [this]() -> Result<void> {
    IK_LET(ikada, find_sibling_program("ikada"));
    const TaskStreamOptions options{
        .port = options_.stream_port,
        .command = {ikada, "--root", options_.state_root, "--run-root", options_.run_root},
        .socket = options_.run_root + "/streams.sock",
        .find_task = [layout =
                          EngineLayout{.root = options_.state_root, .run_root = options_.run_root}](
                         const std::string& container) -> Result<std::string> {
          IK_LET(record, load_record(layout, container));
          const auto task = record.spec.labels.find(kTaskArnLabel);
          if (task != record.spec.labels.end()) return task->second;
          return make_error(ErrorKind::kNotFound, "no container of a task has that id");
        }};
    IK_LET(server, StreamServer::create(loop_, *member_, options, audit_));
    streams_ = std::move(server);
    streams_->start();
    if (manager_ == nullptr) return {};
    IK_LET(relay, StreamRelay::create(loop_, *member_, options, *manager_, audit_));
    relay_ = std::move(relay);
    relay_->start();
    manager_->logs().set_hosts(member_->membership().identity.node,
                               [this](const Node& node,
                                      const std::string& verb,
                                      const Json& question,
                                      const LogDesk::Told& then) {
                                 if (member_ == nullptr)
                                   return then(make_error(ErrorKind::kUnavailable, "no cluster"));
                                 ask_log_store(loop_,
                                               *member_,
                                               {.node = node.id,
                                                .address = node.address,
                                                .port = options_.stream_port,
                                                .verb = verb,
                                                .question = question},
                                               then);
                               });
    return {};
  };
  const Result<void> opened = open();
  if (!opened.has_value()) spdlog::error("logs and exec for managers: {}", opened.error().message);
}

// Without it tasks run images of other registries, and those that are here already.
void HostDaemon::open_images() {
  images_.reset();
  Result<std::unique_ptr<HostImages>> opened =
      HostImages::create(loop_,
                         {.run_root = options_.run_root,
                          .state_root = options_.state_root,
                          .api_port = options_.api_port,
                          .tls_port = options_.tls_port,
                          .blob_port = options_.blob_port},
                         manager_.get(),
                         member_.get());
  if (!opened.has_value()) {
    spdlog::error("images of the cluster's registry: {}", opened.error().message);
    return;
  }
  images_ = std::move(*opened);
}

Result<void> HostDaemon::open_agent(Assignments& assignments) {
  open_images();
  IK_LET(agent,
         HostAgent::create(loop_,
                           {.run_root = options_.run_root,
                            .state_root = options_.state_root,
                            .config = options_.agent_config,
                            .is_default = is_for_real_,
                            .find_task_bridge = [this] { return network_.task_bridge(); },
                            .find_image_source = images_ == nullptr ? HostImages::FindSource()
                                                                    : images_->source_finder(),
                            .find_name_server =
                                [this](const std::string& network_mode) {
                                  return names_.server_of(network_mode);
                                }},
                           assignments,
                           audit_)
             .context("agent"));
  agent_ = std::move(agent);
  return {};
}

void HostDaemon::start() {
  if (manager_ != nullptr) {
    manager_->start();
    spdlog::info("manager started socket={}", manager_->socket_path());
  }
  if (member_ != nullptr) member_->start();
  if (images_ != nullptr) images_->start();
  if (agent_ != nullptr) agent_->start();
  logs_.start();
  tables_.start();
  const bool may_forget = manager_ != nullptr && member_ != nullptr;
  if (may_forget && ClusterNote::forget_managers(options_.state_root + "/cluster").is_there()) {
    forget_old_managers();
  }
}

void HostDaemon::stop() {
  is_stopped_ = true;
  tables_.stop();
  if (timer_ != nullptr) timer_->cancel();
  if (restart_timer_ != nullptr) restart_timer_->cancel();
  if (role_timer_ != nullptr) role_timer_->cancel();
  if (forgetting_timer_ != nullptr) forgetting_timer_->cancel();
  drains_.clear();
  if (agent_ != nullptr) agent_->shut_down();
  if (images_ != nullptr) images_->stop();
  if (relay_ != nullptr) relay_->stop();
  if (streams_ != nullptr) streams_->stop();
  if (member_ != nullptr) member_->stop();
  logs_.stop();
  names_.stop();
  network_.stop();
  if (manager_ != nullptr) manager_->stop();
}

// Those that guard first.
void HostDaemon::mend_tables() {
  network_.mend();
  const EngineLayout layout{.root = options_.state_root, .run_root = options_.run_root};
  const Result<bool> mended = mend_nft_table(layout.network_state());
  std::string trouble = mended.has_value() ? "" : mended.error().message;
  if (!trouble.empty() && trouble != table_trouble_) {
    spdlog::error("published ports: {}, retrying", trouble);
  }
  table_trouble_ = std::move(trouble);
  if (mended.value_or(false)) {
    spdlog::warn("published ports: their table of nftables was taken away, made anew");
  }
  if (manager_ != nullptr) manager_->balancers().mend();
}

void HostDaemon::join(const JoinOrder& order, const Done& done) {
  if (is_busy_) return done(busy_error());
  if (member_ != nullptr) {
    return done(make_error(ErrorKind::kConflict, "this host is in a cluster already"));
  }
  if (manager_ != nullptr) {
    return done(make_error(ErrorKind::kConflict,
                           "this host is a manager by {}: remove that file first",
                           options_.cluster_config));
  }
  Result<NodeLink::Endpoint> manager = parse_node_endpoint(order.manager);
  if (!manager.has_value()) {
    const bool is_v6 = order.manager.find(':') != std::string::npos;
    manager = parse_node_endpoint(fmt::format(
        "{}{}{}:{}", is_v6 ? "[" : "", order.manager, is_v6 ? "]" : "", kDefaultNodePort));
  }
  if (!manager.has_value()) {
    return done(make_error(ErrorKind::kInvalid,
                           "\"{}\" is no address of a manager: expected ADDRESS[:PORT]",
                           order.manager));
  }
  const Result<std::string> address = advertised_address(order.address);
  if (!address.has_value()) return done(address.error());
  const Result<std::vector<HostRoute>> routes = find_routes();
  if (!routes.has_value()) return done(routes.error());
  // What the manager gives can be had only once.
  const Result<void> prepared = make_directories(options_.state_root, 0700);
  if (!prepared.has_value()) return done(prepared.error());
  is_busy_ = true;
  join_cluster(loop_,
               {.manager = *manager,
                .token = order.token,
                .name = order.name.empty() ? find_host_name() : order.name,
                .address = *address,
                .version = IKADA_VERSION,
                .routes = routes_to_tell(*routes),
                .has_etcd = find_etcd().has_value()},
               [this, done](Result<Joined> result) {
                 is_busy_ = false;
                 joined(std::move(result), done);
               });
}

void HostDaemon::joined(Result<Joined> joined, const Done& done) {
  if (!joined.has_value()) return done(joined.error());
  if (is_stopped_) return done(stopping_error());
  const Membership& membership = joined->membership;
  const auth::NodeIdentity& identity = membership.identity;
  const bool is_manager = identity.role == auth::NodeRole::kManager;
  // Until the membership is kept, what a manager gets is nobody's.
  const ClusterNote unwanted = ClusterNote::remove_all(options_.state_root + "/cluster");
  Result<void> opened;
  if (is_manager) opened = make_directories(options_.state_root + "/cluster", 0700);
  if (is_manager && opened.has_value()) {
    unwanted.write();
    opened = become_manager(*joined);
  }
  if (opened.has_value()) opened = store_membership(membership_path(), membership);
  if (opened.has_value()) opened = open_rest(membership);
  if (!opened.has_value()) {
    images_.reset();
    relay_.reset();
    streams_.reset();
    static_cast<void>(remove_if_there(membership_path()));
    if (is_manager) remove_cluster_files();
    member_.reset();
    // One that was opened cannot be taken down in place.
    if (manager_ != nullptr) note_restart();
    return done(opened.error());
  }
  unwanted.remove();
  start();
  spdlog::info("cluster joined cluster={} node={}", identity.cluster, identity.node);
  done(Json{{"cluster", identity.cluster},
            {"node", identity.node},
            {"role", auth::to_text(identity.role)}});
}

Result<void> HostDaemon::open_rest(const Membership& membership) {
  IK_LET(keys, load_cluster_keys(keys_path()));
  if (membership.identity.role != auth::NodeRole::kManager) {
    IK_TRY(open_member(membership, std::nullopt));
    return open_agent(*member_->assignments());
  }
  IK_TRY(open_manager(membership.identity.node, keys));
  IK_TRY(open_member(membership, keys));
  return open_agent(manager_->assignments());
}

// Until then it begins nothing else.
void HostDaemon::note_restart() {
  if (!on_restart_) return;
  is_busy_ = true;
  is_changing_ = true;
  // Not before what was answered has gone out.
  restart_timer_ = std::make_unique<boost::asio::steady_timer>(loop_, kAnswerTime);
  restart_timer_->async_wait([this](const boost::system::error_code& error) {
    if (!error) on_restart_();
  });
}

}  // namespace ikada
