// `ikada task logs` and `task exec` for tasks on other hosts.
//
//   ikada --RUN/streams.sock--> the manager's daemon --TLS--> the other host's daemon: the program
//
// Every node of a cluster listens on its stream port for managers, and only for them: the peer's
// certificate has to say so, and so has what the leading manager has told of the managers, so that
// one that was removed is refused. Only containers of tasks can be reached, with the words of
// stream_order.h. A manager takes root's wishes on a unix socket: the first frame is {"instance":
// ID, "words": […], "stdin": false, "terminal": false}, then frames go both ways as
// stream_process.h has them. A connection that ends ends the program; a program that ends, or a
// host that is gone, ends the connection with a last frame that says so. A host that is silent for
// five seconds is gone.
//
// All calls are on the loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "cluster/daemon/cluster_member.h"
#include "cluster/daemon/control_plane.h"
#include "cluster/daemon/stream_process.h"
#include "cluster/http/audit_log.h"
#include "cluster/node/node_link.h"

namespace ikada {

inline constexpr std::uint16_t kDefaultStreamPort = 7445;

// A peer of a stream sends no large frames.
NodeLinkLimits stream_link_limits();

struct TaskStreamOptions {
  std::uint16_t port = kDefaultStreamPort;
  std::vector<std::string> command;  // The ikada program with its directories.
  std::string socket;                // Of managers.
  // The ARN of the task whose container of this host that is; kNotFound for any other.
  std::function<Result<std::string>(const std::string& container)> find_task = {};
};

// A node's part.
class StreamServer {
 public:
  // Listens. `audit` outlives it.
  static Result<std::unique_ptr<StreamServer>> create(boost::asio::io_context& loop,
                                                      const ClusterMember& member,
                                                      const TaskStreamOptions& options,
                                                      AuditLog& audit);
  ~StreamServer();

  void start();
  void stop();

 private:
  struct Server;
  explicit StreamServer(std::shared_ptr<Server> server) : server_(std::move(server)) {}

  std::shared_ptr<Server> server_;
};

// A manager's part.
class StreamRelay {
 public:
  // Everything outlives it.
  static Result<std::unique_ptr<StreamRelay>> create(boost::asio::io_context& loop,
                                                     const ClusterMember& member,
                                                     const TaskStreamOptions& options,
                                                     ControlPlane& manager,
                                                     AuditLog& audit);
  ~StreamRelay();

  void start();
  void stop();

 private:
  struct Relay;
  explicit StreamRelay(std::shared_ptr<Relay> relay) : relay_(std::move(relay)) {}

  std::shared_ptr<Relay> relay_;
};

}  // namespace ikada
