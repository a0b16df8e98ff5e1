// ikadad: the host's daemon.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "cluster/daemon/address_keeper.h"
#include "cluster/daemon/daemon.h"
#include "cluster/daemon/etcd_child.h"
#include "image/unpack_child.h"
#include "runtime/base/log_formatter.h"
#include "runtime/sys/standard_streams.h"

namespace ikada {
namespace {

constexpr int kUsageStatus = 2;

struct Options {
  DaemonOptions daemon;
  std::string log_level = "info";
};

void set_up_log(const std::string& level) {
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_st>()));
  spdlog::set_formatter(std::make_unique<LogFormatter>());
  spdlog::set_level(spdlog::level::from_str(level));
}

int main(int argc, char** argv) {
  open_missing_streams();
  Options options;
  CLI::App app("Serves this host's ikada", "ikadad");
  app.add_option("--run-root", options.daemon.run_root, "Directory of the daemon's socket and lock")
      ->envname("IKADA_RUN_ROOT");
  app.add_option("--root",
                 options.daemon.state_root,
                 "Directory of images, containers and the cluster's store")
      ->envname("IKADA_ROOT");
  app.add_option(
      "--cluster-config", options.daemon.cluster_config, "File that makes this host a manager");
  app.add_option(
      "--agent-config", options.daemon.agent_config, "File that says which tasks to run");
  app.add_option("--api-port",
                 options.daemon.api_port,
                 "Port of the API on 127.0.0.1, where requests are signed");
  app.add_option("--api-tls-port",
                 options.daemon.tls_port,
                 "Port of the API with TLS on all interfaces, in a cluster that hosts can join");
  app.add_option(
      "--node-port", options.daemon.node_port, "Port of a manager for the cluster's other nodes");
  app.add_option("--gossip-port",
                 options.daemon.gossip_port,
                 "Port of gossip (UDP and TCP), the same on all nodes of a cluster");
  app.add_option("--etcd-client-port",
                 options.daemon.etcd_client_port,
                 "Port of a manager's etcd for managers, the same on all of them");
  app.add_option("--etcd-peer-port",
                 options.daemon.etcd_peer_port,
                 "Port of a manager's etcd for its other members, the same on all managers");
  app.add_option("--stream-port",
                 options.daemon.stream_port,
                 "Port of a node for managers that show its tasks' logs, the same on all nodes");
  app.add_option("--blob-port",
                 options.daemon.blob_port,
                 "Port of a node for images that other nodes pull, the same on all nodes");
  app.add_option("--log-level", options.log_level, "error, warn, info or debug")
      ->check(CLI::IsMember({"error", "warn", "info", "debug"}));
  app.set_version_flag("--version", "ikadad version " IKADA_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    ::fprintf(stderr, "ikadad: %s; see 'ikadad --help'\n", error.what());
    return kUsageStatus;
  }
  set_up_log(options.log_level);
  const char* notify_socket = ::getenv("NOTIFY_SOCKET");
  if (notify_socket != nullptr) options.daemon.notify_socket = notify_socket;
  ::signal(SIGPIPE, SIG_IGN);

  const Result<DaemonEnd> end = run_daemon(options.daemon);
  if (!end.has_value()) {
    ::fprintf(stderr, "ikadad: %s\n", printable(end.error().message).c_str());
    return 1;
  }
  if (*end == DaemonEnd::kStopped) return 0;
  ::execv("/proc/self/exe", argv);
  ::fprintf(stderr, "ikadad: %s\n", errno_error("start anew").message.c_str());
  return 1;
}

}  // namespace
}  // namespace ikada

int main(int argc, char** argv) {
  if (ikada::is_unpack_child(argc, argv)) return ikada::run_unpack_child(argc, argv);
  if (ikada::is_etcd_child(argc, argv)) return ikada::run_etcd_child(argc, argv);
  if (ikada::is_address_keeper(argc, argv)) return ikada::run_address_keeper();
  const int status = ikada::main(argc, argv);
  // A thread that waits for a registry may still run: nothing is torn down under it.
  ::fflush(nullptr);
  ::_exit(status);
}
