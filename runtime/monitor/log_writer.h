// A container's log: files of log_line.h's lines, rotated by size.
//
// The current file is PATH, older ones are PATH.1 (newest), PATH.2 … A file is never truncated: a
// reader that has one open can finish it. Lines are never split between files. If a write fails,
// say because the disk is full, the lines that cannot be written are counted and given up, the
// file keeps only whole lines, and writing goes on as soon as it works again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/monitor/log_line.h"

namespace ikada {

struct LogFiles {
  std::string path;             // Empty: nothing is written.
  std::uint64_t max_bytes = 0;  // 0: never rotate.
  std::uint32_t max_files = 1;  // With the current one.
};

// PATH.(n-2) becomes PATH.(n-1) and so on; PATH becomes PATH.1; the oldest is replaced.
Result<void> rotate_log_files(const LogFiles& files);

class LogWriter {
 public:
  // `warn` is told in one line of the first failure, and of the recovery from it.
  static Result<LogWriter> open(LogFiles files, std::function<void(std::string_view)> warn);

  // Takes a line; it may stay in memory (at most 32 KiB of them) until flush().
  void append(const LogLine& line);

  void flush();

  std::uint64_t lost_lines() const { return lost_lines_; }

 private:
  LogWriter(LogFiles files, std::function<void(std::string_view)> warn)
      : files_(std::move(files)), warn_(std::move(warn)) {}

  Result<void> open_current();
  Result<void> rotate();
  size_t write_some(std::string_view bytes);
  void give_up(std::string_view rest);

  LogFiles files_;
  std::function<void(std::string_view)> warn_;
  UniqueFd fd_;
  std::uint64_t size_ = 0;   // Of the current file.
  UnixNanos last_time_ = 0;  // Many lines have the same.
  std::string last_time_text_;
  std::string pending_;   // Whole lines.
  std::string cut_line_;  // The rest of a line whose beginning is in the file already.
  std::uint64_t lost_lines_ = 0;
  bool failing_ = false;
  bool rotation_failed_ = false;
};

}  // namespace ikada
