#include "image/registry/log.h"

#include <stdlib.h>

#include <algorithm>
#include <memory>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace ikada::registry {
namespace {

constexpr size_t kMostBytes = 512;

bool is_plain(char c) {
  return static_cast<unsigned char>(c) > ' ' && static_cast<unsigned char>(c) < 0x7f && c != '"' &&
         c != '\\';
}

}  // namespace

void log_info(std::string_view line) { spdlog::info(line); }
void log_warning(std::string_view line) { spdlog::warn(line); }
void log_error(std::string_view line) { spdlog::error(line); }

void set_up_log() {
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>()));
  const bool journal = ::getenv("JOURNAL_STREAM") != nullptr;
  spdlog::set_pattern(journal ? "%l: %v" : "%Y-%m-%dT%H:%M:%S.%e%z %l: %v");
}

std::string quoted_value(std::string_view value) {
  const std::string_view shown = value.substr(0, kMostBytes);
  if (!shown.empty() && std::ranges::all_of(shown, is_plain)) return std::string(shown);
  std::string text = "\"";
  for (const char c : shown) {
    if (is_plain(c) || c == ' ') {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text + "\"";
}

}  // namespace ikada::registry
