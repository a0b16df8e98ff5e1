// What the monitor has to say to the host's operator while its container runs: it has no terminal
// then, so the system log hears it.
//
// Source: RFC 3164 as local syslog daemons and journald take it at /dev/log.
#pragma once

#include <string_view>

namespace ikada {

// One line with priority daemon.warning. Never waits; without a system log it is lost.
void warn_system_log(std::string_view message);

}  // namespace ikada
