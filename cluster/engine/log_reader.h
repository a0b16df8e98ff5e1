// Reads a container's log: its rotated files as one, from the oldest line to the newest, and with
// `follow` on until the container has ended.
//
// Files that are rotated away while they are read are finished first and then followed to the next
// one; nothing is missed as long as a whole set of files is not rotated away in between.
//
// Source: runtime/monitor/log_writer.h for the files, log_line.h for the lines; inotify(7).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/monitor/log_line.h"

namespace ikada {

struct LogQuery {
  std::optional<UnixNanos> since = {};     // Lines at this time or later.
  std::optional<UnixNanos> until = {};     // Lines before this time.
  std::optional<std::uint64_t> tail = {};  // So many lines from the end on.
  bool follow = false;
};

struct LogSink {
  // Takes a line; false ends the reading.
  std::function<bool(const LogLine&)> take;
  // All that is there has been taken; now we wait for more, or are done.
  std::function<void()> pause = [] {};
};

class LogReader {
 public:
  // `path` is the current file's; no file at all is an empty log.
  explicit LogReader(std::string path) : path_(std::move(path)) {}

  // Passes the lines of `query` to `sink`. With follow it ends when has_ended() was true before the
  // last look at the files; that is asked after every change of the directory and every second.
  Result<void> read(const LogQuery& query,
                    const LogSink& sink,
                    const std::function<bool()>& has_ended);

 private:
  struct File {
    UniqueFd fd;
    ino_t inode = 0;
    off_t offset = 0;  // Where reading goes on.
  };

  Result<std::vector<File>> open_newer_than(ino_t last) const;
  Result<bool> read_all(const LogQuery& query, const LogSink& sink);
  Result<bool> read_file(File& file, const LogQuery& query, const LogSink& sink);

  std::string path_;
  std::vector<File> files_;  // Oldest first; the last may still grow.
};

}  // namespace ikada
