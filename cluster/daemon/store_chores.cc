#include "cluster/daemon/store_chores.h"

#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

namespace ikada {
namespace {

constexpr std::chrono::milliseconds kLookAtMembers{300};
constexpr std::chrono::seconds kKeepHouse{60};

}  // namespace

StoreChores::StoreChores(boost::asio::io_context& loop,
                         boost::asio::thread_pool& pool,
                         SharedStore& store,
                         std::function<bool()> leads,
                         std::function<std::vector<std::string>()> managers)
    : loop_(loop),
      pool_(pool),
      store_(store),
      leads_(std::move(leads)),
      managers_(std::move(managers)),
      timer_(loop) {}

void StoreChores::start() { wait(); }

void StoreChores::stop() {
  is_stopped_ = true;
  timer_.cancel();
}

void StoreChores::wait() {
  timer_.expires_after(kLookAtMembers);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || is_stopped_) return;
    look();
    wait();
  });
}

void StoreChores::look() {
  store_.renew_certificates();
  const bool leads = leads_();
  if (!leads) voters_.clear();
  if (is_busy_ || !leads) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - kept_house_at_ >= kKeepHouse) {
    kept_house_at_ = now;
    return run([this] { keep_house(); });
  }
  if (!store_.is_etcd()) return;
  run([this, managers = managers_()] { look_after_members(managers); });
}

void StoreChores::run(std::function<void()> work) {
  is_busy_ = true;
  boost::asio::post(pool_, [this, work = std::move(work)] {
    work();
    boost::asio::post(loop_, [this] { is_busy_ = false; });
  });
}

void StoreChores::keep_house() {
  const Result<StoreStatus> status = store_.store().status();
  if (!status.has_value()) return;
  const Housekeeping::Plan plan = housekeeping_.plan(*status, std::chrono::steady_clock::now());
  Result<void> done;
  if (plan.compact_to.has_value()) done = store_.store().compact(*plan.compact_to);
  if (done.has_value() && plan.defragments) {
    spdlog::info("store defragmented size={} used={}", status->size_bytes, status->used_bytes);
    done = store_.store().defragment();
  }
  if (!done.has_value()) spdlog::warn("{}, ignoring", done.error().message);
}

void StoreChores::look_after_members(const std::vector<std::string>& managers) {
  const Result<std::set<std::string>> looked = store_.look_after_members(managers);
  const std::string complaint = looked.has_value() ? "" : looked.error().message;
  if (complaint != told_ && !complaint.empty()) spdlog::warn("{}, retrying", complaint);
  told_ = complaint;
  if (!looked.has_value()) return;
  boost::asio::post(loop_, [this, voters = *looked] { voters_ = voters; });
}

}  // namespace ikada
