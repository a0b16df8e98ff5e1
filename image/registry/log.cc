#include "image/registry/log.h"

#include <unistd.h>

#include <algorithm>
#include <memory>

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include "runtime/base/log_formatter.h"

namespace ikada::registry {
namespace {

constexpr size_t kMostBytes = 512;

bool is_plain(char c) {
  return static_cast<unsigned char>(c) > ' ' && static_cast<unsigned char>(c) < 0x7f && c != '"' &&
         c != '\\';
}

// One write(2) for each line, so that lines of several threads do not mix.
class StandardError final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    // Nobody can be told that it failed.
    static_cast<void>(::write(STDERR_FILENO, line.data(), line.size()) < 0);
  }
  void flush_() override {}
};

// Each thread has its own: with a shared one, a loop would wait while another one writes.
spdlog::logger& logger() {
  thread_local const std::unique_ptr<spdlog::logger> own = [] {
    auto made = std::make_unique<spdlog::logger>("", std::make_shared<StandardError>());
    made->set_formatter(std::make_unique<LogFormatter>());
    return made;
  }();
  return *own;
}

}  // namespace

void log_info(std::string_view line) { logger().info(line); }
void log_warning(std::string_view line) { logger().warn(line); }
void log_error(std::string_view line) { logger().error(line); }

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
