#include "cluster/loadbalancing/group_config.h"

#include <algorithm>

#include <fmt/format.h>

#include "cluster/loadbalancing/config_text.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr int kDaySeconds = 86400;
constexpr int kMaxPort = 65535;
// HAProxy 2.6 gives a server that is added at run time no delay, and so closes each connection to
// it after one request.
constexpr std::string_view kKeepConnections = " pool-max-conn -1 pool-purge-delay 5s";

std::string transport_options(const PlannedGroup& group) {
  const bool is_http2 = group.protocol_version == "HTTP2" || group.protocol_version == "GRPC";
  // A balancer takes whatever certificate its targets have.
  if (group.protocol == "HTTPS") {
    return is_http2 ? " ssl verify none alpn h2" : " ssl verify none";
  }
  return is_http2 ? " proto h2" : "";
}

std::string check_options(const PlannedGroup& group) {
  const TargetHealthCheck& check = group.health_check;
  std::string options = fmt::format("check inter {}s rise {} fall {}",
                                    std::max(check.interval_seconds, 1),
                                    std::max(check.healthy_threshold, 1),
                                    std::max(check.unhealthy_threshold, 1));
  const bool is_http2 = group.protocol_version == "HTTP2" || group.protocol_version == "GRPC";
  const bool is_http = check.protocol != "TCP";
  // A target that speaks TLS is checked over TLS at the same port.
  const auto port = parse_unsigned(check.port, kMaxPort);
  const bool has_own_port = port.has_value() && *port > 0;
  const bool is_tls =
      check.protocol == "HTTPS" || (is_http && group.protocol == "HTTPS" && !has_own_port);
  // Over TLS the protocol is agreed on; HAProxy 2.6 gets no answer if it is also given.
  if (is_tls) {
    options += " check-ssl verify none";
    options += is_http2 ? " check-alpn h2" : " check-alpn http/1.1";
  } else if (is_http) {
    options += is_http2 ? " check-proto h2" : " check-proto h1";
  }
  if (has_own_port) options += fmt::format(" port {}", *port);
  return options;
}

// "200,202" or "200-299", as HAProxy takes it, too; "200" for anything else.
std::string status_list(const std::string& matcher) {
  for (const std::string_view part : split(matcher, ',')) {
    const Cut range = cut(part, '-');
    const auto first = parse_unsigned(range.before, 999);
    const auto last = range.found ? parse_unsigned(range.after, 999) : first;
    if (!first.has_value() || !last.has_value() || *first < 100 || *last < *first) return "200";
  }
  return matcher;
}

std::vector<std::string> check_lines(const PlannedGroup& group) {
  const TargetHealthCheck& check = group.health_check;
  const std::string timeout = fmt::format("timeout check {}s", std::max(check.timeout_seconds, 1));
  if (check.protocol == "TCP") return {timeout};
  std::string path = url_text(check.path);
  if (path.empty() || path.front() != '/') path.insert(0, "/");
  // A gRPC call that fails is still a 200.
  const bool is_grpc = group.protocol_version == "GRPC";
  return {timeout,
          "option httpchk",
          fmt::format("http-check send meth {} uri '{}' ver HTTP/1.1 hdr Host localhost "
                      "hdr User-Agent ELB-HealthChecker/2.0{}",
                      is_grpc ? "POST" : "GET",
                      path,
                      is_grpc ? " hdr Content-Type application/grpc hdr TE trailers" : ""),
          "http-check expect status " + (is_grpc ? "200" : status_list(check.matcher))};
}

// As long as AWS lets a connection rest.
constexpr int kNetworkIdleSeconds = 350;

std::string balance_line(const PlannedGroup& group) {
  const std::string algorithm = attribute_text(group.attributes, "load_balancing.algorithm.type");
  if (algorithm == "least_outstanding_requests") return "balance leastconn";
  if (algorithm == "weighted_random") return "balance random";
  return "balance roundrobin";
}

// A server that takes part only while it is up, by the name in the client's cookie.
std::vector<std::string> sticky_lines(const PlannedGroup& group) {
  constexpr NumberLimits kDuration = {
      .least = 1, .most = 7 * kDaySeconds, .otherwise = kDaySeconds};
  const std::string type = attribute_text(group.attributes, "stickiness.type");
  if (type == "app_cookie") {
    const std::string name = attribute_text(group.attributes, "stickiness.app_cookie.cookie_name");
    const int seconds =
        attribute_number(group.attributes, "stickiness.app_cookie.duration_seconds", kDuration);
    return {
        fmt::format("use-server %[req.cook(AWSALBAPP-0)] if {{ req.cook(AWSALBAPP-0) -m found }} "
                    "{{ 'req.cook({})' -m found }}",
                    name),
        fmt::format("http-response add-header Set-Cookie 'AWSALBAPP-0=%[srv_name]; Max-Age={}; "
                    "Path=/' if {{ 'res.cook({})' -m found }}",
                    seconds,
                    name)};
  }
  const int seconds =
      attribute_number(group.attributes, "stickiness.lb_cookie.duration_seconds", kDuration);
  return {"use-server %[req.cook(AWSALB)] if { req.cook(AWSALB) -m found }",
          fmt::format("http-response add-header Set-Cookie 'AWSALB=%[srv_name]; Max-Age={}; "
                      "Path=/'",
                      seconds)};
}

}  // namespace

std::string server_name(const PlannedTarget& target) {
  return short_hash(target.id + "\n" + server_address(target));
}

std::string server_address(const PlannedTarget& target) {
  return fmt::format("{}:{}", target.address, target.port);
}

bool has_checks(const PlannedGroup& group) { return group.health_check.enabled; }

bool is_sticky(const PlannedGroup& group) {
  // By addresses only, which is not HAProxy's affair.
  if (is_network_protocol(group.protocol)) return false;
  if (attribute_text(group.attributes, "stickiness.enabled") != "true") return false;
  return attribute_text(group.attributes, "stickiness.type") != "app_cookie" ||
         is_plain_token(attribute_text(group.attributes, "stickiness.app_cookie.cookie_name"));
}

std::string checked_server_options(const PlannedGroup& group) {
  constexpr NumberLimits kSlowStart = {.least = 30, .most = 900, .otherwise = 0};
  std::string options = has_checks(group) ? check_options(group) : "";
  const int slow_start =
      attribute_number(group.attributes, "slow_start.duration_seconds", kSlowStart);
  if (slow_start > 0) options += fmt::format(" slowstart {}s", slow_start);
  return std::string(trim(options + transport_options(group).append(kKeepConnections)));
}

std::string open_server_options(const PlannedGroup& group) {
  return std::string(trim(transport_options(group).append(kKeepConnections)));
}

std::vector<std::string> checked_section_lines(const PlannedGroup& group, const GroupTimes& times) {
  std::vector<std::string> lines = open_section_lines(group, times);
  if (has_checks(group)) {
    const std::vector<std::string> check = check_lines(group);
    lines.insert(lines.end(), check.begin(), check.end());
  }
  if (is_sticky(group)) {
    const std::vector<std::string> sticky = sticky_lines(group);
    lines.insert(lines.end(), sticky.begin(), sticky.end());
  }
  return lines;
}

std::vector<std::string> open_section_lines(const PlannedGroup& group, const GroupTimes& times) {
  if (is_network_protocol(group.protocol)) {
    return {
        "mode tcp", "balance roundrobin", fmt::format("timeout server {}s", kNetworkIdleSeconds)};
  }
  return {balance_line(group),
          fmt::format("timeout server {}s", times.idle_seconds),
          fmt::format("timeout tunnel {}s", times.idle_seconds)};
}

int attribute_number(const std::map<std::string, std::string>& attributes,
                     const std::string& name,
                     const NumberLimits& limits) {
  const auto number = parse_signed(attribute_text(attributes, name), limits.least, limits.most);
  return number.has_value() ? static_cast<int>(*number) : limits.otherwise;
}

std::string attribute_text(const std::map<std::string, std::string>& attributes,
                           const std::string& name) {
  const auto found = attributes.find(name);
  return found == attributes.end() ? std::string() : found->second;
}

}  // namespace ikada
