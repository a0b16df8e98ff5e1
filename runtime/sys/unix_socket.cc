#include "runtime/sys/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "runtime/sys/file.h"

namespace ikada {
namespace {

struct NamedAddress {
  UniqueFd directory;  // The address refers to it.
  std::string name;
  sockaddr_un address{};

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

Result<NamedAddress> address_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  NamedAddress named;
  named.name = slash == std::string::npos ? path : path.substr(slash + 1);
  IK_LET(directory,
         open_file(slash == std::string::npos ? "." : path.substr(0, slash + 1),
                   O_PATH | O_DIRECTORY));
  named.directory = std::move(directory);
  const std::string short_path =
      fmt::format("/proc/self/fd/{}/{}", named.directory.get(), named.name);
  named.address.sun_family = AF_UNIX;
  if (short_path.size() >= sizeof named.address.sun_path) {
    return make_error(ErrorKind::kInvalid, "socket name too long: {}", named.name);
  }
  short_path.copy(named.address.sun_path, short_path.size());
  return named;
}

}  // namespace

Result<UniqueFd> listen_unix(const std::string& path, int type) {
  constexpr int kBacklog = 64;
  IK_LET(named, address_of(path));
  UniqueFd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return errno_error("socket");
  if (::fchmod(socket.get(), 0600) != 0) return errno_error("chmod socket {}", path);
  if (::unlinkat(named.directory.get(), named.name.c_str(), 0) != 0 && errno != ENOENT) {
    return errno_error("remove {}", path);
  }
  if (::bind(socket.get(), named.get(), sizeof named.address) != 0) {
    return errno_error("bind {}", path);
  }
  if (::listen(socket.get(), kBacklog) != 0) return errno_error("listen at {}", path);
  return socket;
}

Result<UniqueFd> connect_unix(const std::string& path, int type) {
  IK_LET(named, address_of(path));
  UniqueFd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (!socket) return errno_error("socket");
  if (::connect(socket.get(), named.get(), sizeof named.address) == 0) return socket;
  if (errno == ENOENT || errno == ECONNREFUSED) {
    return make_error(ErrorKind::kNotFound, "nobody listens at {}", path);
  }
  return errno_error("connect to {}", path);
}

Result<SocketPair> create_socket_pair(int type) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0) return errno_error("socketpair");
  return SocketPair{.ours = UniqueFd(ends[0]), .theirs = UniqueFd(ends[1])};
}

Result<void> send_descriptor(int socket, int fd) {
  char byte = 0;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  iovec part{.iov_base = &byte, .iov_len = 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  while (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return errno_error("send a descriptor");
  }
  return {};
}

Result<UniqueFd> receive_descriptor(int socket) {
  std::array<char, 256> text{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  iovec part{.iov_base = text.data(), .iov_len = text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (size < 0 && errno != EAGAIN) return errno_error("receive a descriptor");
  const cmsghdr* header = size < 0 ? nullptr : CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
    return make_error(ErrorKind::kUnavailable, "no descriptor was sent");
  }
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return UniqueFd(fd);
}

}  // namespace ikada
