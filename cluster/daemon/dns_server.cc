#include "cluster/daemon/dns_server.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <random>
#include <set>
#include <utility>

#include <boost/asio/detached.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <spdlog/spdlog.h>

#include "runtime/sys/inet_socket.h"

namespace ikada {
namespace {

namespace server_asio = boost::asio;
using ServerYield = boost::asio::yield_context;
using ServerUdp = boost::asio::ip::udp;
using ServerTcp = boost::asio::ip::tcp;

constexpr std::chrono::milliseconds kDnsPause{100};
constexpr unsigned kSizeBits = 8;

// A socket at an address that need not be there yet.
Result<UniqueFd> open_at(std::uint32_t address, std::uint16_t port, int type) {
  IK_LET(fd, open_inet_socket(AF_INET, type));
  const int on = 1;
  if (::setsockopt(fd.get(), IPPROTO_IP, IP_FREEBIND, &on, sizeof on) != 0) {
    return errno_error("setsockopt IP_FREEBIND");
  }
  if (type == SOCK_STREAM &&
      ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
    return errno_error("setsockopt SO_REUSEADDR");
  }
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(address);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
    return make_error(errno == EADDRINUSE ? ErrorKind::kConflict : ErrorKind::kSystem,
                      "bind {}:{}: {}",
                      format_ipv4(address),
                      port,
                      errno_text(errno));
  }
  if (type == SOCK_STREAM && ::listen(fd.get(), SOMAXCONN) != 0) return errno_error("listen");
  return fd;
}

std::string without_records(const DnsQuestion& question, DnsCode code) {
  DnsAnswer answer;
  answer.code = code;
  answer.is_ours = false;
  return encode_dns_answer(question, answer, 0, kMaxDnsMessage).value_or("");
}

std::uint64_t random_seed() {
  std::random_device source;
  return std::uint64_t{source()} << 32U | source();
}

}  // namespace

struct DnsServer::Server : std::enable_shared_from_this<DnsServer::Server> {
  using Reply = std::function<void(const std::string&)>;

  // Where it listens.
  struct Place {
    Place(server_asio::io_context& loop, UniqueFd udp_fd, UniqueFd tcp_fd, Ipv4Subnet subnet)
        : udp(loop, ServerUdp::v4(), udp_fd.release()),
          tcp(loop, ServerTcp::v4(), tcp_fd.release()),
          clients(subnet) {}

    ServerUdp::socket udp;
    ServerTcp::acceptor tcp;
    Ipv4Subnet clients;
    std::array<char, 4096> buffer{};  // No question is longer.
    ServerUdp::endpoint from;
  };

  Server(server_asio::io_context& io,
         const NameTable& table,
         DnsForwarder& others,
         const DnsServerLimits& given)
      : loop(io), names(table), forwarder(others), limits(given), prng(random_seed()) {}

  void receive(const std::shared_ptr<Place>& place) {
    place->udp.async_receive_from(
        server_asio::buffer(place->buffer),
        place->from,
        [self = shared_from_this(), place](const boost::system::error_code& error, size_t size) {
          if (!place->udp.is_open()) return;
          if (!error) self->take_datagram(place, {place->buffer.data(), size});
          self->receive(place);
        });
  }

  void take_datagram(const std::shared_ptr<Place>& place, std::string_view message) {
    const ServerUdp::endpoint to = place->from;
    if (!place->clients.contains(to.address().to_v4().to_uint())) return;
    handle(message, to.address(), false, [place, to](const std::string& answer) {
      boost::system::error_code ignored;
      if (!answer.empty() && place->udp.is_open()) {
        place->udp.send_to(server_asio::buffer(answer), to, 0, ignored);
      }
    });
  }

  // Calls `reply` once, with nothing for what is not to be answered.
  void handle(std::string_view message,
              const server_asio::ip::address& client,
              bool by_tcp,
              const Reply& reply) {
    const Result<ParsedDnsQuestion> parsed = parse_dns_question(message);
    if (!parsed.has_value()) return reply("");
    const DnsQuestion& question = parsed->question;
    if (parsed->code != DnsCode::kNoError) return reply(without_records(question, parsed->code));
    const std::optional<DnsAnswer> answer = names.answer(question, prng);
    if (!answer.has_value()) return forward(std::string(message), question, client, by_tcp, reply);
    const Result<std::string> bytes = encode_dns_answer(
        question, *answer, kNameTtlSeconds, by_tcp ? kMaxDnsMessage : question.max_bytes);
    reply(bytes.has_value() ? *bytes : without_records(question, DnsCode::kServerFailure));
  }

  void forward(std::string message,
               const DnsQuestion& question,
               const server_asio::ip::address& client,
               bool by_tcp,
               const Reply& reply) {
    if (forwarded[client] >= limits.forwarded_of_client) {
      return reply(without_records(question, DnsCode::kRefused));
    }
    ++forwarded[client];
    forwarder.ask(
        std::move(message),
        by_tcp,
        [self = shared_from_this(), question, client, reply](const std::string& answer) {
          if (--self->forwarded[client] == 0) self->forwarded.erase(client);
          reply(answer.empty() ? without_records(question, DnsCode::kServerFailure) : answer);
        });
  }

  void accept(const std::shared_ptr<Place>& place, const ServerYield& yield) {
    server_asio::steady_timer pause(loop);
    while (place->tcp.is_open()) {
      boost::system::error_code error;
      place->tcp.async_wait(ServerTcp::acceptor::wait_read, yield[error]);
      if (error || !place->tcp.is_open()) return;
      Result<UniqueFd> fd = accept_connection(place->tcp.native_handle());
      if (!fd.has_value()) {
        pause.expires_after(kDnsPause);
        pause.async_wait(yield[error]);
        continue;
      }
      take_connection(*place, std::move(*fd));
    }
  }

  void take_connection(const Place& place, UniqueFd fd) {
    boost::system::error_code error;
    ServerTcp::socket socket(loop, ServerTcp::v4(), fd.release());
    const server_asio::ip::address client = socket.remote_endpoint(error).address();
    if (error || !place.clients.contains(client.to_v4().to_uint())) return;
    if (streams.size() >= limits.connections) return;
    if (connected[client] >= limits.connections_of_client) return;
    ++connected[client];
    auto stream = std::make_shared<boost::beast::tcp_stream>(std::move(socket));
    streams.insert(stream);
    server_asio::spawn(
        loop,
        [self = shared_from_this(), stream, client](const ServerYield& yield) {
          while (!self->is_stopped && self->serve_one(*stream, client, yield)) {
          }
          self->streams.erase(stream);
          if (--self->connected[client] == 0) self->connected.erase(client);
        },
        server_asio::detached);
  }

  // False at the end.
  bool serve_one(boost::beast::tcp_stream& stream,
                 const server_asio::ip::address& client,
                 const ServerYield& yield) {
    boost::system::error_code error;
    std::array<unsigned char, 2> head{};
    stream.expires_after(limits.idle);
    server_asio::async_read(stream, server_asio::buffer(head), yield[error]);
    if (error) return false;
    std::string message(size_t{head[0]} << kSizeBits | head[1], '\0');
    server_asio::async_read(stream, server_asio::buffer(message), yield[error]);
    if (error || is_stopped) return false;
    const std::string answer = server_asio::async_initiate<const ServerYield, void(std::string)>(
        [&](auto handler) {
          auto shared = std::make_shared<decltype(handler)>(std::move(handler));
          handle(message, client, true, [shared](const std::string& bytes) {
            server_asio::post(shared->get_executor(),
                              [shared, bytes] { std::move (*shared)(bytes); });
          });
        },
        yield);
    if (answer.empty() || answer.size() > kMaxDnsMessage) return false;
    const std::array<char, 2> size = {static_cast<char>(answer.size() >> kSizeBits),
                                      static_cast<char>(answer.size())};
    const std::string framed = std::string(size.data(), size.size()) + answer;
    stream.expires_after(limits.idle);
    server_asio::async_write(stream, server_asio::buffer(framed), yield[error]);
    return !error;
  }

  server_asio::io_context& loop;
  const NameTable& names;
  DnsForwarder& forwarder;
  DnsServerLimits limits;
  Prng prng;
  std::map<std::uint32_t, std::shared_ptr<Place>> places;
  std::map<server_asio::ip::address, size_t> forwarded;  // Open ones, by client; as the next.
  std::map<server_asio::ip::address, size_t> connected;
  std::set<std::shared_ptr<boost::beast::tcp_stream>> streams;
  bool is_stopped = false;
};

DnsServer::DnsServer(boost::asio::io_context& loop,
                     const NameTable& names,
                     DnsForwarder& forwarder,
                     const DnsServerLimits& limits)
    : server_(std::make_shared<Server>(loop, names, forwarder, limits)) {}

DnsServer::~DnsServer() { stop(); }

Result<void> DnsServer::listen(std::uint32_t address,
                               const Ipv4Subnet& clients,
                               std::uint16_t port) {
  if (server_->places.count(address) > 0) return {};
  IK_LET(udp, open_at(address, port, SOCK_DGRAM));
  IK_LET(tcp, open_at(address, port, SOCK_STREAM));
  auto place =
      std::make_shared<Server::Place>(server_->loop, std::move(udp), std::move(tcp), clients);
  server_->places[address] = place;
  server_->receive(place);
  server_asio::spawn(
      server_->loop,
      [server = server_, place](const ServerYield& yield) { server->accept(place, yield); },
      server_asio::detached);
  return {};
}

void DnsServer::close(std::uint32_t address) {
  const auto place = server_->places.find(address);
  if (place == server_->places.end()) return;
  boost::system::error_code ignored;
  place->second->udp.close(ignored);
  place->second->tcp.close(ignored);
  server_->places.erase(place);
}

void DnsServer::stop() {
  server_->is_stopped = true;
  while (!server_->places.empty()) close(server_->places.begin()->first);
  for (const auto& stream : server_->streams) stream->close();
}

}  // namespace ikada
