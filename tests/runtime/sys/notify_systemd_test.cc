#include "runtime/sys/notify_systemd.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include <doctest/doctest.h>

#include "runtime/base/unique_fd.h"

namespace ikada {
namespace {

TEST_CASE("without a service manager nothing is sent") {
  CHECK(notify_systemd("", "READY=1").has_value());
}

TEST_CASE("a name that is no socket's is refused") {
  CHECK(notify_systemd("relative", "READY=1").error().kind == ErrorKind::kInvalid);
  CHECK(notify_systemd("/" + std::string(200, 'x'), "READY=1").error().kind == ErrorKind::kInvalid);
}

TEST_CASE("the state arrives as one datagram at an abstract socket") {
  const UniqueFd manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  // An empty name lets the kernel choose one.
  REQUIRE(::bind(manager.get(),
                 reinterpret_cast<const sockaddr*>(&address),
                 sizeof(address.sun_family)) == 0);
  socklen_t length = sizeof(address);
  REQUIRE(::getsockname(manager.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
  std::string name(address.sun_path, length - offsetof(sockaddr_un, sun_path));
  name[0] = '@';

  const Result<void> sent = notify_systemd(name, "READY=1");

  char buffer[64];
  CHECK(sent.has_value());
  const ssize_t size = ::recv(manager.get(), buffer, sizeof(buffer), MSG_DONTWAIT);
  CHECK(std::string(buffer, size > 0 ? static_cast<size_t>(size) : 0) == "READY=1");
}

}  // namespace
}  // namespace ikada
