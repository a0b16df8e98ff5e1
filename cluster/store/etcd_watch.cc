#include "cluster/store/etcd_watch.h"

#include <utility>

#include "cluster/store/store_error.h"

namespace ikada {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kSilence{3};
constexpr std::chrono::milliseconds kProbeLimit{1000};
constexpr std::chrono::milliseconds kReopenPause{100};
constexpr size_t kMostPendingEvents = 4096;
constexpr size_t kMaxLineBytes = size_t{256} << 20;

}  // namespace

EtcdWatch::EtcdWatch(EtcdClient& client, std::string prefix, Revision after)
    : client_(client),
      prefix_(std::move(prefix)),
      streamed_(after),
      delivered_(after),
      thread_([this] { keep_open(); }) {}

EtcdWatch::~EtcdWatch() {
  cancel();
  thread_.join();
}

void EtcdWatch::cancel() {
  {
    const std::lock_guard lock(mutex_);
    is_cancelled_ = true;
  }
  interrupt_.interrupt();
  arrived_.notify_all();
  room_.notify_all();
}

Result<KeyEvents> EtcdWatch::next(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  const auto is_ready = [&] { return is_cancelled_ || !pending_.empty() || lost_.has_value(); };
  arrived_.wait_for(lock, timeout, is_ready);
  if (is_cancelled_) return watch_cancelled();
  if (!pending_.empty()) {
    KeyEvents events = std::move(pending_.front());
    pending_.pop_front();
    pending_events_ -= events.events.size();
    delivered_ = events.revision;
    room_.notify_one();
    return events;
  }
  if (lost_.has_value()) return *lost_;
  if (out_of_reach_.has_value()) return *out_of_reach_;
  return KeyEvents{.events = {}, .revision = delivered_};
}

void EtcdWatch::fail(const Error& error) {
  const std::lock_guard lock(mutex_);
  (is_compacted(error) ? lost_ : out_of_reach_) = error;
  arrived_.notify_all();
}

void EtcdWatch::keep_open() {
  Result<std::unique_ptr<EtcdExchange>> exchange = EtcdExchange::create(client_.tls());
  if (!exchange.has_value()) {
    fail(exchange.error());
    return;
  }
  while (true) {
    const std::string member = client_.preferred();
    const std::optional<std::string> failure = stream_once(member, **exchange);
    std::unique_lock lock(mutex_);
    if (is_cancelled_ || lost_.has_value()) return;
    if (failure.has_value()) {
      out_of_reach_ = store_unavailable(*failure);
      client_.avoid(member);
    }
    room_.wait_for(lock, kReopenPause, [&] { return is_cancelled_; });
    if (is_cancelled_) return;
  }
}

// Why the stream ended.
std::optional<std::string> EtcdWatch::stream_once(const std::string& member,
                                                  EtcdExchange& exchange) {
  partial_line_.clear();
  end_reason_.clear();
  heard_at_ = Clock::now();
  const EtcdExchange::Answer answer = exchange.post(
      etcd_watch(prefix_, streamed_),
      {.endpoint = member,
       .interrupt = &interrupt_,
       .sink = [&](std::string_view bytes) { return take_bytes(bytes); },
       .still_wanted = [&] { return Clock::now() - heard_at_ < kSilence || is_alive(member); },
       .needs_leader = true});
  if (!end_reason_.empty()) return "etcd: watch: " + end_reason_;
  if (answer.status == 0) return "etcd: watch: " + answer.failure;
  if (answer.status != 200) return read_etcd_error(answer.status, answer.body).error.message;
  return "etcd: watch: the member ended it";
}

bool EtcdWatch::is_alive(const std::string& member) {
  heard_at_ = Clock::now();
  return client_.call_member(member, etcd_status(), kProbeLimit).has_value();
}

// False ends the stream.
bool EtcdWatch::take_bytes(std::string_view bytes) {
  heard_at_ = Clock::now();
  while (true) {
    const size_t end = bytes.find('\n');
    partial_line_.append(bytes.substr(0, end));
    if (partial_line_.size() > kMaxLineBytes) {
      end_reason_ = "a message is too large";
      return false;
    }
    if (end == std::string_view::npos) return true;
    const std::string line = std::exchange(partial_line_, {});
    if (!line.empty() && !take_line(line)) return false;
    bytes.remove_prefix(end + 1);
  }
}

bool EtcdWatch::take_line(std::string_view line) {
  Result<EtcdWatchMessage> message = parse_etcd_watch(line);
  if (!message.has_value()) {
    end_reason_ = message.error().message;
    return false;
  }
  if (message->is_cancelled) {
    end_reason_ = message->reason.empty() ? "cancelled" : message->reason;
    if (message->compacted > 0) fail(revision_compacted(streamed_, message->compacted));
    return false;
  }
  if (message->is_created) {
    // Etcd 3.4 takes a watch that begins at the compacted revision itself, though a removal at that
    // revision is forgotten already.
    if (!is_place_kept()) return false;
    const std::lock_guard lock(mutex_);
    out_of_reach_.reset();
  }
  return message->events.events.empty() || take_events(std::move(message->events));
}

bool EtcdWatch::is_place_kept() {
  if (streamed_ == 0) return true;
  const Result<std::string> read =
      client_.call(etcd_list({.prefix = prefix_, .after = {}, .limit = 1, .revision = streamed_}),
                   EtcdClient::Repeat::kAllowed);
  heard_at_ = Clock::now();
  // A place in the future cannot be read, and is not compacted.
  if (read.has_value() || !is_compacted(read.error())) return true;
  fail(read.error());
  return false;
}

bool EtcdWatch::take_events(KeyEvents events) {
  std::unique_lock lock(mutex_);
  room_.wait(lock, [&] { return is_cancelled_ || pending_events_ < kMostPendingEvents; });
  heard_at_ = Clock::now();
  if (is_cancelled_) return false;
  streamed_ = events.revision;
  pending_events_ += events.events.size();
  pending_.push_back(std::move(events));
  arrived_.notify_all();
  return true;
}

}  // namespace ikada
