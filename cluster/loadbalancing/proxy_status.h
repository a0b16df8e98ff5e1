// What a running HAProxy says of itself: its servers and what it counts.
//
// Source: HAProxy 2.6 Management Guide, 9.1 "CSV format".
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

// One server of a section.
struct ProxyServer {
  std::string address = {};       // With port.
  std::string status = {};        // "UP", "UP 1/2", "DOWN", "MAINT", "DRAIN", "no check" and so on.
  std::string check_status = {};  // "L7OK", "L4CON"; "INI" before the first; empty without checks.
  int check_code = 0;             // The HTTP status of the last check; 0 if there was none.
  int weight = 0;                 // As it was set, whatever slow start makes of it.
  std::int64_t sessions = 0;      // Requests in flight.

  bool is_up() const { return status.starts_with("UP") || status == "no check"; }
  bool is_down() const { return status.starts_with("DOWN"); }
  bool is_maintained() const { return status.starts_with("MAINT"); }
  bool is_drained() const { return status.starts_with("DRAIN"); }
  // Whether its last check went well.
  bool has_passed() const { return check_status.ends_with("OK") || check_status.ends_with("OKC"); }
};

// Sums since the worker started; times are averages over the last 1024 requests.
struct SectionCounts {
  std::int64_t requests = 0;
  std::array<std::int64_t, 5> responses = {};  // 1xx to 5xx.
  std::int64_t connection_errors = 0;
  std::int64_t sessions = 0;
  std::int64_t bytes_in = 0;
  std::int64_t bytes_out = 0;
  std::int64_t response_ms = 0;
};

// Of the clients of a listener.
struct ConnectionCounts {
  std::int64_t opened = 0;  // Since the worker started.
  std::int64_t open = 0;
};

struct ProxyStatus {
  std::map<std::string, std::map<std::string, ProxyServer>> servers = {};  // By section and name.
  std::map<std::string, SectionCounts> counts = {};                        // By section.
  std::map<std::string, ConnectionCounts> connections = {};                // By listener's section.
  // Requests in flight of workers that ended their service at a reload; by server.
  std::map<std::string, std::int64_t> lingering = {};
};

// Reads the answer to "show stat -1 6 -1", or to several of the kind. kInvalid if it is none.
Result<ProxyStatus> parse_proxy_status(std::string_view csv);

// Puts what `part` says of some sections into `status`.
void replace_sections(ProxyStatus& status, ProxyStatus part);

// Counts what `old_worker` still does.
void add_lingering(ProxyStatus& status, const ProxyStatus& old_worker);

}  // namespace ikada
