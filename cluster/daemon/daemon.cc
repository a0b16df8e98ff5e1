#include "cluster/daemon/daemon.h"

#include <signal.h>
#include <string.h>

#include <memory>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <spdlog/spdlog.h>

#include "cluster/daemon/cluster_routes.h"
#include "cluster/daemon/daemon_socket.h"
#include "cluster/daemon/host_daemon.h"
#include "cluster/daemon/status_routes.h"
#include "runtime/sys/notify_systemd.h"

namespace ikada {
namespace {

void tell(const DaemonOptions& options, std::string_view state) {
  const Result<void> told = notify_systemd(options.notify_socket, state);
  if (!told.has_value()) spdlog::warn("{}, ignoring", told.error().message);
}

}  // namespace

Result<DaemonEnd> run_daemon(const DaemonOptions& options) {
  IK_LET(socket, DaemonSocket::create(options.run_root));

  boost::asio::io_context loop(1);
  HostDaemon host(loop, options);
  HttpServer server(loop,
                    socket.take_listener(),
                    options.limits,
                    [&host](const HttpRequest& request, const HttpServer::Respond& respond) {
                      if (is_cluster_route(request))
                        return answer_cluster_request(host, request, respond);
                      respond(answer_status_request(request));
                    });
  IK_TRY(host.open());
  boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code& error, int number) {
    if (error) return;
    spdlog::info("daemon stopping signal=SIG{}", ::sigabbrev_np(number));
    tell(options, "STOPPING=1");
    server.stop();
    host.stop();
  });
  DaemonEnd end = DaemonEnd::kStopped;
  host.set_on_restart([&] {
    end = DaemonEnd::kRestart;
    signals.cancel();
    server.stop();
    host.stop();
  });
  server.start();
  host.start();

  spdlog::info("daemon started version={} socket={}", IKADA_VERSION, socket.path());
  tell(options, "READY=1");
  loop.run();
  spdlog::info("daemon stopped");
  return end;
}

}  // namespace ikada
