#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "image/registry/transport.h"

namespace ikada::registry {
namespace {

constexpr size_t kFileChunkBytes = size_t{256} << 10;

class TlsTransport final : public Transport {
 public:
  TlsTransport(ClientSocket& socket, std::shared_ptr<const TlsContext> context, SSL* session)
      : socket_(socket),
        context_(std::move(context)),
        tls_(context_->library()),
        session_(session) {}

  ~TlsTransport() override { tls_.session_free(session_); }

  Result<size_t> read_some(std::span<char> out, const Yield& yield) override {
    while (true) {
      tls_.clear_errors();
      const int count = tls_.read(session_, out.data(), static_cast<int>(out.size()));
      if (count > 0) {
        socket_.patience().moved(static_cast<std::uint64_t>(count));
        return static_cast<size_t>(count);
      }
      const int error = tls_.get_error(session_, count);
      if (error == SSL_ERROR_ZERO_RETURN) return size_t{0};
      IK_TRY(wait_for(error, yield));
    }
  }

  Result<void> write_all(std::string_view bytes, bool, const Yield& yield) override {
    while (!bytes.empty()) {
      tls_.clear_errors();
      const int size = static_cast<int>(std::min(bytes.size(), kFileChunkBytes));
      const int count = tls_.write(session_, bytes.data(), size);
      if (count > 0) {
        socket_.patience().moved(static_cast<std::uint64_t>(count));
        bytes.remove_prefix(static_cast<size_t>(count));
        continue;
      }
      IK_TRY(wait_for(tls_.get_error(session_, count), yield));
    }
    return {};
  }

  Result<void> send_file(int file,
                         std::uint64_t offset,
                         std::uint64_t size_bytes,
                         const Yield& yield) override {
    std::vector<char> buffer(std::min<std::uint64_t>(size_bytes, kFileChunkBytes));
    while (size_bytes > 0) {
      const size_t wanted = std::min<std::uint64_t>(size_bytes, buffer.size());
      const ssize_t count = ::pread(file, buffer.data(), wanted, static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno_error("read blob");
      if (count == 0) return make_error(ErrorKind::kUnavailable, "read blob: it is shorter");
      IK_TRY(write_all({buffer.data(), static_cast<size_t>(count)}, true, yield));
      offset += static_cast<std::uint64_t>(count);
      size_bytes -= static_cast<std::uint64_t>(count);
    }
    return {};
  }

  std::string peer_name() override {
    return context_->name_peer() ? context_->name_peer()(session_) : std::string();
  }

  void finish_writing() override {
    tls_.clear_errors();
    tls_.shutdown(session_);
    ::shutdown(socket_.fd(), SHUT_WR);
  }

 private:
  Result<void> wait_for(int error, const Yield& yield) {
    if (error == SSL_ERROR_WANT_READ) return socket_.wait_readable(yield);
    if (error == SSL_ERROR_WANT_WRITE) return socket_.wait_writable(yield);
    const char* reason = tls_.reason(tls_.next_error());
    return make_error(
        ErrorKind::kUnavailable, "tls: {}", reason == nullptr ? "connection lost" : reason);
  }

  ClientSocket& socket_;
  std::shared_ptr<const TlsContext> context_;
  const TlsLibrary& tls_;
  SSL* session_;
};

}  // namespace

Result<std::unique_ptr<Transport>> create_tls_transport(ClientSocket& socket,
                                                        std::shared_ptr<const TlsContext> context) {
  const TlsLibrary& tls = context->library();
  SSL* session = tls.session_new(context->get());
  if (session == nullptr) return make_error(ErrorKind::kSystem, "SSL_new: out of memory");
  auto transport = std::make_unique<TlsTransport>(socket, std::move(context), session);
  if (tls.set_fd(session, socket.fd()) != 1) {
    return make_error(ErrorKind::kSystem, "SSL_set_fd: out of memory");
  }
  tls.set_accept_state(session);
  return std::unique_ptr<Transport>(std::move(transport));
}

}  // namespace ikada::registry
