// A terminal handed through to a container: every key is a byte, nothing is echoed or interpreted
// here.
//
// Source: termios(3), ioctl_tty(2).
#pragma once

#include <termios.h>

#include "runtime/base/result.h"

namespace ikada {

// Sets a terminal raw and back again when it dies.
class RawTerminal {
 public:
  // kInvalid if `fd` is not a terminal. `fd` stays the caller's and must outlive this.
  static Result<RawTerminal> enter(int fd);

  RawTerminal(RawTerminal&& other) noexcept;
  RawTerminal& operator=(RawTerminal&&) = delete;
  ~RawTerminal();

 private:
  RawTerminal(int fd, const termios& before) : fd_(fd), before_(before) {}

  int fd_;  // -1: nothing to set back.
  termios before_;
};

}  // namespace ikada
