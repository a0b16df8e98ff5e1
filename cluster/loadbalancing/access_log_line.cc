#include "cluster/loadbalancing/access_log_line.h"

#include <algorithm>

#include <fmt/format.h>

#include "cluster/loadbalancing/rule_actions.h"
#include "runtime/base/clock.h"
#include "runtime/base/number.h"

namespace ikada {
namespace {

constexpr std::int64_t kNanosPerMs = 1'000'000;
constexpr size_t kMicrosLength = 26;  // "2026-11-27T23:00:00.123456".

std::string time_text(std::int64_t ms) {
  return format_rfc3339(ms * kNanosPerMs).substr(0, kMicrosLength) + "Z";
}

// Seconds with milliseconds; -1 where it did not come to that.
std::string seconds_text(std::int64_t ms) {
  constexpr double kMsPerSecond = 1000;
  return ms < 0 ? "-1" : fmt::format("{:.3f}", static_cast<double>(ms) / kMsPerSecond);
}

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// In double quotes, with "\xHH" for what would end them and for what is not printable. HAProxy has
// written "#HH" for such bytes of a URI.
std::string quoted_text(std::string_view text, bool is_encoded = false) {
  std::string all = "\"";
  for (size_t at = 0; at < text.size(); ++at) {
    auto byte = static_cast<unsigned char>(text[at]);
    const bool is_code = is_encoded && byte == '#' && at + 2 < text.size() &&
                         hex_value(text[at + 1]) >= 0 && hex_value(text[at + 2]) >= 0;
    if (is_code) {
      byte = static_cast<unsigned char>(hex_value(text[at + 1]) * 16 + hex_value(text[at + 2]));
      at += 2;
    }
    if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') {
      all += static_cast<char>(byte);
    } else {
      all += fmt::format("\\x{:02x}", byte);
    }
  }
  return all + "\"";
}

// "GET http://host:80/path HTTP/1.1".
std::string request_text(const RequestRecord& record, const PlannedListener& listener) {
  constexpr std::string_view kNoRequest = "<BADREQ>";
  if (record.method == kNoRequest) {
    return fmt::format(
        "\"- {}://-:{}- - \"", listener.protocol == "HTTPS" ? "https" : "http", listener.port);
  }
  std::string url = record.uri;
  if (url.starts_with('/') || url == "*") {
    const bool has_port = record.host.find_last_of(':') != std::string::npos &&
                          record.host.find_last_of(':') > record.host.find_last_of(']') + 1;
    url = fmt::format("{}://{}{}{}",
                      listener.protocol == "HTTPS" ? "https" : "http",
                      record.host,
                      has_port ? "" : fmt::format(":{}", listener.port),
                      record.uri);
  }
  return quoted_text(fmt::format("{} {} {}", record.method, url, record.version), true);
}

struct MatchedRule {
  std::string priority = "0";
  std::string actions = "-";
};

MatchedRule matched_rule(const RequestRecord& record, const PlannedListener& listener) {
  if (record.receive_ms < 0) return {.priority = "-1", .actions = "-"};
  const Result<std::uint64_t> place = parse_unsigned(record.rule, listener.rules.size());
  const bool is_rule = place.has_value() && *place > 0;
  const ListenerRule* rule = is_rule ? rules_by_priority(listener)[*place - 1] : nullptr;
  const std::vector<ListenerAction>& actions = is_rule ? rule->actions : listener.default_actions;
  MatchedRule matched;
  if (is_rule) matched.priority = fmt::format("{}", rule->priority);
  if (!actions.empty()) matched.actions = actions.back().type;
  return matched;
}

std::string kind_of(const RequestRecord& record, const PlannedListener& listener) {
  const bool is_http2 = record.version.starts_with("HTTP/2");
  if (is_http2) return "h2";
  return listener.protocol == "HTTPS" ? "https" : "http";
}

}  // namespace

std::string access_log_group(const LoadBalancer& balancer) {
  const auto enabled = balancer.attributes.find("access_logs.s3.enabled");
  const bool is_on = enabled != balancer.attributes.end() && enabled->second == "true";
  return is_on ? "/ikada/elb/" + balancer.name : "";
}

std::string access_log_line(const RequestRecord& record,
                            const PlannedListener& listener,
                            const std::string& group_arn,
                            std::int64_t now_ms) {
  constexpr std::string_view kBalancer = "loadbalancer/";
  const size_t at = listener.balancer_arn.find(kBalancer);
  const std::string elb =
      at == std::string::npos ? "-" : listener.balancer_arn.substr(at + kBalancer.size());
  const bool has_target = record.target != "-:-" && record.target != "-";
  const bool is_sent = has_target && record.connect_ms >= 0;
  const std::int64_t waited = std::max<std::int64_t>(record.receive_ms, 0) +
                              std::max<std::int64_t>(record.queue_ms, 0) +
                              std::max<std::int64_t>(record.connect_ms, 0);
  const bool is_answered = record.is_answered_by_target();
  const std::int64_t rest = record.total_ms - waited - record.response_ms;
  const std::string target = has_target ? record.target : "-";
  const std::string status = is_answered ? fmt::format("{}", record.status) : "-";
  const MatchedRule rule = matched_rule(record, listener);
  return fmt::format(
      "{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} \"-\" {} \"-\" {} {} \"{}\" {} \"-\" "
      "\"{}\" \"{}\" \"-\" \"-\" -",
      kind_of(record, listener),
      time_text(now_ms),
      elb,
      record.client,
      target,
      is_sent ? seconds_text(waited) : "-1",
      is_answered ? seconds_text(record.response_ms) : "-1",
      is_answered ? seconds_text(std::max<std::int64_t>(rest, 0)) : "-1",
      record.status,
      status,
      record.received_bytes,
      record.sent_bytes,
      request_text(record, listener),
      quoted_text(record.agent),
      record.cipher,
      record.tls,
      group_arn.empty() ? "-" : group_arn,
      quoted_text(record.server_name),
      rule.priority,
      time_text(now_ms - std::max<std::int64_t>(record.total_ms, 0)),
      rule.actions,
      quoted_text(rule.actions == "redirect" ? record.location : "-"),
      target,
      status);
}

}  // namespace ikada
