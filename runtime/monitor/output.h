// One stream of the container's output: a pipe, or the pty's master.
//
// Source: ioctl_tty(2): reading a master gives EIO while nobody has the other side open.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "runtime/base/unique_fd.h"
#include "runtime/monitor/line_splitter.h"
#include "runtime/monitor/log_line.h"

namespace ikada {

class Output {
 public:
  // `fd` does not block.
  Output(UniqueFd fd, LogStream stream, bool terminal)
      : fd_(std::move(fd)), stream_(stream), terminal_(terminal) {}

  LineSplitter lines;
  std::uint32_t polled_events = 0;  // For Poller::want().

  int fd() const { return fd_.get(); }  // -1 once it has ended.
  LogStream stream() const { return stream_; }

  // What there is to read now, at most the buffer's size. Empty if there is nothing; then the
  // stream may have ended, see fd(). A terminal ends only after container_ended().
  std::string_view read_some(std::span<char> buffer);

  // Nobody new will open the terminal.
  void container_ended();

  void close() { fd_.reset(); }

 private:
  void keep_terminal_open();

  UniqueFd fd_;
  LogStream stream_;
  bool terminal_;
  bool container_has_ended_ = false;
  UniqueFd other_side_;
};

}  // namespace ikada
