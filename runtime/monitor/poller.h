// The set of descriptors that the monitor waits for: epoll without events that nobody wants.
//
// epoll reports hang-ups even of descriptors that it is asked nothing about, which would make the
// loop spin; so a descriptor without wanted events is taken out of the set altogether.
//
// Source: epoll_ctl(2).
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <span>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"

namespace ikada {

class Poller {
 public:
  static Result<Poller> create();

  // Waits for `events` (EPOLLIN, EPOLLOUT) of `fd` from now on; 0 forgets it. `known` is what was
  // asked last time and is the caller's to keep. A closed descriptor leaves by itself.
  Result<void> want(int fd, std::uint32_t events, std::uint32_t& known);

  // What has happened, after at most `timeout_ms` (-1: however long). The descriptor is data.fd.
  Result<std::span<const epoll_event>> wait(int timeout_ms);

 private:
  explicit Poller(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
  std::array<epoll_event, 16> events_{};
};

}  // namespace ikada
