#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cluster/daemon/frame_socket.h"
#include "cluster/daemon/task_streams.h"
#include "cluster/node/node_tls.h"
#include "cluster/node/uplink.h"
#include "runtime/base/random_id.h"
#include "runtime/sys/inet_socket.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {

namespace {

using boost::system::error_code;
using RelayListener = boost::asio::posix::stream_descriptor;

constexpr size_t kMaxRelayed = 128;
constexpr size_t kMaxPending = 1024;
constexpr std::chrono::milliseconds kRelayPause{100};

}  // namespace

struct StreamRelay::Relay : std::enable_shared_from_this<StreamRelay::Relay> {
  Relay(boost::asio::io_context& io,
        const ClusterMember& its_member,
        TaskStreamOptions given,
        ControlPlane& its_manager,
        AuditLog& log,
        UniqueFd socket)
      : loop(io),
        member(its_member),
        options(std::move(given)),
        manager(its_manager),
        audit(log),
        listener(io, socket.release()),
        pause(io) {}

  struct Stream {
    std::shared_ptr<FrameSocket> client;
    std::shared_ptr<NodeLink> link;
    std::vector<Json> pending;  // What the client has said since its order.
    bool is_ordered = false;
    bool is_through = false;  // To the other host.
  };

  void accept() {
    listener.async_wait(RelayListener::wait_read,
                        [self = shared_from_this()](const error_code& error) {
                          if (error || !self->listener.is_open()) return;
                          Result<UniqueFd> fd = accept_connection(self->listener.native_handle());
                          if (fd.has_value()) self->take(std::move(*fd));
                          if (fd.has_value() || fd.error().kind == ErrorKind::kUnavailable)
                            return self->accept();
                          // Out of descriptors, perhaps: they come back.
                          self->pause.expires_after(kRelayPause);
                          self->pause.async_wait([self](const error_code& cancelled) {
                            if (!cancelled) self->accept();
                          });
                        });
  }

  void take(UniqueFd fd) {
    auto stream = std::make_shared<Stream>();
    stream->client = FrameSocket::adopt(loop, std::move(fd));
    const bool is_full = streams.size() >= kMaxRelayed;
    streams.insert(stream);
    const std::weak_ptr<Stream> weak = stream;
    stream->client->start({.on_frame =
                               [self = shared_from_this(), weak](const Json& frame) {
                                 if (const auto it = weak.lock()) self->hear(it, frame);
                               },
                           .on_end =
                               [self = shared_from_this(), weak] {
                                 if (const auto it = weak.lock()) self->end(it);
                               }});
    if (is_full) fail(stream, "too many logs and commands of other hosts at once");
  }

  struct Host {
    std::string node;
    NodeLink::Endpoint at;
  };

  // The node that is that container instance.
  Result<Host> find_host(const std::string& instance) const {
    for (const auto& [id, node] : manager.home().nodes) {
      if (node.value.instance != instance) continue;
      const std::string& address = node.value.address;
      const bool is_v6 = address.find(':') != std::string::npos;
      IK_LET(at,
             parse_node_endpoint(fmt::format(
                 "{}{}{}:{}", is_v6 ? "[" : "", address, is_v6 ? "]" : "", options.port)));
      return Host{.node = id, .at = at};
    }
    return make_error(ErrorKind::kNotFound, "no node is container instance {}", instance);
  }

  void hear(const std::shared_ptr<Stream>& stream, const Json& frame) {
    if (stream->is_through) return stream->link->send(frame);
    if (stream->is_ordered) {
      stream->pending.push_back(frame);
      if (stream->pending.size() > kMaxPending) fail(stream, "the other host is too slow");
      return;
    }
    stream->is_ordered = true;
    const Result<StreamOrder> order = parse_stream_order(frame);
    std::string instance;
    JsonReader reader(frame, "stream");
    reader.require("instance", instance);
    const Result<void> read = reader.done();
    if (!order.has_value()) return fail(stream, order.error().message);
    if (order->is_log_question()) return fail(stream, "the API answers about log streams");
    if (!read.has_value()) return fail(stream, read.error().message);
    const Result<Host> host = find_host(instance);
    if (!host.has_value()) return fail(stream, host.error().message);
    const bool is_exec = order->is_exec();
    if (is_exec && !audit.accepts_changes()) {
      return fail(stream, "the audit log has no room on its disk");
    }
    AuditRecord record;
    record.source = "ikadad";
    record.name = is_exec ? "TaskExec" : "TaskLogs";
    record.uid = ::getuid();  // The socket is its alone.
    record.address = "unix";
    record.parameters = {{"words", shown_words(*order)}};
    record.resources = {instance};
    record.request_id = random_hex(16);
    record.is_read_only = !is_exec;
    audit.write(std::move(record),
                [self = shared_from_this(), stream, order = *order, to = *host](
                    const Result<void>& written) {
                  if (self->streams.count(stream) == 0) return;
                  if (!written.has_value()) return self->fail(stream, written.error().message);
                  self->dial(stream, order, to);
                });
  }

  void dial(const std::shared_ptr<Stream>& stream, const StreamOrder& order, const Host& host) {
    Result<TlsContext> tls = node_client_tls(member.membership().credentials);
    if (!tls.has_value()) return fail(stream, tls.error().message);
    // A worker's certificate is made for clients: here it answers, and only that node's counts.
    ::SSL_CTX_set_purpose((*tls)->native_handle(), X509_PURPOSE_SSL_CLIENT);
    stream->link = NodeLink::dial(loop, host.at, std::move(*tls), stream_link_limits());
    const std::weak_ptr<Stream> weak = stream;
    const auto greet = [self = shared_from_this(), weak, order, node = host.node] {
      const auto it = weak.lock();
      if (it == nullptr) return;
      const auto& peer = it->link->peer();
      const bool is_it = peer.has_value() && peer->identity.node == node;
      if (!is_it) return self->fail(it, "another node answers at the host's address");
      it->link->send(to_json(order));
      it->is_through = true;
      for (const Json& frame : std::exchange(it->pending, {})) it->link->send(frame);
    };
    const auto take = [self = shared_from_this(), weak](const Json& frame) {
      const auto it = weak.lock();
      if (it == nullptr) return;
      it->client->send(frame);
      if (frame.contains("exit") || frame.contains("error")) self->finish(it);
    };
    const auto end = [self = shared_from_this(), weak, at = host.at](const Error& why) {
      const auto it = weak.lock();
      if (it != nullptr) self->fail(it, fmt::format("host {}: {}", to_text(at), why.message));
    };
    stream->link->start({.on_ready = greet, .on_frame = take, .on_end = end});
  }

  void fail(const std::shared_ptr<Stream>& stream, const std::string& why) {
    stream->client->send({{"error", why}});
    finish(stream);
  }

  void finish(const std::shared_ptr<Stream>& stream) {
    streams.erase(stream);
    stream->client->finish();
    if (stream->link != nullptr) stream->link->close();
  }

  void end(const std::shared_ptr<Stream>& stream) {
    streams.erase(stream);
    if (stream->link != nullptr) stream->link->close();
  }

  boost::asio::io_context& loop;
  const ClusterMember& member;
  TaskStreamOptions options;
  ControlPlane& manager;
  AuditLog& audit;
  RelayListener listener;
  boost::asio::steady_timer pause;
  std::set<std::shared_ptr<Stream>> streams;
};

Result<std::unique_ptr<StreamRelay>> StreamRelay::create(boost::asio::io_context& loop,
                                                         const ClusterMember& member,
                                                         const TaskStreamOptions& options,
                                                         ControlPlane& manager,
                                                         AuditLog& audit) {
  IK_LET(socket, listen_unix(options.socket, SOCK_STREAM));
  auto relay = std::make_shared<Relay>(loop, member, options, manager, audit, std::move(socket));
  return std::unique_ptr<StreamRelay>(new StreamRelay(std::move(relay)));
}

StreamRelay::~StreamRelay() {
  stop();
  ::unlink(relay_->options.socket.c_str());
}

void StreamRelay::start() { relay_->accept(); }

void StreamRelay::stop() {
  error_code ignored;
  relay_->listener.close(ignored);
  relay_->pause.cancel();
  for (const auto& stream : std::exchange(relay_->streams, {})) {
    stream->client->close();
    if (stream->link != nullptr) stream->link->close();
  }
}

}  // namespace ikada
