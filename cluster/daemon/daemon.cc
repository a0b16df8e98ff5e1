#include "cluster/daemon/daemon.h"

#include <signal.h>
#include <string.h>

#include <chrono>
#include <memory>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include "cluster/daemon/cluster_routes.h"
#include "cluster/daemon/daemon_socket.h"
#include "cluster/daemon/host_daemon.h"
#include "cluster/daemon/inherited_children.h"
#include "cluster/daemon/status_routes.h"
#include "cluster/http/audited_route.h"
#include "runtime/sys/notify_systemd.h"

namespace ikada {
namespace {

// Long enough for connections to end.
constexpr std::chrono::milliseconds kRestartTime{200};

void tell(const DaemonOptions& options, std::string_view state) {
  const Result<void> told = notify_systemd(options.notify_socket, state);
  if (!told.has_value()) spdlog::warn("{}, ignoring", told.error().message);
}

}  // namespace

Result<DaemonEnd> run_daemon(const DaemonOptions& options) {
  IK_LET(socket, DaemonSocket::create(options.run_root));

  boost::asio::io_context loop(1);
  InheritedChildren inherited(loop);
  IK_LET(audit, AuditLog::open(loop, {.directory = options.state_root + "/audit"}));
  HostDaemon host(loop, options, *audit);
  const HttpServer::Route control = audited_control_route(
      *audit, [&host](const HttpRequest& request, const HttpServer::Respond& respond) {
        answer_cluster_request(host, request, respond);
      });
  HttpServer server(loop,
                    socket.take_listener(),
                    options.limits,
                    [&control](const HttpRequest& request, const HttpServer::Respond& respond) {
                      if (is_cluster_route(request)) return control(request, respond);
                      respond(answer_status_request(request));
                    });
  host.set_on_cluster([&host](const Json& asked, const HostDaemon::Done& done) {
    answer_other_manager(host, asked, done);
  });
  IK_TRY(host.open());
  DaemonEnd end = DaemonEnd::kStopped;
  boost::asio::steady_timer restart(loop);
  boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code& error, int number) {
    if (error) return;
    end = DaemonEnd::kStopped;  // Also while it was about to start anew.
    spdlog::info("daemon stopping signal=SIG{}", ::sigabbrev_np(number));
    tell(options, "STOPPING=1");
    restart.cancel();
    inherited.stop();
    server.stop();
    host.stop();
  });
  host.set_on_restart([&] {
    end = DaemonEnd::kRestart;
    inherited.stop();
    server.stop();
    host.stop();
    // Signals are heard until the rest has ended.
    restart.expires_after(kRestartTime);
    restart.async_wait([&](const boost::system::error_code&) { signals.cancel(); });
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
