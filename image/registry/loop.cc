#include "image/registry/loop.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>

#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>

namespace ikada::registry {
namespace {

constexpr std::chrono::milliseconds kTick{250};
constexpr size_t kStackBytes = size_t{256} << 10;

}  // namespace

Loop::Loop(Serve serve)
    : work_(boost::asio::make_work_guard(context_)), timer_(context_), serve_(std::move(serve)) {
  boost::asio::post(context_, [this] { look_after_clients(); });
}

void Loop::post_client(UniqueFd socket, ConnectedClient who) {
  ++count_;
  boost::asio::post(context_, [this, socket = std::move(socket), who = std::move(who)]() mutable {
    start_client(std::move(socket), std::move(who));
  });
}

void Loop::start_client(UniqueFd socket, ConnectedClient who) {
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  boost::system::error_code error;
  ClientSocket::Tcp::socket connected(context_);
  // Which family does not matter for anything that is done with it.
  connected.assign(ClientSocket::Tcp::v6(), socket.get(), error);
  if (error) {
    --count_;
    return;
  }
  static_cast<void>(socket.release());
  auto client = std::make_shared<ClientSocket>(std::move(connected), std::move(who));
  clients_.insert(client);
  boost::asio::spawn(
      context_,
      std::allocator_arg,
      boost::context::protected_fixedsize_stack(kStackBytes),
      [this, client](const Yield& yield) {
        // Also if a library throws.
        struct Leave {
          Loop& loop;
          const std::shared_ptr<ClientSocket>& client;
          ~Leave() { loop.forget_client(client); }
        };
        const Leave leave{*this, client};
        serve_(*client, yield);
      },
      boost::asio::detached);
}

void Loop::forget_client(const std::shared_ptr<ClientSocket>& client) {
  clients_.erase(client);
  --count_;
  if (is_finishing_ && clients_.empty()) timer_.cancel();
}

void Loop::look_after_clients() {
  if (is_finishing_ && clients_.empty()) return;
  const auto now = ClientSocket::Clock::now();
  for (const auto& client : clients_) client->expire(now);
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code&) { look_after_clients(); });
}

void Loop::post_finish(bool closes_all) {
  boost::asio::post(context_, [this, closes_all] {
    for (const auto& client : clients_) {
      if (closes_all || client->is_idle()) client->close_both();
    }
    is_finishing_ = true;
    work_.reset();
    if (clients_.empty()) timer_.cancel();
  });
}

}  // namespace ikada::registry
