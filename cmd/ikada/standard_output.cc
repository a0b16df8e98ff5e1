#include "cmd/ikada/standard_output.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <atomic>

namespace ikada {
namespace {

std::atomic<int> first_output_error = 0;  // Threads of a pull print, too.

// fopencookie(3): fewer than `size` bytes, never a negative number, say that it failed.
ssize_t write_standard_output(void* /*cookie*/, const char* bytes, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t written = ::write(STDOUT_FILENO, bytes + done, size - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      int none = 0;
      first_output_error.compare_exchange_strong(none, errno);
      break;
    }
    done += static_cast<size_t>(written);
  }
  return static_cast<ssize_t>(done);
}

}  // namespace

void open_standard_output() {
  cookie_io_functions_t functions{};
  functions.write = write_standard_output;
  FILE* stream = ::fopencookie(nullptr, "w", functions);
  if (stream == nullptr) return;
  if (::isatty(STDOUT_FILENO) == 1) ::setvbuf(stream, nullptr, _IOLBF, 0);
  stdout = stream;
}

int settle_standard_output() {
  const bool arrived = ::fflush(stdout) == 0 && ::ferror(stdout) == 0;
  const int error = first_output_error;
  return error != 0 || arrived ? error : EIO;
}

}  // namespace ikada
