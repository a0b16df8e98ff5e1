// A loop of the server: one thread, its clients, and the clock that ends those who take too long.
//
// Everything but post() and the constructor belongs to the loop's own thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "image/registry/client_socket.h"
#include "runtime/base/unique_fd.h"

namespace ikada::registry {

class Loop {
 public:
  using Serve = std::function<void(ClientSocket&, const Yield&)>;

  // `serve` is called for each client, in a coroutine of its own.
  explicit Loop(Serve serve);

  boost::asio::io_context& context() { return context_; }

  // Runs until finish() and the end of the last client.
  void run() { context_.run(); }

  // From any thread: takes a connected socket.
  void post_client(UniqueFd socket, ConnectedClient who);

  // From any thread: closes the clients that wait for a next request, or all of them, and lets
  // run() return when none is left.
  void post_finish(bool closes_all);

  // From any thread.
  size_t client_count() const { return count_; }

 private:
  void start_client(UniqueFd socket, ConnectedClient who);
  void forget_client(const std::shared_ptr<ClientSocket>& client);
  void look_after_clients();

  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer timer_;
  Serve serve_;
  std::set<std::shared_ptr<ClientSocket>> clients_;
  std::atomic<size_t> count_ = 0;
  bool is_finishing_ = false;
};

}  // namespace ikada::registry
