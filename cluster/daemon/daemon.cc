#include "cluster/daemon/daemon.h"

#include <signal.h>
#include <string.h>

#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <spdlog/spdlog.h>

#include "cluster/daemon/daemon_socket.h"
#include "cluster/daemon/status_routes.h"
#include "runtime/sys/notify_systemd.h"

namespace ikada {
namespace {

void tell(const DaemonOptions& options, std::string_view state) {
  const Result<void> told = notify_systemd(options.notify_socket, state);
  if (!told.has_value()) spdlog::warn("{}, ignoring", told.error().message);
}

}  // namespace

Result<void> run_daemon(const DaemonOptions& options) {
  IK_LET(socket, DaemonSocket::create(options.run_root));

  boost::asio::io_context loop(1);
  HttpServer server(loop, socket.take_listener(), options.limits, answer_status_request);
  boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code& error, int number) {
    if (error) return;
    spdlog::info("daemon stopping signal=SIG{}", ::sigabbrev_np(number));
    tell(options, "STOPPING=1");
    server.stop();
  });
  server.start();

  spdlog::info("daemon started version={} socket={}", IKADA_VERSION, socket.path());
  tell(options, "READY=1");
  loop.run();
  spdlog::info("daemon stopped");
  return {};
}

}  // namespace ikada
