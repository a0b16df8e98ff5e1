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

// Nothing on a host that is no manager.
Result<std::unique_ptr<ControlPlane>> create_manager(boost::asio::io_context& loop,
                                                     const DaemonOptions& options) {
  IK_LET(config, load_cluster_config(options.cluster_config));
  if (!config.has_value()) return std::unique_ptr<ControlPlane>();
  return ControlPlane::create(loop,
                              {.run_root = options.run_root,
                               .state_root = options.state_root,
                               .api_port = options.api_port,
                               .api = std::move(*config)});
}

}  // namespace

Result<void> run_daemon(const DaemonOptions& options) {
  IK_LET(socket, DaemonSocket::create(options.run_root));

  boost::asio::io_context loop(1);
  HttpServer server(loop, socket.take_listener(), options.limits, answer_status);
  IK_LET(manager, create_manager(loop, options));
  boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code& error, int number) {
    if (error) return;
    spdlog::info("daemon stopping signal=SIG{}", ::sigabbrev_np(number));
    tell(options, "STOPPING=1");
    server.stop();
    if (manager != nullptr) manager->stop();
  });
  server.start();
  if (manager != nullptr) {
    manager->start();
    spdlog::info("manager started socket={}", manager->socket_path());
  }

  spdlog::info("daemon started version={} socket={}", IKADA_VERSION, socket.path());
  tell(options, "READY=1");
  loop.run();
  spdlog::info("daemon stopped");
  return {};
}

}  // namespace ikada
