#include "image/registry/connection.h"

#include <time.h>
#include <unistd.h>

#include <chrono>

#include "image/registry/log.h"
#include "image/registry/request_reader.h"
#include "image/registry/transport.h"

namespace ikada::registry {
namespace {

constexpr std::uint64_t kLeastBytesPerSecond = 4096;
// One copy and one system call are quicker than sendfile(2) up to here.
constexpr std::uint64_t kSmallFile = std::uint64_t{64} << 10;

// False, with `bytes` as they were, if the file does not give it all at once.
bool append_file(std::string& bytes, const FilePart& part) {
  const size_t before = bytes.size();
  bytes.resize(before + part.size_bytes);
  const ssize_t count = ::pread(
      part.file.get(), bytes.data() + before, part.size_bytes, static_cast<off_t>(part.offset));
  if (count == static_cast<ssize_t>(part.size_bytes)) return true;
  bytes.resize(before);
  return false;
}

// Written anew when the second changes; each loop's thread has its own.
std::string_view date_now() {
  thread_local std::int64_t second = 0;
  thread_local std::string text;
  const std::int64_t now = ::time(nullptr);
  if (now != second) {
    second = now;
    text = format_http_date(now);
  }
  return text;
}

class Conversation {
 public:
  Conversation(ClientSocket& socket,
               Transport& transport,
               const ConnectionSetup& setup,
               const Yield& yield)
      : socket_(socket),
        transport_(transport),
        setup_(setup),
        yield_(yield),
        reader_(socket, transport, setup.limits, yield) {}

  void run() {
    while (!setup_.is_stopping()) {
      const HeadOutcome outcome = reader_.read_head();
      if (outcome == HeadOutcome::kClosed) return;
      if (outcome == HeadOutcome::kRefused) {
        if (write(reader_.refusal(), false, false).has_value()) reader_.linger();
        RequestHead unknown;
        unknown.method = "-";
        unknown.target = "-";
        log(unknown, reader_.refusal(), 0, {});
        return;
      }
      if (!answer_one()) return;
    }
  }

 private:
  using Clock = std::chrono::steady_clock;

  // Whether the connection can be used for one more.
  bool answer_one() {
    const Clock::time_point begin = Clock::now();
    RequestHead head = reader_.take_head();
    head.is_secure = setup_.tls != nullptr;
    head.peer_name = setup_.tls == nullptr ? socket_.peer_name() : transport_.peer_name();
    Answer answer = setup_.respond(head, reader_, yield_);
    const bool is_drained = reader_.drain();
    const bool keeps_alive =
        is_drained && !answer.closes && reader_.keeps_alive() && !setup_.is_stopping();
    socket_.patience().begin(setup_.limits.idle_timeout, kLeastBytesPerSecond);
    const std::uint64_t size = size_of(answer);
    const Result<void> written = write(answer, keeps_alive, head.method == "HEAD");
    log(head, answer, head.method == "HEAD" ? 0 : size, Clock::now() - begin);
    if (!written.has_value()) return false;
    if (!keeps_alive) reader_.linger();
    return keeps_alive;
  }

  static std::uint64_t size_of(const Answer& answer) {
    return answer.file.has_value() ? answer.file->size_bytes : answer.body.size();
  }

  Result<void> write(const Answer& answer, bool keeps_alive, bool is_head) {
    const std::uint64_t size = size_of(answer);
    std::string head = format_head(answer, size, keeps_alive, date_now());
    if (is_head || size == 0) return transport_.write_all(head, false, yield_);
    if (answer.file.has_value()) {
      if (size <= kSmallFile && append_file(head, *answer.file)) {
        return transport_.write_all(head, false, yield_);
      }
      IK_TRY(transport_.write_all(head, true, yield_));
      return transport_.send_file(answer.file->file.get(), answer.file->offset, size, yield_);
    }
    return transport_.write_all(head.append(answer.body), false, yield_);
  }

  void log(const RequestHead& head,
           const Answer& answer,
           std::uint64_t size_bytes,
           Clock::duration time) const {
    if (!setup_.logs_requests) return;
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    constexpr double kUsPerMs = 1000;
    log_info(fmt::format("request from={} user={} method={} target={} status={} sent={} ms={:.1f}",
                         socket_.peer(),
                         answer.user.empty() ? "-" : quoted_value(answer.user),
                         quoted_value(head.method),
                         quoted_value(head.target),
                         answer.status,
                         size_bytes,
                         static_cast<double>(us) / kUsPerMs));
  }

  ClientSocket& socket_;
  Transport& transport_;
  const ConnectionSetup& setup_;
  const Yield& yield_;
  RequestReader reader_;
};

}  // namespace

void serve_connection(ClientSocket& socket, const ConnectionSetup& setup, const Yield& yield) {
  socket.patience().begin(setup.limits.head_timeout, 0);
  if (setup.tls == nullptr) {
    const std::unique_ptr<Transport> transport = create_plain_transport(socket);
    Conversation(socket, *transport, setup, yield).run();
    return;
  }
  const Result<std::unique_ptr<Transport>> transport = create_tls_transport(socket, setup.tls);
  if (!transport.has_value()) {
    log_warning(fmt::format("{}, ignoring", transport.error().message));
    return;
  }
  Conversation(socket, **transport, setup, yield).run();
}

}  // namespace ikada::registry
