#include <errno.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/init/child.h"

namespace ikada {
namespace {

InitReport bring_up_loopback() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed(InitStep::kLoopback, errno);
  ifreq request{};
  ::memcpy(request.ifr_name, "lo", sizeof("lo"));
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const int result = ::ioctl(fd, SIOCSIFFLAGS, &request);
  const int error = errno;
  ::close(fd);
  return result == 0 ? InitReport{} : failed(InitStep::kLoopback, error);
}

// Counts the acknowledgements in one datagram; the first refusal is the failure.
InitReport read_answers(const char* bytes, size_t size, unsigned& answers) {
  const auto* header = reinterpret_cast<const nlmsghdr*>(bytes);
  auto rest = static_cast<unsigned>(size);
  for (; NLMSG_OK(header, rest); header = NLMSG_NEXT(header, rest)) {
    if (header->nlmsg_type != NLMSG_ERROR) continue;
    const auto* answer = static_cast<const nlmsgerr*>(NLMSG_DATA(header));
    ++answers;
    if (answer->error != 0) {
      return failed(InitStep::kNetwork, -answer->error, 0, header->nlmsg_seq);
    }
  }
  return {};
}

InitReport send_messages(const NetworkPlan& plan) {
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return failed(InitStep::kNetwork, errno);
  if (::send(fd, plan.messages.data(), plan.messages.size(), 0) < 0) {
    return failed(InitStep::kNetwork, errno);
  }
  alignas(nlmsghdr) char buffer[8192];
  unsigned answers = 0;
  InitReport report;
  while (answers < plan.message_count && !is_failure(report)) {
    const ssize_t got = ::recv(fd, buffer, sizeof(buffer), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed(InitStep::kNetwork, errno);
    report = read_answers(buffer, static_cast<size_t>(got), answers);
  }
  ::close(fd);
  return report;
}

}  // namespace

InitReport set_up_network(const NetworkPlan& plan) {
  if (!plan.messages.empty()) return send_messages(plan);
  if (plan.bring_up_loopback) return bring_up_loopback();
  return {};
}

}  // namespace ikada
