#include "cmd/ikada/context.h"

#include <stdio.h>

#include <string>

namespace ikada {

std::string printable(const std::string& text) {
  std::string shown;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      shown += "\\n";
    } else if (byte < ' ' || byte == 0x7f) {
      shown += fmt::format("\\x{:02x}", byte);
    } else {
      shown += c;
    }
  }
  return shown;
}

void Context::finish(const Result<void>& result, int status) {
  if (result.has_value()) return;
  report(result.error());
  exit_status = status;
}

void Context::report(const Error& error) const {
  ::fflush(stdout);
  ::fprintf(stderr, "ikada %s: %s\n", command.c_str(), printable(error.message).c_str());
}

}  // namespace ikada
