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

#include "cluster/api/expiry.h"
#include "cluster/api/virtual_tasks.h"
#include "cluster/daemon/api_endpoint.h"
#include "cluster/daemon/api_keys.h"
#include "cluster/daemon/cluster_backup.h"
#include "cluster/store/sqlite_store.h"
#include "runtime/base/clock.h"
#include "runtime/sys/file.h"
#include "runtime/sys/inet_socket.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {
namespace {

constexpr size_t kCommitThreads = 8;
constexpr std::chrono::milliseconds kTick{50};
constexpr std::int64_t kNanosPerMilli = 1'000'000;

// A task definition is 64 KiB at most; nothing needs more than a MiB.
constexpr HttpLimits kApiLimits{.body_bytes = 1 << 20, .connections = 1024};

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
  IK_LET(store, SqliteStore::open(directory + "/store.db"));
  plane->store_ = std::move(store);
  plane->directory_ = directory;
  plane->audit_ = options.audit;
  plane->audit_->refuse_when_full(options.api.needs_audit_room);
  IK_LET(feed, StateFeed::create(loop, *plane->store_, [](const Error& error) {
           spdlog::error("{}, ignoring", error.message);
         }));
  plane->feed_ = std::move(feed);
  plane->api_ = std::make_unique<ApiServer>(
      loop, plane->pool_, *plane->store_, *plane->feed_, std::move(options.api));
  plane->services_ = std::make_unique<ServiceKeeper>(loop, *plane->api_, *plane->feed_);
  plane->assignments_ = std::make_unique<LocalAssignments>(
      *plane->api_, *plane->feed_, LocalAssignments::For::kOwnHost);
  plane->feed_->set_on_change([own = plane.get()](std::string_view key) {
    own->api_->note_change(key);
    own->services_->note_change(key);
    own->assignments_->note_change(key);
    if (own->on_change_) own->on_change_(key);
  });
  IK_LET(listener, listen_unix(plane->socket_path_, SOCK_STREAM));
  plane->socket_server_ = std::make_unique<HttpServer>(
      loop, std::move(listener), kApiLimits, trusting_api_route(*plane->api_, *plane->audit_));
  IK_TRY(plane->open_port(options.api_port, directory));
  return plane;
}

Result<void> ControlPlane::open_port(std::uint16_t port, const std::string& directory) {
  IK_LET(key, load_or_create_access_key(directory + "/access_key.json", api_->options().account));
  access_key_ = std::make_shared<const auth::AccessKey>(std::move(key));
  IK_LET(listener, listen_inet(INADDR_LOOPBACK, port));
  port_server_ = std::make_unique<HttpServer>(
      loop_, std::move(listener), kApiLimits, verifying_api_route(*api_, *audit_, find_key()));
  return {};
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
  IK_LET(listener, listen_inet(INADDR_ANY, port));
  tls_server_ = std::make_unique<HttpServer>(
      loop_, std::move(listener), kApiLimits, verifying_api_route(*api_, *audit_, find_key()));
  tls_server_->set_tls(std::move(tls));
  tls_server_->start();
  return {};
}

// In the order in which one uses another.
ControlPlane::~ControlPlane() {
  if (socket_server_ != nullptr) ::unlink(socket_path_.c_str());
  socket_server_.reset();
  port_server_.reset();
  tls_server_.reset();
  pool_.join();
  assignments_.reset();
  services_.reset();
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
    Result<std::uint64_t> size = back_up_cluster(*store_, directory_, path);
    boost::asio::post(loop_, [done, size = std::move(size)] { done(size); });
  });
}

void ControlPlane::start() {
  socket_server_->start();
  port_server_->start();
  services_->start();
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
void ControlPlane::tick() {
  const Timestamp now{unix_now() / kNanosPerMilli};
  Proposal proposal = plan_virtual_steps(feed_->state(), now);
  if (proposal.changes.empty()) proposal = plan_expiry(feed_->state(), now);
  if (proposal.changes.empty()) return wait_for_tick();
  api_->propose(proposal, [this](bool made) {
    if (stopping_) return;
    if (made) return tick();
    wait_for_tick();
  });
}

void ControlPlane::stop() {
  stopping_ = true;
  timer_.cancel();
  services_->stop();
  socket_server_->stop();
  port_server_->stop();
  if (tls_server_ != nullptr) tls_server_->stop();
  feed_->stop();
}

}  // namespace ikada
