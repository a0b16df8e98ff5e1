// One line of a container's log file: "2016-10-06T00:17:09.669794202Z stdout F message\n".
//
// 'F' means the line was whole, 'P' that it goes on in the next record of that stream (it was cut
// at 16 KiB, or the container ended without a newline). Bytes are as the container wrote them.
//
// Source: Kubernetes CRI logging format (design-proposals-archive, kubelet-cri-logging.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/clock.h"

namespace ikada {

enum class LogStream { kStdout, kStderr };

struct LogLine {
  UnixNanos time = 0;
  LogStream stream = LogStream::kStdout;
  bool partial = false;
  std::string_view text;  // Without the newline.
};

void append_log_line(std::string& out, const LogLine& line);

// The same for who has the line's time as text already, say of the line before.
void append_log_line(std::string& out, std::string_view time_text, const LogLine& line);

// One line without its newline; nullopt if it is not in the format.
std::optional<LogLine> parse_log_line(std::string_view line);

}  // namespace ikada
