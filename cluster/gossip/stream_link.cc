#include "cluster/gossip/stream_link.h"

#include <utility>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "cluster/gossip/byte_codec.h"
#include "cluster/gossip/message.h"

namespace ikada::gossip {
namespace {

constexpr auto kLifetime = std::chrono::seconds(10);
constexpr size_t kMaxFirstFrameBytes = 128 * 1024;

}  // namespace

StreamLink::StreamLink(
    Socket socket, StreamId id, Keyring& keyring, OnFrame on_frame, OnClosed on_closed)
    : socket_(std::move(socket)),
      id_(id),
      keyring_(keyring),
      on_frame_(std::move(on_frame)),
      on_closed_(std::move(on_closed)),
      deadline_(socket_.get_executor()) {}

void StreamLink::connect(const boost::asio::ip::tcp::endpoint& peer) {
  deadline_.expires_after(kLifetime);
  deadline_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->fail();
  });
  socket_.async_connect(peer, [self = shared_from_this()](const boost::system::error_code& error) {
    if (self->is_closed_) return;
    if (error) {
      self->fail();
      return;
    }
    self->is_connected_ = true;
    self->read_size();
    self->write_next();
  });
}

void StreamLink::start() {
  deadline_.expires_after(kLifetime);
  deadline_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->fail();
  });
  is_connected_ = true;
  read_size();
}

void StreamLink::send(std::string_view plain) {
  if (is_closed_) return;
  const std::string sealed = keyring_.seal(plain, Channel::kStream);
  std::string& bytes = to_write_.emplace_back();
  bytes.reserve(4 + sealed.size());
  ByteWriter writer(bytes);
  writer.u32(static_cast<std::uint32_t>(sealed.size()));
  writer.raw(sealed);
  write_next();
}

void StreamLink::finish() {
  if (is_closed_) return;
  is_finishing_ = true;
  if (to_write_.empty()) close();
}

void StreamLink::close() {
  if (is_closed_) return;
  is_closed_ = true;
  deadline_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void StreamLink::read_size() {
  boost::asio::async_read(
      socket_,
      boost::asio::buffer(size_),
      [self = shared_from_this()](const boost::system::error_code& error, size_t) {
        if (self->is_closed_) return;
        const size_t size =
            ByteReader({reinterpret_cast<const char*>(self->size_.data()), self->size_.size()})
                .u32();
        if (error || size > (self->is_trusted_ ? kMaxFrameBytes : kMaxFirstFrameBytes)) {
          self->fail();
          return;
        }
        self->read_frame(size);
      });
}

void StreamLink::read_frame(size_t size) {
  frame_.resize(size);
  boost::asio::async_read(
      socket_,
      boost::asio::buffer(frame_),
      [self = shared_from_this()](const boost::system::error_code& error, size_t) {
        if (self->is_closed_) return;
        if (error || self->is_finishing_) {
          self->fail();
          return;
        }
        const Result<std::string> plain = self->keyring_.open(self->frame_, Channel::kStream);
        if (!plain.has_value()) {
          self->fail();
          return;
        }
        self->is_trusted_ = true;
        self->on_frame_(self->id_, *plain);
        if (!self->is_closed_) self->read_size();
      });
}

void StreamLink::write_next() {
  if (!is_connected_ || is_writing_ || to_write_.empty()) return;
  is_writing_ = true;
  boost::asio::async_write(
      socket_,
      boost::asio::buffer(to_write_.front()),
      [self = shared_from_this()](const boost::system::error_code& error, size_t) {
        self->is_writing_ = false;
        if (self->is_closed_) return;
        self->to_write_.pop_front();
        if (error) {
          self->fail();
        } else if (self->is_finishing_ && self->to_write_.empty()) {
          self->close();
        } else {
          self->write_next();
        }
      });
}

void StreamLink::fail() {
  if (is_closed_) return;
  close();
  if (!is_finishing_) on_closed_(id_);
}

}  // namespace ikada::gossip
