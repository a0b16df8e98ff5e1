#include "cluster/registry/peer_exchange.h"

#include <algorithm>
#include <vector>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/spawn.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fmt/core.h>

namespace ikada {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using PeerStream = asio::ssl::stream<beast::tcp_stream>;
using Parser = http::response_parser<http::buffer_body>;

constexpr std::chrono::seconds kGreetingPatience{2};
constexpr std::chrono::seconds kSilencePatience{3};
// A piece within a time: one byte now and then would keep us for ever.
constexpr std::chrono::seconds kPiecePatience{10};
constexpr std::chrono::milliseconds kLookInterval{200};
constexpr std::size_t kPieceBytes = std::size_t{64} << 10;
constexpr unsigned kPeerHttp11 = 11;
constexpr unsigned kPeerOk = 200;
constexpr unsigned kPeerPartial = 206;

class PeerExchange {
 public:
  PeerExchange(const PeerRequest& wish, const PeerSink& sink, PeerAnswer& answer)
      : wish_(wish), sink_(sink), answer_(answer), stream_(loop_, *wish.tls) {}

  void run() {
    asio::spawn(
        loop_,
        [this](const asio::yield_context& yield) {
          exchange(yield);
          is_over_ = true;
          watch_.cancel();
        },
        asio::detached);
    // Beast reads as much as there is room for; at first that is 512 bytes.
    buffer_.reserve(kPieceBytes);
    if (wish_.is_cancelled != nullptr) look_again();
    loop_.run();
  }

 private:
  beast::tcp_stream& lowest() { return beast::get_lowest_layer(stream_); }

  void look_again() {
    watch_.expires_after(kLookInterval);
    watch_.async_wait([this](const beast::error_code& error) {
      if (error || is_over_) return;
      if (*wish_.is_cancelled) return lowest().close();
      look_again();
    });
  }

  void exchange(const asio::yield_context& yield) {
    beast::error_code error;
    const auto address = asio::ip::make_address(wish_.address, error);
    if (error) return;
    lowest().expires_after(kGreetingPatience);
    lowest().async_connect(asio::ip::tcp::endpoint(address, wish_.port), yield[error]);
    if (!error) stream_.async_handshake(asio::ssl::stream_base::client, yield[error]);
    if (error) return;
    http::request<http::empty_body> request(
        http::string_to_verb(wish_.method), wish_.target, kPeerHttp11);
    request.set(http::field::host, "node");
    request.prepare_payload();
    if (wish_.offset > 0) {
      request.set(http::field::range, fmt::format("bytes={}-", wish_.offset));
    }
    http::async_write(stream_, request, yield[error]);
    if (error) return;
    Parser parser;
    parser.body_limit(boost::none);
    lowest().expires_after(wish_.patience);
    http::async_read_header(stream_, buffer_, parser, yield[error]);
    if (error) return;
    answer_.status = parser.get().result_int();
    if (is_right(parser)) take_body(parser, yield);
  }

  bool is_right(const Parser& parser) const {
    if (answer_.status != (wish_.offset > 0 ? kPeerPartial : kPeerOk)) return false;
    if (!parser.content_length().has_value()) return false;
    return !wish_.size_bytes.has_value() ||
           *parser.content_length() == *wish_.size_bytes - wish_.offset;
  }

  void take_body(Parser& parser, const asio::yield_context& yield) {
    std::vector<char> piece(kPieceBytes);
    while (!parser.is_done()) {
      beast::error_code error;
      const size_t count = read_piece(parser, piece, error, yield);
      if (count > 0 && !take(std::string_view(piece.data(), count))) return;
      if (error) return;
    }
    answer_.is_whole = true;
  }

  // Until it is full, or the body ends; how many bytes.
  size_t read_piece(Parser& parser,
                    std::vector<char>& piece,
                    beast::error_code& error,
                    const asio::yield_context& yield) {
    using Clock = std::chrono::steady_clock;
    parser.get().body().data = piece.data();
    parser.get().body().size = piece.size();
    const Clock::time_point give_up_at = Clock::now() + kPiecePatience;
    while (!error && !parser.is_done() && parser.get().body().size > 0) {
      const Clock::time_point silent_at = Clock::now() + kSilencePatience;
      lowest().expires_at(std::min(silent_at, give_up_at));
      http::async_read_some(stream_, buffer_, parser, yield[error]);
      if (error == http::error::need_buffer) error = {};
    }
    return piece.size() - parser.get().body().size;
  }

  bool take(std::string_view bytes) {
    const Result<void> taken = sink_(bytes);
    if (!taken.has_value()) {
      answer_.sink_error = taken.error();
      return false;
    }
    answer_.bytes += bytes.size();
    return true;
  }

  const PeerRequest& wish_;
  const PeerSink& sink_;
  PeerAnswer& answer_;
  asio::io_context loop_{1};
  asio::steady_timer watch_{loop_};
  bool is_over_ = false;
  PeerStream stream_;
  beast::flat_buffer buffer_;
};

}  // namespace

PeerAnswer exchange_with_peer(const PeerRequest& request, const PeerSink& sink) {
  PeerAnswer answer;
  if (request.tls != nullptr) PeerExchange(request, sink, answer).run();
  return answer;
}

}  // namespace ikada
