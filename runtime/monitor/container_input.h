// What clients type, on its way to the container's stdin: a pipe or a pty master.
//
// The container may not read; then bytes wait here, and while wants_more() is false the clients are
// not read, so that at most one message over the limit waits.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/unique_fd.h"

namespace ikada {

class ContainerInput {
 public:
  // `fd` does not block. With a terminal it is the master, which others use too.
  ContainerInput(UniqueFd fd, bool terminal) : fd_(std::move(fd)), terminal_(terminal) {}

  // -1 once it is closed.
  int fd() const { return fd_.get(); }
  bool wants_more() const { return waiting_.size() < kLimit; }
  bool has_waiting() const { return !waiting_.empty(); }

  void add(std::string_view bytes);

  // No more will come: closes a pipe when the waiting bytes are through. A terminal stays open.
  void end();

  // Writes what can be written. A reader that is gone closes the pipe.
  void write_waiting();

 private:
  static constexpr size_t kLimit = size_t{64} << 10;
  void close();

  UniqueFd fd_;
  bool terminal_;
  bool ended_ = false;
  std::string waiting_;
};

}  // namespace ikada
