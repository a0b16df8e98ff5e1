// A client's connection: its socket, and waiting for it with patience.
//
// Belongs to one loop's thread. When the client's time is up, the loop calls expire(), and whoever
// waits gets an error.
#pragma once

#include <string>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/spawn.hpp>

#include "image/registry/patience.h"
#include "runtime/base/result.h"

namespace ikada::registry {

using Yield = boost::asio::yield_context;

// Who is at the other end, and what has been read of them already.
struct ConnectedClient {
  std::string address;           // "192.0.2.1".
  std::string name = {};         // RequestHead::peer_name of all that is asked.
  std::string early_bytes = {};  // The beginning of the first request.
};

class ClientSocket {
 public:
  using Tcp = boost::asio::ip::tcp;
  using Clock = Patience::Clock;

  // `socket` does not block.
  ClientSocket(Tcp::socket socket, ConnectedClient client)
      : socket_(std::move(socket)), client_(std::move(client)) {}

  int fd() { return socket_.native_handle(); }
  Tcp::socket::executor_type executor() { return socket_.get_executor(); }
  const std::string& peer() const { return client_.address; }
  const std::string& peer_name() const { return client_.name; }
  std::string take_early_bytes() { return std::exchange(client_.early_bytes, {}); }
  Patience& patience() { return patience_; }

  // kUnavailable if the time is up or the connection is closed by us.
  Result<void> wait_readable(const Yield& yield) { return wait(Tcp::socket::wait_read, yield); }
  Result<void> wait_writable(const Yield& yield) { return wait(Tcp::socket::wait_write, yield); }

  // Ends the connection if it has kept us waiting too long.
  void expire(Clock::time_point now) {
    if (now >= deadline_) close_both();
  }

  // Whether it waits for a next request; such a connection may be closed at any time.
  bool is_idle() const { return is_idle_; }
  void set_idle(bool is_idle) { is_idle_ = is_idle; }

  // Nothing is sent or received any more; whoever waits gets an error.
  void close_both();

 private:
  Result<void> wait(Tcp::socket::wait_type what, const Yield& yield);

  Tcp::socket socket_;
  ConnectedClient client_;
  Patience patience_;
  Clock::time_point deadline_ = Clock::time_point::max();
  bool is_idle_ = false;
};

}  // namespace ikada::registry
