#include "cluster/daemon/control_plane.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "cluster/agent/asio_loop.h"
#include "cluster/api/acm/certificate_issue.h"
#include "cluster/api/ecr/lifecycle_policy.h"
#include "cluster/api/expiry.h"
#include "cluster/api/term_begin.h"
#include "cluster/api/virtual_tasks.h"
#include "cluster/daemon/api_endpoint.h"
#include "cluster/daemon/api_keys.h"
#include "cluster/daemon/cluster_backup.h"
#include "cluster/daemon/host_balancers.h"
#include "cluster/daemon/role_change.h"
#include "cluster/registry/cluster_registry.h"
#include "cluster/store/etcd_members.h"
#include "runtime/base/clock.h"
#include "runtime/base/random_id.h"
#include "runtime/sys/file.h"
#include "runtime/sys/inet_socket.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {
namespace {

constexpr size_t kCommitThreads = 8;
constexpr std::chrono::milliseconds kTick{50};
constexpr std::chrono::seconds kLookAtImages{30};
constexpr std::int64_t kNanosPerMilli = 1'000'000;
constexpr size_t kMaxKeyFileBytes = size_t{256} << 10;

constexpr const char* kLeaderKey = "ikada/leader";
constexpr std::chrono::seconds kLeaderTtl{3};
constexpr std::chrono::seconds kDeposeWithin{1};
constexpr std::chrono::seconds kHandOver{2};

// Its events may have a MiB of text, in which JSON needs several bytes for some characters.
bool puts_log_events(const HttpRequest& head) {
  return head.header("x-amz-target") == "Logs_20140328.PutLogEvents";
}

// A task definition is 64 KiB at most; nothing else needs more than a MiB.
constexpr HttpLimits kApiLimits{.body_bytes = 1 << 20,
                                .is_large = puts_log_events,
                                .large_body_bytes = 4 << 20,
                                .connections = 1024};

// Of strangers, on all interfaces.
constexpr HttpLimits kTlsLimits{.body_bytes = 1 << 20,
                                .is_large = puts_log_events,
                                .large_body_bytes = 4 << 20,
                                .connections = 1024,
                                .half_open_of_address = 64};

// For IPv4, too; kUnavailable where the kernel has no IPv6.
Result<UniqueFd> listen_both(std::uint16_t port) {
  Result<UniqueFd> fd = open_inet_socket(AF_INET6, SOCK_STREAM);
  if (!fd.has_value()) return make_error(ErrorKind::kUnavailable, "{}", fd.error().message);
  const int on = 1;
  const int off = 0;
  static_cast<void>(::setsockopt(fd->get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
  if (::setsockopt(fd->get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) {
    return errno_error("setsockopt IPV6_V6ONLY");
  }
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr = in6addr_any;
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(fd->get(), generic, sizeof address) != 0) {
    if (errno == EADDRNOTAVAIL) return make_error(ErrorKind::kUnavailable, "no IPv6");
    return errno_error("bind [::]:{}", port);
  }
  if (::listen(fd->get(), SOMAXCONN) != 0) return errno_error("listen on [::]:{}", port);
  return fd;
}

Result<UniqueFd> listen_inet(in_addr_t at, std::uint16_t port) {
  IK_LET(fd, open_inet_socket(AF_INET, SOCK_STREAM));
  const int on = 1;
  static_cast<void>(::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(at);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  const char* const where = at == INADDR_LOOPBACK ? "127.0.0.1" : "0.0.0.0";
  if (::bind(fd.get(), generic, sizeof address) != 0) return errno_error("bind {}:{}", where, port);
  if (::listen(fd.get(), SOMAXCONN) != 0) return errno_error("listen on {}:{}", where, port);
  return fd;
}

}  // namespace

ControlPlane::ControlPlane(boost::asio::io_context& loop, std::string socket_path)
    : socket_path_(std::move(socket_path)), loop_(loop), pool_(kCommitThreads), timer_(loop) {}

Result<std::unique_ptr<ControlPlane>> ControlPlane::create(boost::asio::io_context& loop,
                                                           ControlPlaneOptions options) {
  const std::string directory = options.state_root + "/cluster";
  IK_TRY(make_directories(directory, 0700));
  std::unique_ptr<ControlPlane> plane(new ControlPlane(loop, options.run_root + "/api.sock"));
  IK_LET(
      store,
      SharedStore::open(
          loop, {.directory = directory, .ports = options.etcd, .keys = std::move(options.keys)}));
  plane->store_ = std::move(store);
  plane->directory_ = directory;
  plane->audit_ = options.audit;
  plane->audit_->refuse_when_full(options.api.needs_audit_room);
  plane->node_ = std::move(options.node);
  if (const auto& setup = plane->store_->setup(); setup.has_value()) {
    options.api.account = setup->account;
    options.api.home_region = setup->home_region;
  }
  options.api.local_registry = fmt::format("127.0.0.1:{}", options.api_port);
  IK_TRY(plane->open_feed());
  plane->api_ = std::make_unique<ApiServer>(
      loop, plane->pool_, plane->store_->store(), *plane->feed_, std::move(options.api));
  plane->logs_ = std::make_unique<LogDesk>(
      loop,
      *plane->api_,
      *plane->feed_,
      EngineLayout{.root = options.state_root, .run_root = options.run_root});
  plane->open_leading();
  plane->services_ = std::make_unique<ServiceKeeper>(
      std::make_shared<AsioLoop>(loop), *plane->api_, *plane->feed_);
  plane->open_balancers({.root = options.state_root, .run_root = options.run_root});
  plane->open_registry(options);
  plane->assignments_ = std::make_unique<LocalAssignments>(
      *plane->api_, *plane->feed_, LocalAssignments::For::kOwnHost, plane->node_);
  plane->feed_->set_on_change([own = plane.get()](std::string_view key) {
    own->api_->note_change(key);
    own->services_->note_change(key);
    own->balancers_->note_change(key);
    own->assignments_->note_change(key);
    if (own->on_change_) own->on_change_(key);
  });
  IK_LET(listener, listen_unix(plane->socket_path_, SOCK_STREAM));
  plane->socket_server_ = std::make_unique<HttpServer>(
      loop, std::move(listener), kApiLimits, trusting_api_route(plane->parts()));
  IK_TRY(plane->open_port(options.api_port, directory));
  return plane;
}

// SQLite answers at once, etcd perhaps not before other hosts are there.
Result<void> ControlPlane::open_feed() {
  const StateFeed::OnError on_error = [](const Error& error) {
    spdlog::error("{}, ignoring", error.message);
  };
  if (store_->is_etcd()) {
    feed_ = StateFeed::create_later(loop_, store_->store(), on_error);
    return {};
  }
  IK_LET(feed, StateFeed::create(loop_, store_->store(), on_error));
  feed_ = std::move(feed);
  return {};
}

void ControlPlane::open_leading() {
  api_->set_fence([this] { return find_fence(); });
  forwarding_ = std::make_unique<ApiForwarding>(loop_, *api_, *feed_, [this] { return leads(); });
  chores_ = std::make_unique<StoreChores>(
      loop_, pool_, *store_, [this] { return leads(); }, [this] { return etcd_addresses(home()); });
}

void ControlPlane::open_balancers(const EngineLayout& layout) {
  balancers_ = std::make_unique<HostBalancers>(
      loop_,
      ProxyOptions{.directory = layout.run_root + "/proxy"},
      HostBalancers::Ground{.api = *api_,
                            .feed = *feed_,
                            .leads = [this] { return leads(); },
                            .node = [this] { return node_; },
                            .on_targets = [this] { services_->note_targets(); },
                            .layout = layout});
}

// A manager without it is a manager all the same.
void ControlPlane::open_registry(const ControlPlaneOptions& options) {
  Result<std::unique_ptr<ClusterRegistry>> opened =
      ClusterRegistry::create(directory_ + "/registry",
                              {.loop = loop_, .api = *api_, .feed = *feed_, .audit = *audit_},
                              {.plain = options.api_port, .tls = options.tls_port});
  if (!opened.has_value()) {
    spdlog::error("the cluster's registry: {}", opened.error().message);
    return;
  }
  registry_ = std::move(*opened);
}

void ControlPlane::give_registry(HttpServer& server) {
  if (registry_ == nullptr) return;
  server.give_registry([this](HttpServer::Given given) { registry_->take(std::move(given)); });
}

void ControlPlane::set_link(Uplink* link) {
  forwarding_->set_link(link);
  balancers_->set_link(link);
}

Result<std::optional<KeyCompare>> ControlPlane::find_fence() const {
  if (!store_->is_etcd()) return std::optional<KeyCompare>();
  return fence_of(feed_->state(),
                  {.is_ready = feed_->is_ready(),
                   .term = election_ == nullptr ? std::optional<LeaderTerm>() : election_->term(),
                   .is_founding = is_founding_});
}

void ControlPlane::take_part() {
  election_ = std::make_unique<LeaderElection>(
      store_->store(),
      LeaderOptions{.key = kLeaderKey, .candidate = node_, .ttl = kLeaderTtl},
      [node = node_](bool leads) {
        spdlog::info("leader {} node={}", leads ? "term begins" : "term ends", node);
      });
}

std::string ControlPlane::leader() const {
  return election_ == nullptr ? std::string() : election_->leader();
}

void ControlPlane::look_at_members(std::function<void(const MemberStates&)> done) {
  if (is_alone()) return done({});
  boost::asio::post(pool_, [this, addresses = manager_addresses(home()), done = std::move(done)] {
    MemberStates states = store_->member_states(addresses);
    boost::asio::post(loop_, [done, states = std::move(states)] { done(states); });
  });
}

void ControlPlane::depose(const std::string& node) {
  if (std::exchange(is_deposing_, true)) return;
  boost::asio::post(pool_, [this, node, asked_at = std::chrono::steady_clock::now()] {
    const Result<KeyRead> seen = store_->store().get(kLeaderKey);
    const bool is_there = seen.has_value() && seen->entry.has_value() && seen->entry->value == node;
    // Without a majority that answer waits for one to come back, and the leader with it.
    const bool is_timely = std::chrono::steady_clock::now() - asked_at < kDeposeWithin;
    if (is_there && is_timely) {
      const Result<Commit> removed = store_->store().commit(
          Transaction{}.expect(kLeaderKey, seen->entry->modified).remove(kLeaderKey));
      if (removed.has_value() && removed->succeeded) spdlog::info("leader deposed node={}", node);
    }
    boost::asio::post(loop_, [this] { is_deposing_ = false; });
  });
}

void ControlPlane::resign() {
  is_founding_ = false;
  election_.reset();
}

void ControlPlane::admit_manager(const Node& self,
                                 const ClusterKeys& keys,
                                 const Node& node,
                                 std::function<void(Result<Json>)> done) {
  if (store_->is_etcd()) return admit_member(node, std::move(done));
  node_ = self.id;
  store_->move_to_etcd(pool_,
                       {.name = self.id,
                        .address = self.address,
                        .initial_cluster = {},
                        .account = api_->options().account,
                        .home_region = api_->options().home_region},
                       keys,
                       [this, node, done = std::move(done)](const Result<void>& moved) {
                         if (!moved.has_value()) return done(moved.error());
                         if (stopping_) return;
                         if (election_ == nullptr) {
                           is_founding_ = true;
                           take_part();
                         }
                         admit_member(node, done);
                       });
}

void ControlPlane::admit_member(const Node& node, std::function<void(Result<Json>)> done) {
  boost::asio::post(pool_, [this, node, done = std::move(done)] {
    const bool was_here = !node.is_new.value_or(false);
    Result<EtcdSetup> setup = store_->admit(node.id, node.address, was_here);
    const Result<std::string> key = read_file(directory_ + "/access_key.json", kMaxKeyFileBytes);
    const Result<std::string> keys = read_file(directory_ + "/authority.json", kMaxKeyFileBytes);
    Result<Json> ready = Json();
    if (!setup.has_value()) {
      ready = setup.error();
    } else if (!key.has_value() || !keys.has_value()) {
      ready = key.has_value() ? keys.error() : key.error();
    } else {
      ready = Json{{"authority", *keys}, {"accessKey", *key}, {"etcd", to_json(*setup)}};
      // What a manager has sealed before it was in a cluster.
      const Result<std::string> sealing = read_file(directory_ + "/sealing.key", kMaxKeyFileBytes);
      if (sealing.has_value()) (*ready)["sealingKeys"] = *sealing;
    }
    boost::asio::post(loop_, [done, ready = std::move(ready)] { done(ready); });
  });
}

void ControlPlane::remove_member(const std::string& address,
                                 std::function<void(const Result<void>&)> then) {
  if (is_alone()) return then({});
  boost::asio::post(pool_, [this, url = store_->peer_url(address), then = std::move(then)] {
    const Result<void> removed =
        remove_etcd_member(store_->client(), url).context("take it out of the managers' etcd");
    boost::asio::post(loop_, [then, removed] { then(removed); });
  });
}

void ControlPlane::note_double(const std::string& node, const std::string& origin) {
  constexpr size_t kIdBytes = 16;
  AuditRecord record;
  record.source = "ikadad";
  record.name = "NodeDoubled";
  record.address = origin;
  record.principal = "node/" + node;
  record.resources = {node};
  record.request_id = random_hex(kIdBytes);
  record.error_code = "Conflict";
  record.error_message = "another host has this node's identity: node.json was copied";
  record.is_read_only = true;
  audit_->write(std::move(record), nullptr);
}

Result<void> ControlPlane::open_port(std::uint16_t port, const std::string& directory) {
  IK_LET(key, load_or_create_access_key(directory + "/access_key.json", api_->options().account));
  access_key_ = std::make_shared<const auth::AccessKey>(std::move(key));
  IK_LET(listener, listen_inet(INADDR_LOOPBACK, port));
  port_server_ = std::make_unique<HttpServer>(
      loop_, std::move(listener), kApiLimits, verifying_api_route(parts(), find_key()));
  give_registry(*port_server_);
  return {};
}

ApiParts ControlPlane::parts() {
  return {.api = *api_, .logs = *logs_, .audit = *audit_, .registry = registry_.get()};
}

auth::FindAccessKey ControlPlane::find_key() const {
  return
      [kept = access_key_](std::string_view id) { return kept->id == id ? kept.get() : nullptr; };
}

Result<void> ControlPlane::serve_tls(std::uint16_t port,
                                     std::shared_ptr<boost::asio::ssl::context> tls) {
  if (tls_server_ != nullptr) {
    tls_server_->set_tls(std::move(tls));
    return {};
  }
  Result<UniqueFd> listener = listen_both(port);
  if (!listener.has_value() && listener.error().kind == ErrorKind::kUnavailable) {
    listener = listen_inet(INADDR_ANY, port);
  }
  if (!listener.has_value()) return listener.error();
  tls_server_ = std::make_unique<HttpServer>(
      loop_,
      std::move(*listener),
      kTlsLimits,
      verifying_api_route(parts(), find_key(), std::make_shared<RefusalLimit>()));
  tls_server_->set_tls(std::move(tls));
  give_registry(*tls_server_);
  tls_server_->start();
  return {};
}

// In the order in which one uses another.
ControlPlane::~ControlPlane() {
  if (socket_server_ != nullptr) ::unlink(socket_path_.c_str());
  socket_server_.reset();
  port_server_.reset();
  tls_server_.reset();
  registry_.reset();
  election_.reset();
  pool_.join();
  chores_.reset();
  forwarding_.reset();
  assignments_.reset();
  balancers_.reset();
  services_.reset();
  logs_.reset();
  api_.reset();
  feed_.reset();
  store_.reset();
}

Scope ControlPlane::home_scope() const {
  const ApiOptions& options = api_->options();
  return {.account = options.account, .region = options.home_region};
}

const ScopeState& ControlPlane::home() const { return feed_->state().scope(home_scope()); }

void ControlPlane::set_on_change(std::function<void(std::string_view)> on_change) {
  on_change_ = std::move(on_change);
}

void ControlPlane::back_up(std::string path,
                           std::function<void(const Result<std::uint64_t>&)> done) {
  boost::asio::post(pool_, [this, path = std::move(path), done = std::move(done)] {
    Result<std::uint64_t> size = back_up_cluster(
        [this](const std::string& file) { return store_->back_up(file); }, directory_, path);
    boost::asio::post(loop_, [done, size = std::move(size)] { done(size); });
  });
}

void ControlPlane::start() {
  store_->start();
  if (store_->is_etcd()) take_part();
  chores_->start();
  socket_server_->start();
  port_server_->start();
  if (registry_ != nullptr) registry_->start();
  keep_services();
  balancers_->start();
  wait_for_tick();
}

void ControlPlane::wait_for_tick() {
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !stopping_) tick();
  });
}

// What nobody has asked for, one transaction at a time: tasks of virtual instances take a step,
// what is over is forgotten.
void ControlPlane::keep_services() {
  const bool is_wanted = leads() && !ends_services_;
  if (std::exchange(is_keeping_services_, is_wanted) == is_wanted) return;
  if (is_keeping_services_) {
    services_->start();
  } else {
    services_->stop();
  }
}

void ControlPlane::end_services(bool ends) {
  ends_services_ = ends;
  keep_services();
}

void ControlPlane::tick() {
  if (is_founding_ && election_->term().has_value()) is_founding_ = false;
  keep_services();
  if (!leads()) return wait_for_tick();
  const Timestamp now{unix_now() / kNanosPerMilli};
  Proposal proposal = plan_virtual_steps(feed_->state(), now);
  if (proposal.changes.empty()) proposal = plan_gone_instances(feed_->state());
  if (proposal.changes.empty()) proposal = plan_orphans(feed_->state(), now);
  if (proposal.changes.empty()) proposal = plan_expiry(feed_->state(), now);
  size_t renewals = 0;
  if (proposal.changes.empty()) {
    proposal = acm::plan_renewals(feed_->state(), api_->options(), now);
    renewals = proposal.changes.size();
  }
  const auto steady_now = std::chrono::steady_clock::now();
  if (proposal.changes.empty() && steady_now >= look_at_images_at_) {
    proposal = ecr::plan_lifecycle(home(), now);
    if (proposal.changes.empty()) look_at_images_at_ = steady_now + kLookAtImages;
  }
  if (proposal.changes.empty()) return wait_for_tick();
  api_->propose(proposal, [this, renewals](bool made) {
    if (made && renewals > 0) spdlog::info("certificates of listeners renewed count={}", renewals);
    if (stopping_) return;
    if (made) return tick();
    wait_for_tick();
  });
}

void ControlPlane::stop() {
  stopping_ = true;
  timer_.cancel();
  services_->stop();
  balancers_->stop();
  socket_server_->stop();
  port_server_->stop();
  if (tls_server_ != nullptr) tls_server_->stop();
  if (registry_ != nullptr) registry_->stop();
  chores_->stop();
  // Whoever leads hands over, if etcd answers; nothing waits for it long.
  const bool hands_over = election_ != nullptr && election_->term().has_value();
  const auto now = std::chrono::steady_clock::now();
  if (store_->is_etcd()) store_->client().shut_down(hands_over ? now + kHandOver : now);
  election_.reset();
  if (store_->is_etcd()) store_->client().shut_down(now);
  feed_->stop();
  store_->stop();
}

}  // namespace ikada
