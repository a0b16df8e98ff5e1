#include "cluster/daemon/table_watch.h"

#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "net/nft_losses.h"

namespace ikada {
namespace {

// Whoever makes a table anew takes it away and brings it back in one step, often several together.
constexpr std::chrono::milliseconds kTogether{50};
constexpr std::chrono::seconds kLookAgain{5};

}  // namespace

TableWatch::TableWatch(boost::asio::io_context& loop, std::function<void()> look)
    : look_(std::move(look)), changes_(loop), soon_(loop), later_(loop) {}

void TableWatch::start() {
  if (std::exchange(is_started_, true)) return;
  Result<UniqueFd> opened = open_nft_changes();
  if (opened.has_value()) {
    changes_.assign(opened->release());
    listen();
  } else {
    spdlog::warn("changes of nftables: {}, looking every few seconds", opened.error().message);
  }
  look_later();
}

void TableWatch::stop() {
  boost::system::error_code ignored;
  changes_.close(ignored);
  soon_.cancel();
  later_.cancel();
}

void TableWatch::listen() {
  changes_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this](const boost::system::error_code& error) {
                        if (error) return;
                        const Result<bool> has_lost = take_nft_losses(changes_.native_handle());
                        if (!has_lost.has_value()) {
                          return spdlog::warn("changes of nftables: {}, looking every few seconds",
                                              has_lost.error().message);
                        }
                        if (*has_lost) look_soon();
                        listen();
                      });
}

void TableWatch::look_soon() {
  if (std::exchange(is_looking_soon_, true)) return;
  soon_.expires_after(kTogether);
  soon_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    is_looking_soon_ = false;
    look_();
  });
}

void TableWatch::look_later() {
  later_.expires_after(kLookAgain);
  later_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    look_();
    look_later();
  });
}

}  // namespace ikada
