#include "image/registry/request_reader.h"

#include <algorithm>
#include <array>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include "image/registry/failure.h"
#include "runtime/base/text.h"

namespace ikada::registry {
namespace {

namespace http = boost::beast::http;

constexpr std::uint32_t kMaxHeadBytes = 32 << 10;
constexpr size_t kHeadReadBytes = 4096;
constexpr size_t kBodyReadBytes = size_t{256} << 10;
constexpr std::uint64_t kLeastBytesPerSecond = 4096;
constexpr std::uint64_t kMaxDrainBytes = 64 << 10;
constexpr std::uint64_t kMaxLingerBytes = std::uint64_t{64} << 20;
constexpr std::chrono::seconds kLingerTime{5};
constexpr unsigned kHttp10 = 10;
constexpr unsigned kHttp11 = 11;

bool is_host(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == ':' || c == '[' || c == ']' || c == '_';
  });
}

}  // namespace

// At least one byte more in the buffer, or an error; 0 at the end.
Result<size_t> RequestReader::read_more(size_t wanted) {
  const auto space = buffer_.prepare(wanted);
  IK_LET(count, transport_.read_some({static_cast<char*>(space.data()), space.size()}, yield_));
  buffer_.commit(count);
  return count;
}

HeadOutcome RequestReader::refuse(unsigned status, std::string_view message) {
  refusal_ = Answer{
      .status = status, .body = body_of(api_error(kRequestInvalid, "{}", message)), .closes = true};
  refusal_.with("Content-Type", "application/json");
  return HeadOutcome::kRefused;
}

HeadOutcome RequestReader::read_head() {
  const std::string early = socket_.take_early_bytes();
  if (!early.empty()) {
    buffer_.commit(
        boost::asio::buffer_copy(buffer_.prepare(early.size()), boost::asio::buffer(early)));
  }
  parser_.emplace();
  parser_->header_limit(kMaxHeadBytes);
  parser_->body_limit(boost::none);
  parser_->eager(false);
  is_broken_ = false;
  bool has_begun = buffer_.size() > 0;
  socket_.set_idle(!has_begun);
  socket_.patience().begin(has_begun ? limits_.head_timeout : limits_.idle_timeout, 0);
  if (!has_begun) buffer_.shrink_to_fit();
  while (!parser_->is_header_done()) {
    if (buffer_.size() > 0) {
      boost::beast::error_code error;
      const size_t consumed = parser_->put(buffer_.data(), error);
      buffer_.consume(consumed);
      if (error && error != http::error::need_more) {
        const bool is_large =
            error == http::error::header_limit || error == http::error::buffer_overflow;
        return is_large ? refuse(431, "the head of the request is too large")
                        : refuse(400, "not an HTTP request: " + error.message());
      }
      if (parser_->is_header_done()) break;
    }
    const Result<size_t> count = read_more(kHeadReadBytes);
    if (!count.has_value() || *count == 0) return HeadOutcome::kClosed;
    if (!has_begun) {
      has_begun = true;
      socket_.set_idle(false);
      socket_.patience().begin(limits_.head_timeout, 0);
    }
  }
  socket_.patience().begin(limits_.idle_timeout, kLeastBytesPerSecond);
  return check_head();
}

HeadOutcome RequestReader::check_head() {
  const auto& message = parser_->get();
  if (message.version() != kHttp11 && message.version() != kHttp10) {
    return refuse(400, "another version of HTTP");
  }
  // A proxy in front of us may read these in another way than the parser does.
  if (message.count(http::field::content_length) > 1) return refuse(400, "two lengths");
  const size_t codings = message.count(http::field::transfer_encoding);
  if (codings > 0) {
    const std::string coding = lower_case(message[http::field::transfer_encoding]);
    if (codings > 1 || coding != "chunked" || message.count(http::field::content_length) > 0 ||
        message.version() == kHttp10) {
      return refuse(400, "a transfer coding that is not supported");
    }
  }
  const size_t hosts = message.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && message.version() == kHttp11)) {
    return refuse(400, "expected one host");
  }
  if (hosts == 1 && !is_host(message[http::field::host])) return refuse(400, "a bad host");
  const std::string expectation = lower_case(message[http::field::expect]);
  expects_continue_ = expectation == "100-continue";
  return HeadOutcome::kRead;
}

RequestHead RequestReader::take_head() const {
  const auto& message = parser_->get();
  RequestHead head;
  head.method = std::string(message.method_string());
  head.target = std::string(message.target());
  for (const auto& field : message) {
    std::string name = lower_case(field.name_string());
    const auto [place, is_new] = head.fields.try_emplace(std::move(name), field.value());
    if (!is_new) place->second.append(", ").append(field.value());
  }
  if (const auto length = parser_->content_length()) head.content_length = *length;
  head.is_chunked = parser_->chunked();
  return head;
}

Result<size_t> RequestReader::read(std::span<char> out) {
  if (parser_->is_done()) return size_t{0};
  if (is_broken_) return make_error(ErrorKind::kUnavailable, "the body is broken");
  if (expects_continue_) {
    expects_continue_ = false;
    IK_TRY(transport_.write_all("HTTP/1.1 100 Continue\r\n\r\n", false, yield_));
  }
  // Set at once on every way out but the last.
  is_broken_ = true;
  size_t filled = 0;
  while (filled < out.size() && !parser_->is_done()) {
    auto& body = parser_->get().body();
    body.data = out.data() + filled;
    body.size = out.size() - filled;
    body.more = true;
    if (buffer_.size() > 0) {
      boost::beast::error_code error;
      const size_t before = body.size;
      const size_t consumed = parser_->put(buffer_.data(), error);
      buffer_.consume(consumed);
      filled += before - body.size;
      if (error && error != http::error::need_more && error != http::error::need_buffer) {
        return api_error(kRequestInvalid, "the body is not as HTTP wants it: {}", error.message());
      }
      if (consumed > 0) continue;
    }
    IK_LET(count, read_more(kBodyReadBytes));
    if (count == 0) return make_error(ErrorKind::kUnavailable, "the client has gone");
  }
  is_broken_ = false;
  return filled;
}

bool RequestReader::drain() {
  if (parser_->is_done()) return true;
  if (is_broken_ || expects_continue_) return false;
  const auto left = parser_->content_length_remaining();
  if (left.has_value() && *left > kMaxDrainBytes) return false;
  std::vector<char> scratch(kHeadReadBytes);
  std::uint64_t total = 0;
  while (!parser_->is_done()) {
    const Result<size_t> count = read(scratch);
    if (!count.has_value()) return false;
    total += *count;
    if (total > kMaxDrainBytes) return false;
  }
  return true;
}

void RequestReader::linger() {
  transport_.finish_writing();
  socket_.patience().begin(kLingerTime, kMaxLingerBytes / 64);
  std::vector<char> scratch(kBodyReadBytes);
  std::uint64_t total = 0;
  while (total < kMaxLingerBytes) {
    const Result<size_t> count = transport_.read_some(scratch, yield_);
    if (!count.has_value() || *count == 0) return;
    total += *count;
  }
}

}  // namespace ikada::registry
