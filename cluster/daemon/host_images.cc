#include "cluster/daemon/host_images.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <openssl/ssl.h>
#include <spdlog/spdlog.h>

#include "cluster/node/authority_exchange.h"
#include "cluster/node/uplink.h"
#include "cluster/registry/cluster_registry.h"
#include "cluster/registry/node_tunnels.h"
#include "cluster/registry/registry_way.h"
#include "runtime/sys/inet_socket.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {
namespace {

using boost::asio::posix::stream_descriptor;

// How long to leave the listener alone when the process is out of descriptors.
constexpr std::chrono::milliseconds kAcceptPause{100};

std::vector<std::string> own_names(const HostImagesOptions& options) {
  return {fmt::format("127.0.0.1:{}", options.api_port),
          fmt::format("localhost:{}", options.api_port)};
}

// Workers' certificates are no servers'.
Result<TlsContext> tls_to_peers(const NodeCredentials& credentials) {
  IK_LET(tls, node_client_tls(credentials));
  ::SSL_CTX_set_purpose(tls->native_handle(), X509_PURPOSE_SSL_CLIENT);
  return tls;
}

}  // namespace

struct HostImages::Door : std::enable_shared_from_this<HostImages::Door> {
  Door(boost::asio::io_context& loop, HostImagesOptions given)
      : options(std::move(given)),
        socket(options.run_root + "/registry.sock"),
        listener(loop),
        pause(loop) {}

  void accept() {
    listener.async_wait(
        stream_descriptor::wait_read,
        [self = shared_from_this()](const boost::system::error_code& error) {
          if (error || !self->listener.is_open()) return;
          UniqueFd client(::accept4(
              self->listener.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
          if (!client && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            return self->accept_later();
          }
          if (client) self->let_in(std::move(client));
          self->accept();
        });
  }

  void accept_later() {
    spdlog::warn(
        "accept at {}: {}, retrying in {} ms", socket, errno_text(errno), kAcceptPause.count());
    pause.expires_after(kAcceptPause);
    pause.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error && self->listener.is_open()) self->accept();
    });
  }

  void let_in(UniqueFd client) {
    // As often as anybody pulls is often enough for a certificate that was renewed.
    use_certificate();
    if (manager != nullptr) {
      if (manager->registry() != nullptr) manager->registry()->take_own(std::move(client));
      return;
    }
    const Membership& membership = member->membership();
    Result<TlsContext> tls = node_client_tls(membership.credentials);
    if (!tls.has_value()) return;
    std::vector<boost::asio::ip::tcp::endpoint> managers;
    for (const std::string& each : membership.managers) {
      Result<NodeLink::Endpoint> at = parse_node_endpoint(each);
      if (!at.has_value()) continue;
      at->port(options.blob_port);
      managers.push_back(*at);
    }
    tunnels->carry(std::move(client), std::move(managers), std::move(*tls));
  }

  void use_certificate() {
    if (member == nullptr) return;
    const NodeCredentials& credentials = member->membership().credentials;
    const std::string all =
        credentials.certificate + credentials.authority + joined_certificates(credentials.others);
    if (std::exchange(certificates, all) == all) return;
    Result<TlsContext> tls = tls_to_peers(credentials);
    if (tls.has_value()) way->set_tls(*tls);
    if (tls.has_value() && manager != nullptr && manager->registry() != nullptr) {
      manager->registry()->reach_others(
          member->membership().address, std::move(*tls), options.blob_port);
    }
    if (port != nullptr) static_cast<void>(port->use(credentials).has_value());
  }

  HostImagesOptions options;
  std::string socket;
  stream_descriptor listener;
  boost::asio::steady_timer pause;  // Before it accepts again.
  ControlPlane* manager = nullptr;
  const ClusterMember* member = nullptr;
  std::shared_ptr<RegistryWay> way;
  std::unique_ptr<NodeTunnels> tunnels;  // On workers.
  std::unique_ptr<BlobPort> port;        // In clusters.
  std::string certificates;              // In use.
};

HostImages::HostImages(std::shared_ptr<Door> door) : door_(std::move(door)) {}

Result<std::unique_ptr<HostImages>> HostImages::create(boost::asio::io_context& loop,
                                                       HostImagesOptions options,
                                                       ControlPlane* manager,
                                                       const ClusterMember* member) {
  auto door = std::make_shared<Door>(loop, std::move(options));
  door->manager = manager;
  door->member = member;
  const HostImagesOptions& given = door->options;
  door->way = std::make_shared<RegistryWay>(
      RegistryWayOptions{.socket = door->socket,
                         .names = own_names(given),
                         .address = member == nullptr ? "" : member->membership().address,
                         .blob_port = given.blob_port});
  IK_LET(listener, listen_unix(door->socket, SOCK_STREAM));
  door->listener.assign(listener.release());
  if (manager == nullptr) door->tunnels = std::make_unique<NodeTunnels>();
  if (member != nullptr) {
    const bool is_v6 = member->membership().address.find(':') != std::string::npos;
    ClusterRegistry* const registry = manager == nullptr ? nullptr : manager->registry();
    BlobPortOptions blobs{.address = is_v6 ? "::" : "0.0.0.0",
                          .port = given.blob_port,
                          .state_root = given.state_root};
    if (registry != nullptr) {
      blobs.registry = &registry->responder();
      blobs.admit = [registry](const std::string& peer_name, const registry::Yield& yield) {
        return registry->admit(peer_name, yield);
      };
    }
    IK_LET(port, BlobPort::create(blobs, member->membership().credentials));
    door->port = std::move(port);
    door->use_certificate();
  }
  return std::unique_ptr<HostImages>(new HostImages(std::move(door)));
}

HostImages::~HostImages() { stop(); }

void HostImages::start() {
  door_->accept();
  if (door_->port != nullptr) door_->port->start();
}

void HostImages::note_credentials() { door_->use_certificate(); }

void HostImages::stop() {
  boost::system::error_code ignored;
  if (!door_->listener.is_open()) return;
  door_->listener.close(ignored);
  door_->pause.cancel();
  ::unlink(door_->socket.c_str());
  // What is under way there may wait for the loop, which waits for it here.
  const bool has_registry = door_->manager != nullptr && door_->manager->registry() != nullptr;
  if (has_registry && door_->port != nullptr) door_->manager->registry()->close();
  door_->port.reset();
  door_->tunnels.reset();
}

HostImages::FindSource HostImages::source_finder() const {
  return [way = door_->way](const std::string& registry) { return way->find(registry); };
}

}  // namespace ikada
