// One TLS connection between two hosts: JSON values both ways, in order, each behind four bytes of
// length (big endian).
//
// Either side sends {"ping":{}} when it has been silent for a while, so that a link on which
// nothing has come for `silence_limit` is dead. A peer without a certificate gets no more memory
// than a small frame needs. Pings are not passed on.
//
// All calls and callbacks are on the loop's thread. A link keeps itself alive from start() to its
// end.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include "cluster/node/frame_link.h"
#include "cluster/node/node_tls.h"

namespace ikada {

struct NodeLinkLimits {
  std::chrono::milliseconds ping_after{1000};
  std::chrono::milliseconds silence_limit{5000};  // For the handshake, too.
  std::uint32_t stranger_frame_bytes = 64U << 10;
  std::uint32_t frame_bytes = 64U << 20;
  size_t queued_bytes = size_t{256} << 20;  // A peer that reads too slowly is cut off.
};

class NodeLink final : public FrameLink, public std::enable_shared_from_this<NodeLink> {
 public:
  using Endpoint = boost::asio::ip::tcp::endpoint;
  using Socket = boost::asio::ip::tcp::socket;

  // Of a connection that somebody made to us.
  static std::shared_ptr<NodeLink> accept(Socket socket,
                                          TlsContext context,
                                          const NodeLinkLimits& limits);
  // Of one that is still to be made.
  static std::shared_ptr<NodeLink> dial(boost::asio::io_context& loop,
                                        const Endpoint& to,
                                        TlsContext context,
                                        const NodeLinkLimits& limits);
  ~NodeLink() override;
  NodeLink(const NodeLink&) = delete;
  NodeLink& operator=(const NodeLink&) = delete;

  // When it is ready, the handshake is done and peer() is set.
  void start(Listener listener);
  // For what comes from now on.
  void set_listener(Listener listener);
  void send(const Json& frame) override;
  void finish() override;
  void close() override;

  // Who the other is; nothing for a host that has not joined yet.
  const std::optional<auth::CertificateFacts>& peer() const { return peer_; }
  // The authority's certificate that a server sent.
  std::string authority();
  const Endpoint& remote() const { return remote_; }
  // Our own end's, without port.
  std::string local_address();

 private:
  NodeLink(Socket socket, TlsContext context, bool is_server, const NodeLinkLimits& limits);

  void shake_hands();
  void read_size();
  void read_frame(std::uint32_t size);
  void take_frame();
  void write_next();
  void watch();
  void end(const Error& why);

  TlsContext context_;
  boost::asio::ssl::stream<Socket> stream_;
  boost::asio::steady_timer timer_;
  NodeLinkLimits limits_;
  Listener listener_;
  Endpoint remote_;
  bool is_server_ = false;
  bool is_ready_ = false;
  bool is_over_ = false;
  bool is_finishing_ = false;
  std::optional<auth::CertificateFacts> peer_;
  std::array<unsigned char, 4> size_{};
  std::string frame_;
  std::deque<std::string> to_write_;
  size_t queued_bytes_ = 0;
  bool is_writing_ = false;
  std::chrono::steady_clock::time_point heard_;
  std::chrono::steady_clock::time_point said_;
};

}  // namespace ikada
