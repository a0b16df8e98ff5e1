// The path by which a descriptor's file is named again.
//
// Source: proc_pid_fd(5).
#pragma once

namespace ikada {

// "/proc/self/fd/N" without memory of the heap, for use between clone and exec.
class FdPath {
 public:
  explicit FdPath(int fd);
  const char* c_str() const { return text_; }

 private:
  char text_[32];
};

}  // namespace ikada
