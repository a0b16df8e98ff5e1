// JSON values over a connected stream socket of this host, each behind four bytes of length (big
// endian), as they go over a NodeLink between hosts.
//
// A peer that reads too slowly, or sends what is no such frame, is cut off. All calls and callbacks
// are on the loop's thread. It keeps itself alive from start() to its end.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include "runtime/base/json.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

class FrameSocket : public std::enable_shared_from_this<FrameSocket> {
 public:
  struct Listener {
    std::function<void(const Json& frame)> on_frame;
    std::function<void()> on_end;  // Once, unless close() came first.
  };

  // Of a unix socket.
  static std::shared_ptr<FrameSocket> adopt(boost::asio::io_context& loop, UniqueFd fd);

  void start(Listener listener);
  void set_listener(Listener listener) { listener_ = std::move(listener); }
  void send(const Json& frame);
  // What was sent before still goes out.
  void finish();
  void close();

 private:
  explicit FrameSocket(boost::asio::local::stream_protocol::socket socket)
      : socket_(std::move(socket)) {}

  void read_size();
  void read_frame(std::uint32_t size);
  void write_next();
  void end();

  boost::asio::local::stream_protocol::socket socket_;
  Listener listener_;
  std::array<unsigned char, 4> size_{};
  std::string frame_;
  std::deque<std::string> to_write_;
  size_t queued_bytes_ = 0;
  bool is_writing_ = false;
  bool is_finishing_ = false;
  bool is_over_ = false;
};

}  // namespace ikada
