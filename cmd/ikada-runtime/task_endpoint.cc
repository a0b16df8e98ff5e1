// Opens what the agent answers tasks on, inside a container's network namespace: the agent itself
// never enters one.
#include <fcntl.h>
#include <sched.h>

#include "cmd/ikada-runtime/arguments.h"
#include "cmd/ikada-runtime/commands.h"
#include "net/steered_listener.h"
#include "runtime/base/number.h"
#include "runtime/sys/file.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {
namespace {

constexpr std::uint64_t kMaxDescriptor = 1 << 20;

Result<void> join_network_of(const std::string& pid) {
  IK_LET(number, parse_unsigned(pid, INT32_MAX).context("--pid"));
  IK_LET(network, open_file(fmt::format("/proc/{}/ns/net", number), O_RDONLY));
  if (::setns(network.get(), CLONE_NEWNET) != 0) return errno_error("join the network of {}", pid);
  return {};
}

}  // namespace

Result<int> task_endpoint_command(const RuntimeContext& /*context*/, Words words) {
  std::string pid;
  std::string socket;
  const std::array<Option, 2> options = {
      Option{.name = "--pid", .letter = "", .value = &pid},
      Option{.name = "--socket", .letter = "", .value = &socket}};
  IK_LET(arguments, parse_all(words, options));
  if (arguments.size() != 2 || socket.empty()) {
    return make_error(ErrorKind::kInvalid, "expected --socket FD ADDRESS PORT");
  }
  IK_LET(fd, parse_unsigned(socket, kMaxDescriptor).context("--socket"));
  IK_LET(port, parse_unsigned(arguments[1], UINT16_MAX).context("port"));
  if (!pid.empty()) IK_TRY(join_network_of(pid));
  IK_LET(opened, open_steered_listener(arguments[0], static_cast<std::uint16_t>(port)));
  IK_TRY(send_descriptor(static_cast<int>(fd), opened.listener.get()));
  IK_TRY(send_descriptor(static_cast<int>(fd), opened.link.get()));
  return 0;
}

}  // namespace ikada
