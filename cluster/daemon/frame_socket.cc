#include "cluster/daemon/frame_socket.h"

#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

namespace ikada {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::uint32_t kMaxFrame = 1U << 20;
constexpr size_t kMaxQueued = size_t{8} << 20;
constexpr int kBits = 8;

std::string framed(const Json& frame) {
  const std::string text = frame.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string bytes;
  for (int byte = 3; byte >= 0; --byte) {
    bytes += static_cast<char>((text.size() >> (byte * kBits)) & 0xff);
  }
  return bytes + text;
}

}  // namespace

std::shared_ptr<FrameSocket> FrameSocket::adopt(asio::io_context& loop, UniqueFd fd) {
  asio::local::stream_protocol::socket socket(loop, asio::local::stream_protocol(), fd.release());
  return std::shared_ptr<FrameSocket>(new FrameSocket(std::move(socket)));
}

void FrameSocket::start(Listener listener) {
  listener_ = std::move(listener);
  read_size();
}

void FrameSocket::read_size() {
  asio::async_read(
      socket_, asio::buffer(size_), [self = shared_from_this()](const error_code& error, size_t) {
        if (self->is_over_) return;
        std::uint32_t size = 0;
        for (const unsigned char each : self->size_) size = size << kBits | each;
        if (error || size > kMaxFrame) return self->end();
        self->read_frame(size);
      });
}

void FrameSocket::read_frame(std::uint32_t size) {
  frame_.resize(size);
  asio::async_read(
      socket_, asio::buffer(frame_), [self = shared_from_this()](const error_code& error, size_t) {
        if (self->is_over_) return;
        const Result<Json> json = parse_json(self->frame_);
        if (error || !json.has_value()) return self->end();
        const auto on_frame = self->listener_.on_frame;
        if (on_frame) on_frame(*json);
        if (!self->is_over_) self->read_size();
      });
}

void FrameSocket::send(const Json& frame) {
  if (is_over_ || is_finishing_) return;
  to_write_.push_back(framed(frame));
  queued_bytes_ += to_write_.back().size();
  if (queued_bytes_ > kMaxQueued) return end();
  write_next();
}

void FrameSocket::write_next() {
  if (is_writing_ || is_over_) return;
  if (to_write_.empty()) {
    if (is_finishing_) close();
    return;
  }
  is_writing_ = true;
  asio::async_write(socket_,
                    asio::buffer(to_write_.front()),
                    [self = shared_from_this()](const error_code& error, size_t) {
                      self->is_writing_ = false;
                      if (self->is_over_) return;
                      self->queued_bytes_ -= self->to_write_.front().size();
                      self->to_write_.pop_front();
                      if (error) return self->end();
                      self->write_next();
                    });
}

void FrameSocket::finish() {
  is_finishing_ = true;
  write_next();
}

void FrameSocket::close() {
  if (is_over_) return;
  is_over_ = true;
  error_code ignored;
  socket_.close(ignored);
  listener_ = {};
}

void FrameSocket::end() {
  if (is_over_) return;
  const auto on_end = std::move(listener_.on_end);
  close();
  if (on_end) on_end();
}

}  // namespace ikada
