// What HAProxy tells of each request that it has answered: one datagram each.
//
// The values stand one a line, in the order of `RequestRecord`; no value can hold a line's end. Of
// a listener without an access log only what metrics need is told. A busy listener tells of one
// request in so many, drawn at random, and the busier the fewer: each such record stands for so
// many. To tell of a request costs nearly as much as to pass it on. The last value of the metrics
// is nobody's to read: writing it sets how many the next one stands for.
//
// Source: HAProxy 2.6 Configuration Manual, 8.2.4 "Custom log format", "log", "http-request
// set-log-level".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/loadbalancing/balancer_plan.h"

namespace ikada {

// A listener tells of all its requests up to `all` a second; above that, of about `some` a second.
struct ToldRate {
  int all;
  int some;
};
inline constexpr ToldRate kToldRate = {.all = 1000, .some = 200};
inline constexpr ToldRate kLoggedRate = {.all = 4000, .some = 1000};  // With an access log.

// Times in milliseconds; -1 for what it did not come to.
struct RequestRecord {
  std::string listener = {};  // Its section, "l:NAME".
  std::string section = {};   // Of the group, "g:NAME" or "o:NAME"; the listener's without one.
  int status = 0;
  std::int64_t receive_ms = -1;
  std::int64_t queue_ms = -1;
  std::int64_t connect_ms = -1;
  std::int64_t response_ms = -1;  // Until the target's headers came.
  std::int64_t total_ms = -1;
  std::int64_t received_bytes = 0;
  std::int64_t sent_bytes = 0;
  std::int64_t weight = 1;  // How many requests it stands for.

  // With an access log; "-" where there is none, as HAProxy writes it.
  std::string client = "-";  // Address and port.
  std::string target = "-";  // Likewise; "-:-".
  std::string rule = "-";    // By its place among the listener's rules, from 1; 0: the default one.
  std::string cipher = "-";
  std::string tls = "-";
  std::string method = "-";
  std::string version = "-";  // "HTTP/1.1".
  std::string uri = "-";      // Other than printable ASCII, '"' and '#' are "#HH".
  std::string host = "-";
  std::string agent = "-";
  std::string server_name = "-";  // That a client of TLS asked for.
  std::string location = "-";     // The answer's header.

  // Whether a target has answered; otherwise HAProxy did.
  bool is_answered_by_target() const { return response_ms >= 0; }
};

// The name of the section of a listener, "l:NAME".
std::string listener_section(std::string_view listener);

// The line of the section "global" that the listener's lines need.
std::string request_log_start(const PlannedListener& listener);

// The lines of a listener's section; none without a place to tell, as the workers reach it.
std::vector<std::string> request_log_lines(const PlannedListener& listener,
                                           const std::string& told_at);

// Nothing for what is no such datagram.
std::optional<RequestRecord> parse_request_record(std::string_view datagram);

}  // namespace ikada
