// Bytes both ways between two streams of one loop, until both have no more to say.
#pragma once

#include <functional>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

namespace ikada {

// Until there is no more to read, or nobody to write to.
template <typename From, typename To>
void pump(From& from, To& to, const boost::asio::yield_context& yield) {
  constexpr size_t kPieceBytes = size_t{64} << 10;
  std::vector<char> piece(kPieceBytes);
  boost::system::error_code error;
  while (true) {
    const size_t count = from.async_read_some(boost::asio::buffer(piece), yield[error]);
    if (error) return;
    boost::asio::async_write(to, boost::asio::buffer(piece.data(), count), yield[error]);
    if (error) return;
  }
}

// `inner` is a socket; when it has no more to say, `cancel_outer` ends what waits for the other.
// Returns when neither is used any more.
template <typename Outer, typename Inner>
void pump_both_ways(boost::asio::io_context& loop,
                    Outer& outer,
                    Inner& inner,
                    const std::function<void()>& cancel_outer,
                    const boost::asio::yield_context& yield) {
  boost::asio::steady_timer back(loop, boost::asio::steady_timer::time_point::max());
  bool is_back_over = false;
  boost::asio::spawn(
      loop,
      [&](const boost::asio::yield_context& own) {
        pump(inner, outer, own);
        is_back_over = true;
        cancel_outer();
        back.cancel();
      },
      boost::asio::detached);
  pump(outer, inner, yield);
  boost::system::error_code error;
  inner.shutdown(Inner::shutdown_send, error);
  // Set by the other coroutine. NOLINTNEXTLINE(bugprone-infinite-loop)
  while (!is_back_over) back.async_wait(yield[error]);
}

}  // namespace ikada
