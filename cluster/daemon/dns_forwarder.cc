#include "cluster/daemon/dns_forwarder.h"

#include <array>
#include <random>
#include <utility>

#include <boost/asio/detached.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "net/dns_message.h"
#include "runtime/sys/inet_socket.h"

namespace ikada {
namespace {

namespace dns_asio = boost::asio;
using DnsYield = boost::asio::yield_context;
using Udp = boost::asio::ip::udp;
using DnsTcp = boost::asio::ip::tcp;

constexpr int kRounds = 2;
constexpr unsigned kDnsByteBits = 8;

std::uint16_t random_id() {
  std::random_device source;
  return static_cast<std::uint16_t>(source());
}

}  // namespace

struct DnsForwarder::Asking : std::enable_shared_from_this<DnsForwarder::Asking> {
  Asking(dns_asio::io_context& io, DnsForwarderOptions given)
      : loop(io), options(std::move(given)) {}

  void begin(std::string query, bool by_tcp, Answered then) {
    if (open >= options.max_open || is_stopped) return then("");
    ++open;
    dns_asio::spawn(
        loop,
        [self = shared_from_this(), query = std::move(query), by_tcp, then = std::move(then)](
            const DnsYield& yield) {
          std::string answer = self->ask_all(query, by_tcp, yield);
          --self->open;
          if (!self->is_stopped) then(std::move(answer));
        },
        dns_asio::detached);
  }

  std::string ask_all(const std::string& query, bool by_tcp, const DnsYield& yield) {
    const std::uint16_t id = dns_message_id(query);
    const std::vector<std::string> resolvers = options.find_resolvers();
    for (int round = 0; round < kRounds; ++round) {
      for (const std::string& each : resolvers) {
        boost::system::error_code error;
        const auto address = dns_asio::ip::make_address(each, error);
        if (error || is_stopped) continue;
        std::string sent = query;
        set_dns_message_id(sent, random_id());
        std::string answer =
            by_tcp ? ask_by_tcp(sent, address, yield) : ask_by_udp(sent, address, yield);
        if (answer.empty()) continue;
        set_dns_message_id(answer, id);
        return answer;
      }
    }
    return "";
  }

  std::string ask_by_udp(const std::string& sent,
                         const dns_asio::ip::address& address,
                         const DnsYield& yield) const {
    boost::system::error_code error;
    const Udp::endpoint to(address, options.port);
    Result<UniqueFd> fd = open_inet_socket(to.protocol().family(), SOCK_DGRAM);
    if (!fd.has_value()) return "";
    Udp::socket socket(loop, to.protocol(), fd->release());
    // Connected: only what comes from there is heard, and a port that nobody listens on is told.
    socket.connect(to, error);
    if (!error) socket.send(dns_asio::buffer(sent), 0, error);
    if (error) return "";
    dns_asio::steady_timer timer(loop, options.patience);
    const auto is_over = std::make_shared<bool>(false);
    timer.async_wait([&socket, is_over](const boost::system::error_code& cancelled) {
      boost::system::error_code ignored;
      if (!cancelled && !*is_over) socket.cancel(ignored);
    });
    std::string answer;
    while (!error && answer.empty()) {
      std::string bytes(kMaxDnsMessage, '\0');
      const size_t size = socket.async_receive(dns_asio::buffer(bytes), yield[error]);
      bytes.resize(error ? 0 : size);
      if (!error && answers_dns_query(bytes, sent)) answer = std::move(bytes);
    }
    *is_over = true;
    return answer;
  }

  std::string ask_by_tcp(const std::string& sent,
                         const dns_asio::ip::address& address,
                         const DnsYield& yield) const {
    boost::system::error_code error;
    const DnsTcp::endpoint to(address, options.port);
    Result<UniqueFd> fd = open_inet_socket(to.protocol().family(), SOCK_STREAM);
    if (!fd.has_value()) return "";
    boost::beast::tcp_stream stream(DnsTcp::socket(loop, to.protocol(), fd->release()));
    stream.expires_after(options.patience);
    stream.async_connect(to, yield[error]);
    if (error) return "";
    const std::array<char, 2> size = {static_cast<char>(sent.size() >> kDnsByteBits),
                                      static_cast<char>(sent.size())};
    const std::string framed = std::string(size.data(), size.size()) + sent;
    dns_asio::async_write(stream, dns_asio::buffer(framed), yield[error]);
    std::array<unsigned char, 2> head{};
    if (!error) dns_asio::async_read(stream, dns_asio::buffer(head), yield[error]);
    if (error) return "";
    std::string answer(size_t{head[0]} << kDnsByteBits | head[1], '\0');
    dns_asio::async_read(stream, dns_asio::buffer(answer), yield[error]);
    return !error && answers_dns_query(answer, sent) ? answer : "";
  }

  dns_asio::io_context& loop;
  DnsForwarderOptions options;
  size_t open = 0;
  bool is_stopped = false;
};

DnsForwarder::DnsForwarder(boost::asio::io_context& loop, DnsForwarderOptions options)
    : asking_(std::make_shared<Asking>(loop, std::move(options))) {}

DnsForwarder::~DnsForwarder() { stop(); }

void DnsForwarder::ask(std::string query, bool by_tcp, Answered then) {
  asking_->begin(std::move(query), by_tcp, std::move(then));
}

void DnsForwarder::stop() { asking_->is_stopped = true; }

}  // namespace ikada
