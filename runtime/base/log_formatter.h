// How a program's log looks: one event is one line, and nothing in it moves a terminal's cursor,
// whatever others chose of it. Nobody who logs has to care for that.
//
// With time and level, unless systemd's journal adds the time. For programs that link spdlog.
#pragma once

#include <stdlib.h>

#include <memory>
#include <string>
#include <utility>

#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>

#include "runtime/base/printable.h"

namespace ikada {

class LogFormatter final : public spdlog::formatter {
 public:
  LogFormatter()
      : lines_(::getenv("JOURNAL_STREAM") != nullptr ? "%l: %v" : "%Y-%m-%dT%H:%M:%S.%e%z %l: %v") {
  }

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    const std::string text = printable({message.payload.data(), message.payload.size()});
    spdlog::details::log_msg shown = message;
    shown.payload = text;
    lines_.format(shown, line);
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LogFormatter>();
  }

 private:
  spdlog::pattern_formatter lines_;
};

}  // namespace ikada
