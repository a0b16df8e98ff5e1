#include "runtime/monitor/container_input.h"

#include <unistd.h>

#include <cerrno>

namespace ikada {

void ContainerInput::add(std::string_view bytes) {
  if (!fd_ || ended_) return;
  waiting_ += bytes;
  write_waiting();
}

void ContainerInput::end() {
  if (terminal_) return;
  ended_ = true;
  if (waiting_.empty()) close();
}

void ContainerInput::write_waiting() {
  size_t done = 0;
  while (fd_ && done < waiting_.size()) {
    const ssize_t written = ::write(fd_.get(), waiting_.data() + done, waiting_.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) break;
    if (written < 0) {
      // EPIPE: nobody reads any more. EIO: nobody has the terminal open just now.
      if (!terminal_) return close();
      waiting_.clear();
      return;
    }
    done += static_cast<size_t>(written);
  }
  waiting_.erase(0, done);
  if (waiting_.empty()) waiting_.shrink_to_fit();
  if (waiting_.empty() && ended_) close();
}

void ContainerInput::close() {
  fd_.reset();
  waiting_ = {};
}

}  // namespace ikada
