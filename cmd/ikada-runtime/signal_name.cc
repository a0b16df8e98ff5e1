#include "cmd/ikada-runtime/signal_name.h"

#include <signal.h>
#include <string.h>

#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {

Result<int> parse_signal_name(std::string_view text) {
  const Result<std::uint64_t> number = parse_unsigned(text, static_cast<std::uint64_t>(SIGRTMAX));
  if (number.has_value() && *number > 0) return static_cast<int>(*number);
  std::string name = lower_case(text);
  if (name.starts_with("sig")) name.erase(0, 3);
  for (int signal = 1; signal < SIGRTMAX; ++signal) {
    const char* known = ::sigabbrev_np(signal);
    if (known != nullptr && lower_case(known) == name) return signal;
  }
  return make_error(ErrorKind::kInvalid, "unknown signal: {}", text);
}

}  // namespace ikada
