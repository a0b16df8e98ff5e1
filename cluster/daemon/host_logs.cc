#include "cluster/daemon/host_logs.h"

#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "runtime/base/clock.h"

namespace ikada {
namespace {

constexpr std::chrono::seconds kLookAtRoom{30};

}  // namespace

std::vector<LogGroupTerms> find_log_terms(const State& state) {
  std::vector<LogGroupTerms> terms;
  for (const auto& [name, scope] : state.scopes()) {
    for (const auto& [record, group] : scope.log_groups) {
      if (!group.value.retention_days.has_value()) continue;
      terms.push_back({.region = scope.scope.region,
                       .group = group.value.name,
                       .retention_days = *group.value.retention_days});
    }
  }
  return terms;
}

News log_terms_news(const State& state) {
  Json groups = Json::array();
  for (const LogGroupTerms& each : find_log_terms(state)) {
    groups.push_back(
        {{"region", each.region}, {"group", each.group}, {"days", each.retention_days}});
  }
  return {.verb = "logs", .body = {{"groups", std::move(groups)}}};
}

HostLogs::HostLogs(boost::asio::io_context& loop, EngineLayout layout)
    : loop_(loop), layout_(std::move(layout)), timer_(loop) {}

void HostLogs::take(const News& news) {
  if (news.verb != "logs") return;
  std::vector<LogGroupTerms> told;
  JsonReader reader(news.body, "logs");
  for (JsonReader& each : reader.objects("groups")) {
    LogGroupTerms terms;
    each.require("region", terms.region);
    each.require("group", terms.group);
    each.require("days", terms.retention_days);
    told.push_back(std::move(terms));
  }
  if (reader.done().has_value()) told_ = std::move(told);
}

void HostLogs::start() { look(); }

void HostLogs::stop() {
  is_stopped_ = true;
  timer_.cancel();
  thread_.join();
}

void HostLogs::wait() {
  timer_.expires_after(kLookAtRoom);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !is_stopped_) look();
  });
}

void HostLogs::look() {
  const std::vector<LogGroupTerms> terms = find_terms_ ? find_terms_() : told_;
  boost::asio::post(thread_, [layout = layout_, terms, max_bytes = max_bytes_] {
    const LogRoomReport report = keep_log_room(layout, terms, max_bytes, unix_now());
    if (report.removed_files == 0) return;
    spdlog::info(
        "log store files removed count={} bytes left={}", report.removed_files, report.bytes);
  });
  wait();
}

}  // namespace ikada
