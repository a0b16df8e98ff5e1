#include "runtime/container/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

namespace ikada {

Result<ReportReply> receive_report(int fd) {
  ReportReply reply;
  iovec part{&reply.report, sizeof(reply.report)};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  ssize_t got = 0;
  do {
    got = ::recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno != ECONNRESET) return errno_error("wait for the container's process");
  if (got <= 0) return reply;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    int attached = -1;
    ::memcpy(&attached, CMSG_DATA(header), sizeof(int));
    reply.attached.reset(attached);
  }
  if (got != static_cast<ssize_t>(sizeof(reply.report))) {
    return make_error(ErrorKind::kInternal, "a report of {} bytes", got);
  }
  reply.is_there = true;
  return reply;
}

Result<void> send_go(int fd) {
  while (::send(fd, &kGoByte, 1, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return errno_error("let the container's process go on");
  }
  return {};
}

}  // namespace ikada
