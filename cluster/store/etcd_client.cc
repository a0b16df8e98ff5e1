#include "cluster/store/etcd_client.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "cluster/store/store_error.h"

namespace ikada {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPause{50};
// A member that is paused takes the connection and says nothing: then another is asked.
constexpr std::chrono::milliseconds kReadLimit{2500};
// While there is no leader a member keeps a transaction until there is one.
constexpr std::chrono::milliseconds kWriteLimit{6000};
constexpr std::chrono::milliseconds kLeastTime{100};
// More at once make a member no faster, and it would take as many handshakes at its start.
constexpr size_t kMostInUse = 32;
constexpr int kStatusOk = 200;

}  // namespace

struct EtcdClient::Attempt {
  std::optional<std::string> body;  // Else the failure.
  EtcdFailure failure;
};

Result<std::unique_ptr<EtcdExchange>> EtcdClient::take(Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  if (!freed_.wait_until(lock, deadline, [&] { return in_use_ < kMostInUse; })) {
    return store_unavailable("etcd: every connection is waiting for an answer");
  }
  if (idle_.empty()) {
    IK_LET(made, EtcdExchange::create(tls_));
    idle_.push_back(std::move(made));
  }
  ++in_use_;
  std::unique_ptr<EtcdExchange> exchange = std::move(idle_.back());
  idle_.pop_back();
  return exchange;
}

void EtcdClient::give_back(std::unique_ptr<EtcdExchange> exchange) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(exchange));
  --in_use_;
  freed_.notify_one();
}

void EtcdClient::set_endpoints(std::vector<std::string> endpoints) {
  const std::lock_guard lock(mutex_);
  if (endpoints == endpoints_) return;
  endpoints_ = std::move(endpoints);
  preferred_ = 0;
}

std::vector<std::string> EtcdClient::endpoints() const {
  const std::lock_guard lock(mutex_);
  return endpoints_;
}

std::string EtcdClient::preferred() const {
  const std::lock_guard lock(mutex_);
  return endpoints_[preferred_];
}

void EtcdClient::avoid(const std::string& endpoint) {
  const std::lock_guard lock(mutex_);
  if (endpoints_[preferred_] == endpoint) preferred_ = (preferred_ + 1) % endpoints_.size();
}

EtcdClient::Attempt EtcdClient::try_member(const std::string& endpoint,
                                           const EtcdRequest& request,
                                           std::chrono::milliseconds timeout,
                                           Repeat repeat) {
  Attempt attempt;
  const Clock::time_point deadline = Clock::now() + timeout;
  Result<std::unique_ptr<EtcdExchange>> exchange = take(deadline);
  if (!exchange.has_value()) {
    attempt.failure = {.verdict = EtcdVerdict::kFinal, .error = exchange.error()};
    return attempt;
  }
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
  EtcdExchange::Answer answer =
      (*exchange)->post(request, {.endpoint = endpoint, .timeout = std::max(left, kLeastTime)});
  give_back(std::move(*exchange));
  if (answer.status == kStatusOk) {
    attempt.body = std::move(answer.body);
  } else if (answer.was_too_large) {
    attempt.failure = {.verdict = EtcdVerdict::kFinal,
                       .error = make_error(ErrorKind::kInvalid, "etcd: the answer is too large")};
    attempt.failure.error.code = "ANSWER_TOO_LARGE";
  } else if (answer.status != 0) {
    attempt.failure = read_etcd_error(answer.status, answer.body);
  } else {
    attempt.failure = {
        .verdict = answer.was_sent ? EtcdVerdict::kInDoubt : EtcdVerdict::kNothingDone,
        .error = store_unavailable(fmt::format("etcd: {}", answer.failure))};
  }
  if (attempt.failure.verdict == EtcdVerdict::kInDoubt && repeat == Repeat::kAllowed) {
    attempt.failure.verdict = EtcdVerdict::kNothingDone;
  }
  return attempt;
}

Result<std::string> EtcdClient::call(const EtcdRequest& request, Repeat repeat) {
  const Clock::time_point deadline = Clock::now() + kStoreCallLimit;
  const std::chrono::milliseconds limit = repeat == Repeat::kAllowed ? kReadLimit : kWriteLimit;
  size_t tried = 0;
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    const std::string member = preferred();
    Attempt attempt = try_member(member, request, std::clamp(left, kLeastTime, limit), repeat);
    if (attempt.body.has_value()) return std::move(*attempt.body);
    const EtcdFailure& failure = attempt.failure;
    if (failure.verdict == EtcdVerdict::kFinal) return failure.error;
    avoid(member);
    if (failure.verdict == EtcdVerdict::kInDoubt) return outcome_unknown(failure.error.message);
    const Clock::time_point end = std::min(deadline, shut_down_at_.load());
    if (Clock::now() + kPause >= end) return failure.error;
    // Every member was asked once: give them a moment.
    if (++tried % endpoints().size() == 0) std::this_thread::sleep_for(kPause);
  }
}

Result<std::string> EtcdClient::call_member(const std::string& endpoint,
                                            const EtcdRequest& request,
                                            std::chrono::milliseconds timeout) {
  Attempt attempt = try_member(endpoint, request, timeout, Repeat::kAllowed);
  if (attempt.body.has_value()) return std::move(*attempt.body);
  return attempt.failure.error;
}

}  // namespace ikada
