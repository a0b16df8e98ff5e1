#include "runtime/monitor/poller.h"

#include <cerrno>

namespace ikada {

Result<Poller> Poller::create() {
  UniqueFd fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!fd) return errno_error("epoll_create1");
  return Poller(std::move(fd));
}

Result<void> Poller::want(int fd, std::uint32_t events, std::uint32_t& known) {
  if (events == known) return {};
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  const int operation = known == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
  if (::epoll_ctl(fd_.get(), operation, fd, &event) != 0) return errno_error("epoll_ctl {}", fd);
  known = events;
  return {};
}

Result<std::span<const epoll_event>> Poller::wait(int timeout_ms) {
  const int count =
      ::epoll_wait(fd_.get(), events_.data(), static_cast<int>(events_.size()), timeout_ms);
  if (count < 0 && errno != EINTR) return errno_error("epoll_wait");
  return std::span<const epoll_event>(events_.data(), static_cast<size_t>(count < 0 ? 0 : count));
}

}  // namespace ikada
