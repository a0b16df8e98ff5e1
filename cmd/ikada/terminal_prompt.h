// Questions to the person at the terminal.
//
// Source: termios(3).
#pragma once

#include <string>

#include "runtime/base/result.h"

namespace ikada {

// Writes `question` to stderr and reads a line from stdin, without its newline. kInvalid at the end
// of the input.
Result<std::string> prompt_line(const std::string& question);

// The same without showing what is typed. The terminal's settings are put back also when Ctrl-C
// ends the program.
Result<std::string> prompt_password(const std::string& question);

}  // namespace ikada
