#include "cluster/registry/node_tunnels.h"

#include <sys/socket.h>

#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "cluster/http/byte_pump.h"

namespace ikada {
namespace {

namespace asio = boost::asio;
using Tunnel = asio::ssl::stream<boost::beast::tcp_stream>;

constexpr std::chrono::seconds kConnectPatience{3};

// A TLS connection to the first that answers; null if none does.
std::unique_ptr<Tunnel> open_tunnel(asio::io_context& loop,
                                    const std::vector<asio::ip::tcp::endpoint>& managers,
                                    asio::ssl::context& tls,
                                    const asio::yield_context& yield) {
  for (const asio::ip::tcp::endpoint& each : managers) {
    auto tunnel = std::make_unique<Tunnel>(loop, tls);
    boost::beast::tcp_stream& lowest = boost::beast::get_lowest_layer(*tunnel);
    boost::system::error_code error;
    lowest.expires_after(kConnectPatience);
    lowest.async_connect(each, yield[error]);
    if (!error) tunnel->async_handshake(asio::ssl::stream_base::client, yield[error]);
    if (error) continue;
    lowest.expires_never();
    return tunnel;
  }
  return nullptr;
}

}  // namespace

struct NodeTunnels::Shaft {
  asio::io_context loop{1};
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(loop);
  std::thread thread = std::thread([this] { loop.run(); });
};

NodeTunnels::NodeTunnels() : shaft_(std::make_unique<Shaft>()) {}

NodeTunnels::~NodeTunnels() {
  shaft_->loop.stop();
  shaft_->thread.join();
}

void NodeTunnels::carry(UniqueFd socket,
                        std::vector<asio::ip::tcp::endpoint> managers,
                        TlsContext tls) {
  asio::io_context& loop = shaft_->loop;
  asio::post(loop,
             [&loop,
              socket = std::move(socket),
              managers = std::move(managers),
              tls = std::move(tls)]() mutable {
               using Protocol = asio::generic::stream_protocol;
               auto inner =
                   std::make_shared<Protocol::socket>(loop, Protocol(AF_UNIX, 0), socket.release());
               asio::spawn(
                   loop,
                   [&loop, inner, managers = std::move(managers), tls = std::move(tls)](
                       const asio::yield_context& yield) {
                     const std::unique_ptr<Tunnel> tunnel =
                         open_tunnel(loop, managers, *tls, yield);
                     if (tunnel == nullptr) return;
                     pump_both_ways(
                         loop,
                         *tunnel,
                         *inner,
                         [&] { boost::beast::get_lowest_layer(*tunnel).cancel(); },
                         yield);
                   },
                   asio::detached);
             });
}

}  // namespace ikada
