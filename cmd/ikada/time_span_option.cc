#include "cmd/ikada/time_span_option.h"

#include <string>

#include <fmt/core.h>

#include "image/registry/config.h"

namespace ikada {

CLI::Validator as_seconds(std::int64_t most_s) {
  const auto read = [most_s](std::string& text) -> std::string {
    const Result<std::chrono::seconds> span = registry::parse_duration(text);
    if (!span.has_value()) return span.error().message;
    if (span->count() < 1 || span->count() > most_s) {
      return fmt::format("invalid duration '{}': expected one from 1s to {}s", text, most_s);
    }
    text = std::to_string(span->count());
    return "";
  };
  return CLI::Validator(read, "");
}

}  // namespace ikada
