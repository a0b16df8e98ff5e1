// Tells when tables of ikada's in nftables may have been taken away or emptied, as a restart of a
// firewall does with all of them.
//
// The kernel tells of it at once (net/nft_losses.h). Every few seconds one looks all the same, for
// the case that it cannot tell. What this process changes itself may be told, too.
#pragma once

#include <functional>
#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace ikada {

class TableWatch {
 public:
  // `look` is called on the loop's thread.
  TableWatch(boost::asio::io_context& loop, std::function<void()> look);

  void start();
  void stop();

 private:
  void listen();
  void look_soon();
  void look_later();

  std::function<void()> look_;
  boost::asio::posix::stream_descriptor changes_;
  boost::asio::steady_timer soon_;
  boost::asio::steady_timer later_;
  bool is_started_ = false;
  bool is_looking_soon_ = false;
};

}  // namespace ikada
