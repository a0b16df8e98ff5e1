#include "cluster/daemon/daemon.h"

#include <signal.h>
#include <string.h>

#include <memory>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <spdlog/spdlog.h>

#include "cluster/daemon/cluster_config.h"
#include "cluster/daemon/control_plane.h"
#include "cluster/daemon/daemon_socket.h"
#include "cluster/daemon/host_agent.h"
#include "cluster/daemon/status_routes.h"
#include "runtime/sys/notify_systemd.h"

namespace ikada {
namespace {

void tell(const DaemonOptions& options, std::string_view state) {
  const Result<void> told = notify_systemd(options.notify_socket, state);
  if (!told.has_value()) spdlog::warn("{}, ignoring", told.error().message);
}

void answer_status(const HttpRequest& request, const HttpServer::Respond& respond) {
  respond(answer_status_request(request));
}

// What the daemon of this host is, in the order in which one uses another.
struct Parts {
  std::unique_ptr<ControlPlane> manager = {};  // Null on a host that is none.
  std::unique_ptr<Agent> agent = {};           // Null on a host that runs no tasks.
};

Result<Parts> create_parts(boost::asio::io_context& loop, const DaemonOptions& options) {
  Parts parts;
  IK_LET(config, load_cluster_config(options.cluster_config));
  if (!config.has_value()) return parts;
  // Virtual instances are for trying: a real one among them only if somebody says so.
  const bool is_for_real = !config->virtual_instances;
  IK_LET(manager,
         ControlPlane::create(loop,
                              {.run_root = options.run_root,
                               .state_root = options.state_root,
                               .api_port = options.api_port,
                               .api = std::move(*config)}));
  parts.manager = std::move(manager);
  IK_LET(agent,
         create_host_agent(loop,
                           {.run_root = options.run_root,
                            .state_root = options.state_root,
                            .config = options.agent_config,
                            .is_default = is_for_real},
                           parts.manager->assignments())
             .context("agent"));
  parts.agent = std::move(agent);
  return parts;
}

void start(const Parts& parts) {
  if (parts.manager != nullptr) {
    parts.manager->start();
    spdlog::info("manager started socket={}", parts.manager->socket_path());
  }
  if (parts.agent != nullptr) parts.agent->start();
}

void stop(const Parts& parts) {
  if (parts.agent != nullptr) parts.agent->shut_down();
  if (parts.manager != nullptr) parts.manager->stop();
}

}  // namespace

Result<void> run_daemon(const DaemonOptions& options) {
  IK_LET(socket, DaemonSocket::create(options.run_root));

  boost::asio::io_context loop(1);
  HttpServer server(loop, socket.take_listener(), options.limits, answer_status);
  IK_LET(parts, create_parts(loop, options));
  boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code& error, int number) {
    if (error) return;
    spdlog::info("daemon stopping signal=SIG{}", ::sigabbrev_np(number));
    tell(options, "STOPPING=1");
    server.stop();
    stop(parts);
  });
  server.start();
  start(parts);

  spdlog::info("daemon started version={} socket={}", IKADA_VERSION, socket.path());
  tell(options, "READY=1");
  loop.run();
  spdlog::info("daemon stopped");
  return {};
}

}  // namespace ikada
