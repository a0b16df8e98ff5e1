// A target group as two sections of HAProxy's configuration, and its servers.
//
// "g:NAME" has the targets with their checks. A server starts there with weight 0 and gets its
// share of the requests once a check has passed, because HAProxy takes a new server for healthy
// until a check says otherwise. "o:NAME" (open) has the same targets without checks, and gets the
// requests when no target of the first is healthy.
//
// Of network load balancers HAProxy makes the checks, and carries what does not pass the kernel's
// table: connections of the host's own to 127.0.0.1.
//
// Source: HAProxy 2.6 Configuration Manual, 4.2, 5.2; Management Guide, 9.3 "add server".
#pragma once

#include <string>
#include <vector>

#include "cluster/loadbalancing/balancer_plan.h"

namespace ikada {

inline constexpr int kFullWeight = 100;

// A server's name: a hash, because clients see it in cookies. Another address is another server.
std::string server_name(const PlannedTarget& target);

// "10.0.0.7:8080"
std::string server_address(const PlannedTarget& target);

// What HAProxy has to know of each server of the two sections, beside name, address and weight.
std::string checked_server_options(const PlannedGroup& group);
std::string open_server_options(const PlannedGroup& group);

bool has_checks(const PlannedGroup& group);

// Whether clients are to come back to the target that served them first.
bool is_sticky(const PlannedGroup& group);

// The sections' lines, without servers and the "backend" lines themselves.
struct GroupTimes {
  int idle_seconds = 60;  // The longest of the balancers that use it.
};
std::vector<std::string> checked_section_lines(const PlannedGroup& group, const GroupTimes& times);
std::vector<std::string> open_section_lines(const PlannedGroup& group, const GroupTimes& times);

// A number among attributes; `otherwise` if it is absent, or not a number from `least` to `most`.
struct NumberLimits {
  int least = 0;
  int most = 0;
  int otherwise = 0;
};
int attribute_number(const std::map<std::string, std::string>& attributes,
                     const std::string& name,
                     const NumberLimits& limits);
std::string attribute_text(const std::map<std::string, std::string>& attributes,
                           const std::string& name);

}  // namespace ikada
