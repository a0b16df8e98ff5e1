#include <errno.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>

#include <boost/asio/post.hpp>

#include "image/registry/transport.h"

namespace ikada::registry {
namespace {

// After so much in one go other connections of the loop have their turn.
constexpr std::uint64_t kTurnBytes = std::uint64_t{4} << 20;

bool would_wait() { return errno == EAGAIN || errno == EWOULDBLOCK; }

Error broken(std::string_view call) {
  return make_error(ErrorKind::kUnavailable, "{}: {}", call, errno_text(errno));
}

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(ClientSocket& socket) : socket_(socket) {}

  Result<size_t> read_some(std::span<char> out, const Yield& yield) override {
    while (true) {
      const ssize_t count = ::recv(socket_.fd(), out.data(), out.size(), MSG_DONTWAIT);
      if (count >= 0) {
        socket_.patience().moved(static_cast<std::uint64_t>(count));
        return static_cast<size_t>(count);
      }
      if (errno == EINTR) continue;
      if (!would_wait()) return broken("recv");
      IK_TRY(socket_.wait_readable(yield));
    }
  }

  Result<void> write_all(std::string_view bytes, bool more, const Yield& yield) override {
    const int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0);
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_.fd(), bytes.data(), bytes.size(), flags);
      if (count >= 0) {
        socket_.patience().moved(static_cast<std::uint64_t>(count));
        bytes.remove_prefix(static_cast<size_t>(count));
        continue;
      }
      if (errno == EINTR) continue;
      if (!would_wait()) return broken("send");
      IK_TRY(socket_.wait_writable(yield));
    }
    return {};
  }

  Result<void> send_file(int file,
                         std::uint64_t offset,
                         std::uint64_t size_bytes,
                         const Yield& yield) override {
    auto position = static_cast<off_t>(offset);
    std::uint64_t turn = 0;
    while (size_bytes > 0) {
      const ssize_t count =
          ::sendfile(socket_.fd(), file, &position, std::min(size_bytes, kTurnBytes));
      if (count > 0) {
        const auto sent = static_cast<std::uint64_t>(count);
        socket_.patience().moved(sent);
        size_bytes -= sent;
        turn += sent;
        if (turn < kTurnBytes || size_bytes == 0) continue;
        turn = 0;
        boost::asio::post(socket_.executor(), yield);
        continue;
      }
      if (count == 0) return make_error(ErrorKind::kUnavailable, "sendfile: the file is shorter");
      if (errno == EINTR) continue;
      if (!would_wait()) return broken("sendfile");
      IK_TRY(socket_.wait_writable(yield));
    }
    return {};
  }

  void finish_writing() override { ::shutdown(socket_.fd(), SHUT_WR); }

 private:
  ClientSocket& socket_;
};

}  // namespace

std::unique_ptr<Transport> create_plain_transport(ClientSocket& socket) {
  return std::make_unique<PlainTransport>(socket);
}

}  // namespace ikada::registry
