#include <algorithm>
#include <utility>

#include <boost/asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include "cluster/daemon/task_streams.h"
#include "cluster/node/node_tls.h"
#include "cluster/node/uplink.h"
#include "runtime/base/random_id.h"
#include "runtime/sys/inet_socket.h"

namespace ikada {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

constexpr size_t kMaxStreams = 128;
constexpr size_t kMaxStrangers = 64;
constexpr size_t kMaxStrangersOfOneAddress = 8;
constexpr std::chrono::milliseconds kStreamPause{100};
constexpr std::chrono::seconds kFarewell{5};

}  // namespace

NodeLinkLimits stream_link_limits() {
  return {.stranger_frame_bytes = 1024, .frame_bytes = 1U << 20, .queued_bytes = size_t{8} << 20};
}

struct StreamServer::Server : std::enable_shared_from_this<StreamServer::Server> {
  Server(boost::asio::io_context& io,
         const ClusterMember& its_member,
         TaskStreamOptions given,
         AuditLog& log)
      : loop(io),
        member(its_member),
        options(std::move(given)),
        audit(log),
        acceptor(io),
        pause(io) {}

  struct Stream {
    std::shared_ptr<NodeLink> link;
    std::shared_ptr<StreamProcess> process;
    bool is_over = false;  // The last has been said.
  };

  Result<void> listen() {
    const bool is_v6 = member.membership().address.find(':') != std::string::npos;
    IK_LET(at, parse_node_endpoint(fmt::format("{}:{}", is_v6 ? "[::]" : "0.0.0.0", options.port)));
    IK_LET(fd, open_inet_socket(at.protocol().family(), SOCK_STREAM));
    error_code error;
    acceptor.assign(at.protocol(), fd.release(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(at, error);
    if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
    if (!error) return {};
    return make_error(
        error == boost::asio::error::address_in_use ? ErrorKind::kConflict : ErrorKind::kSystem,
        "listen on {}: {}",
        to_text(at),
        error.message());
  }

  void accept() {
    acceptor.async_wait(tcp::acceptor::wait_read,
                        [self = shared_from_this()](const error_code& error) {
                          if (error || !self->acceptor.is_open()) return;
                          Result<UniqueFd> fd = accept_connection(self->acceptor.native_handle());
                          if (fd.has_value()) self->take(std::move(*fd));
                          if (fd.has_value() || fd.error().kind == ErrorKind::kUnavailable)
                            return self->accept();
                          self->pause.expires_after(kStreamPause);
                          self->pause.async_wait([self](const error_code& cancelled) {
                            if (!cancelled) self->accept();
                          });
                        });
  }

  // Whoever does not show a certificate in time, or shows the wrong one, takes no manager's place.
  bool has_room_for(const boost::asio::ip::address& address) const {
    const auto of_address = std::ranges::count_if(
        strangers, [&](const auto& each) { return each->link->remote().address() == address; });
    return strangers.size() < kMaxStrangers &&
           static_cast<size_t>(of_address) < kMaxStrangersOfOneAddress;
  }

  void take(UniqueFd fd) {
    Result<TlsContext> tls = node_server_tls(member.membership().credentials);
    error_code error;
    const auto local = acceptor.local_endpoint(error);
    tcp::socket socket(loop);
    if (!error) socket.assign(local.protocol(), fd.get(), error);
    if (error || !tls.has_value()) return;
    static_cast<void>(fd.release());
    const boost::asio::ip::address address = socket.remote_endpoint(error).address();
    if (error || !has_room_for(address)) return;
    auto stream = std::make_shared<Stream>();
    stream->link = NodeLink::accept(std::move(socket), std::move(*tls), stream_link_limits());
    strangers.insert(stream);
    const std::weak_ptr<Stream> weak = stream;
    const auto then = [self = shared_from_this(), weak](auto work) {
      if (const std::shared_ptr<Stream> it = weak.lock()) work(*self, it);
    };
    stream->link->start(
        {.on_ready = [then] { then([](Server& self, const auto& it) { self.greet(it); }); },
         .on_frame =
             [then](const Json& frame) {
               then([&](Server& self, const auto& it) { self.hear(it, frame); });
             },
         .on_end =
             [then](const Error&) { then([](Server& self, const auto& it) { self.end(it); }); }});
  }

  // Only a manager may run anything here.
  void greet(const std::shared_ptr<Stream>& stream) {
    strangers.erase(stream);
    const auto& peer = stream->link->peer();
    const bool is_manager = peer.has_value() && peer->identity.role == auth::NodeRole::kManager;
    if (is_manager && streams.size() >= kMaxStreams) {
      return refuse(stream, make_error(ErrorKind::kUnavailable, "too many logs and commands"));
    }
    if (is_manager && member.knows_manager(peer->identity)) {
      streams.insert(stream);
      return;
    }
    spdlog::warn("stream refused address={} node={}",
                 to_text(stream->link->remote()),
                 peer.has_value() ? peer->identity.node : "");
    if (!is_manager) return stream->link->close();
    refuse(stream, make_error(ErrorKind::kDenied, "this host knows of no such manager"));
  }

  void hear(const std::shared_ptr<Stream>& stream, const Json& frame) {
    if (streams.count(stream) == 0 || stream->is_over) return;
    if (stream->process != nullptr) return stream->process->take(frame);
    const Result<StreamOrder> order = parse_stream_order(frame);
    if (!order.has_value()) return refuse(stream, order.error());
    const Result<std::string> resource = find_resource(*order);
    if (!resource.has_value()) return refuse(stream, resource.error());
    if (order->is_change() && !audit.accepts_changes()) {
      return refuse(stream,
                    make_error(ErrorKind::kUnavailable,
                               "the audit log of that host has no room on its disk"));
    }
    note(*stream, *order, *resource);
    run(stream, *order);
  }

  // For the audit log: the task whose container it is, or the log store.
  Result<std::string> find_resource(const StreamOrder& order) const {
    if (order.is_log_question()) return std::string(kLogStoreWord);
    IK_LET(container, find_ordered_container(order.words));
    return options.find_task(container);
  }

  void note(const Stream& stream, const StreamOrder& order, const std::string& resource) {
    AuditRecord record;
    record.source = "ikadad";
    record.name = order.is_exec() ? "TaskExec" : order.is_log_question() ? "LogStore" : "TaskLogs";
    record.principal = "node/" + stream.link->peer()->identity.node;
    record.address = stream.link->remote().address().to_string();
    record.parameters = {{"words", shown_words(order)}};
    record.resources = {resource};
    record.request_id = random_hex(16);
    record.is_read_only = !order.is_change();
    audit.write(std::move(record), nullptr);
  }

  void run(const std::shared_ptr<Stream>& stream, const StreamOrder& order) {
    const std::weak_ptr<Stream> weak = stream;
    Result<std::shared_ptr<StreamProcess>> process = StreamProcess::start(
        loop, options.command, order, [self = shared_from_this(), weak](const Json& said) {
          const std::shared_ptr<Stream> to = weak.lock();
          if (to == nullptr) return;
          to->link->send(said);
          if (said.contains("exit") || said.contains("error")) self->await_end(to);
        });
    if (!process.has_value()) return refuse(stream, process.error());
    stream->process = std::move(*process);
  }

  void refuse(const std::shared_ptr<Stream>& stream, const Error& why) {
    streams.insert(stream);
    stream->link->send({{"error", why.message}});
    await_end(stream);
  }

  // The manager closes when it has heard the last: were it done here what is still on its way from
  // there would reset the connection, and the last be lost.
  void await_end(const std::shared_ptr<Stream>& stream) {
    stream->is_over = true;
    auto timer = std::make_shared<boost::asio::steady_timer>(loop, kFarewell);
    const std::weak_ptr<Stream> weak = stream;
    timer->async_wait([self = shared_from_this(), weak, timer](const error_code&) {
      const std::shared_ptr<Stream> it = weak.lock();
      if (it == nullptr || self->streams.erase(it) == 0) return;
      it->link->close();
    });
  }

  void end(const std::shared_ptr<Stream>& stream) {
    strangers.erase(stream);
    if (streams.erase(stream) == 0) return;
    if (stream->process != nullptr) stream->process->abandon();
  }

  boost::asio::io_context& loop;
  const ClusterMember& member;
  TaskStreamOptions options;
  AuditLog& audit;
  tcp::acceptor acceptor;
  boost::asio::steady_timer pause;
  std::set<std::shared_ptr<Stream>> strangers;  // Their handshake is not done.
  std::set<std::shared_ptr<Stream>> streams;
};

Result<std::unique_ptr<StreamServer>> StreamServer::create(boost::asio::io_context& loop,
                                                           const ClusterMember& member,
                                                           const TaskStreamOptions& options,
                                                           AuditLog& audit) {
  auto server = std::make_shared<Server>(loop, member, options, audit);
  IK_TRY(server->listen());
  return std::unique_ptr<StreamServer>(new StreamServer(std::move(server)));
}

StreamServer::~StreamServer() { stop(); }

void StreamServer::start() { server_->accept(); }

void StreamServer::stop() {
  error_code ignored;
  server_->acceptor.close(ignored);
  server_->pause.cancel();
  for (const auto& stream : std::exchange(server_->strangers, {})) stream->link->close();
  for (const auto& stream : std::exchange(server_->streams, {})) {
    stream->link->close();
    if (stream->process != nullptr) stream->process->abandon();
  }
}

}  // namespace ikada
