#include "runtime/monitor/output.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>

namespace ikada {

std::string_view Output::read_some(std::span<char> buffer) {
  const ssize_t size = ::read(fd_.get(), buffer.data(), buffer.size());
  if (size > 0) return {buffer.data(), static_cast<size_t>(size)};
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  if (terminal_ && !container_has_ended_ && !other_side_) {
    keep_terminal_open();
  } else {
    close();
  }
  return {};
}

// The container has closed its terminal but may open it again, /dev/console for one. With the other
// side open here, reading gives EAGAIN instead of EIO, and waiting is possible.
void Output::keep_terminal_open() {
  other_side_ = UniqueFd(::ioctl(fd_.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!other_side_) close();
}

void Output::container_ended() {
  container_has_ended_ = true;
  other_side_.reset();
}

}  // namespace ikada
