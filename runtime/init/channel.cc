#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/init/child.h"

namespace ikada {

InitReport failed(InitStep step, int error, unsigned item, unsigned detail) {
  return InitReport{.step = step, .error = error, .item = item, .detail = detail};
}

void send_report(int fd, const InitReport& report, int attached_fd) {
  iovec part{const_cast<InitReport*>(&report), sizeof(report)};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (attached_fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    ::memcpy(CMSG_DATA(header), &attached_fd, sizeof(int));
  }
  while (::sendmsg(fd, &message, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

bool wait_for_go(int fd) {
  char byte = 0;
  while (true) {
    const ssize_t got = ::recv(fd, &byte, 1, 0);
    if (got < 0 && errno == EINTR) continue;
    return got == 1 && byte == kGoByte;
  }
}

}  // namespace ikada
