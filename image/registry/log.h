// What the registry says on standard error: one event a line, "request user=ada method=GET …".
//
// With time and level, unless systemd's journal adds the time. Values that others chose pass
// through quoted_value(). From any thread.
#pragma once

#include <string>
#include <string_view>

namespace ikada::registry {

void log_info(std::string_view line);
void log_warning(std::string_view line);
void log_error(std::string_view line);

// As it is if it is one plain word, otherwise in quotes with escapes: it ends no line and moves no
// cursor. What is very long is cut.
std::string quoted_value(std::string_view value);

}  // namespace ikada::registry
