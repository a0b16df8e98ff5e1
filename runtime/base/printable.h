// Texts that others chose, for messages and logs.
#pragma once

#include <string>
#include <string_view>

namespace ikada {

// What others wrote, on one line and for any terminal: control characters, also those of Unicode
// that turn a line's direction, and bytes that are no UTF-8 are shown as \n or \xNN.
std::string printable(std::string_view text);

// The same in double quotes, in which nothing ends them before the end.
std::string in_quotes(std::string_view text);

}  // namespace ikada
