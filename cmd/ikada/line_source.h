// A program of ours whose lines somebody else prints: `ikada task logs` of one container, behind
// pipes.
#pragma once

#include <sys/types.h>

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

struct SourceLine {
  std::string text = {};
  bool is_stderr = false;
};

class LineSource {
 public:
  // `command` is the program and its words.
  static Result<LineSource> start(const std::vector<std::string>& command);
  // Ends the program, if it runs still.
  ~LineSource();
  LineSource(LineSource&&) noexcept;
  LineSource& operator=(LineSource&&) = delete;

  // What to wait for: its ends that are open, unless there is enough to print already.
  std::vector<int> wanted_fds() const;
  // Takes what is there on that one, one of wanted_fds().
  void read(int fd);

  // Lines in the order in which they were read.
  std::deque<SourceLine>& lines() { return lines_; }
  bool is_open() const { return out_.fd || err_.fd; }
  // When all has been read: the exit status.
  Result<int> finish();

 private:
  struct End {
    UniqueFd fd;
    std::string rest = {};  // The beginning of a line.
  };

  LineSource(pid_t pid, UniqueFd out, UniqueFd err);
  void take(End& end, bool is_stderr);

  pid_t pid_;
  End out_;
  End err_;
  std::deque<SourceLine> lines_;
};

}  // namespace ikada
