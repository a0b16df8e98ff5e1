// Drives net/ from outside for the host lane: one verb of ContainerNetwork per run.
//
//   net_probe DIR ensure
//   net_probe DIR address ID
//   net_probe DIR start ID PID [HOST_IP,HOST_PORT,CONTAINER_PORT,PROTOCOL]...
//   net_probe DIR release ID
//   net_probe DIR release-stale ID...       (the ids that live)
//   net_probe DIR time-ensure COUNT         (prints the median of one call in microseconds)
//   net_probe DIR time-publish COUNT
//
// start prints one line of JSON, attaches process PID's network namespace, sets up its inside as
// the container's first process would, and then holds the ports until its stdin ends.
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <span>

#include <fmt/core.h>

#include "net/attachment.h"
#include "net/container_network.h"
#include "net/netlink.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

using Arguments = std::span<char*>;

Result<PublishedPort> parse_mapping(std::string_view text) {
  const auto parts = split(text, ',');
  if (parts.size() != 4) return make_error(ErrorKind::kInvalid, "mapping: {}", text);
  IK_LET(host_port, parse_unsigned(parts[1], UINT16_MAX));
  IK_LET(container_port, parse_unsigned(parts[2], UINT16_MAX));
  return PublishedPort{.host_ip = std::string(parts[0]),
                       .host_port = static_cast<std::uint16_t>(host_port),
                       .container_port = static_cast<std::uint16_t>(container_port),
                       .protocol = std::string(parts[3])};
}

// What the container's first process does: send the prepared bytes, check every answer.
Result<void> set_up_inside(pid_t pid, const InsidePlan& plan) {
  IK_LET(ours, open_file("/proc/self/ns/net", O_RDONLY));
  IK_LET(theirs, open_file(fmt::format("/proc/{}/ns/net", pid), O_RDONLY));
  if (setns(theirs.get(), CLONE_NEWNET) != 0) return errno_error("setns");
  const UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (setns(ours.get(), CLONE_NEWNET) != 0) return errno_error("setns back");
  if (send(socket.get(), plan.messages.data(), plan.messages.size(), 0) < 0) {
    return errno_error("send");
  }
  for (unsigned answered = 0; answered < plan.count; ++answered) {
    struct {
      nlmsghdr header;
      nlmsgerr error;
      std::byte rest[1024];
    } answer{};
    if (recv(socket.get(), &answer, sizeof answer, 0) < 0) return errno_error("receive");
    if (answer.error.error != 0) {
      return errno_error_from(-answer.error.error,
                              fmt::format("message {}", answer.header.nlmsg_seq));
    }
  }
  return {};
}

Result<void> start(ContainerNetwork& network, const std::string& bridge, Arguments arguments) {
  const std::string id = arguments[0];
  IK_LET(pid, parse_unsigned(arguments[1], INT32_MAX));
  std::vector<PublishedPort> ports;
  for (const char* text : arguments.subspan(2)) {
    IK_LET(mapping, parse_mapping(text));
    ports.push_back(mapping);
  }
  IK_TRY(network.ensure_bridge());
  IK_LET(address, network.reserve_address(id));
  IK_LET(sockets, network.reserve_ports(ports));
  IK_TRY(network.publish_ports(id, address, ports));
  const Json json = to_json(NetworkAttachment{.bridge = bridge,
                                              .host_interface = host_interface_name(id),
                                              .address = address.address,
                                              .prefix_length = address.prefix_length,
                                              .gateway = address.gateway,
                                              .mac = address.mac});
  IK_LET(attachment, parse_network_attachment(json));
  IK_TRY(create_veth(attachment, static_cast<pid_t>(pid)));
  IK_TRY(set_up_inside(static_cast<pid_t>(pid), plan_inside(&attachment)));

  Json host_ports = Json::array();
  for (const PublishedPort& mapping : ports) host_ports.push_back(mapping.host_port);
  fmt::print("{}\n", Json{{"address", address.address}, {"host_ports", host_ports}}.dump());
  static_cast<void>(fflush(stdout));
  IK_TRY(read_fd(STDIN_FILENO, 1 << 10).map([](const std::string&) {}));
  return {};
}

template <typename Action>
Result<void> time_median(std::uint64_t count, Action action) {
  std::vector<std::int64_t> micros;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto before = std::chrono::steady_clock::now();
    IK_TRY(action(i));
    const auto taken = std::chrono::steady_clock::now() - before;
    micros.push_back(std::chrono::duration_cast<std::chrono::microseconds>(taken).count());
  }
  std::sort(micros.begin(), micros.end());
  fmt::print("{}\n", micros[micros.size() / 2]);
  return {};
}

Result<void> run(const BridgeConfig& config, std::string_view verb, Arguments arguments) {
  ContainerNetwork network(config);
  if (verb == "ensure") return network.ensure_bridge();
  if (verb == "address") {
    IK_LET(address, network.reserve_address(arguments[0]));
    fmt::print("{}\n", address.address);
    return {};
  }
  if (verb == "start") return start(network, config.name, arguments);
  if (verb == "release") return network.release(arguments[0]);
  if (verb == "release-stale") {
    return network.release_stale([&](const std::string& id) {
      return std::find(arguments.begin(), arguments.end(), id) != arguments.end();
    });
  }
  if (verb == "time-ensure") {
    IK_LET(count, parse_unsigned(arguments[0], 10'000));
    return time_median(count, [&](std::uint64_t) { return network.ensure_bridge(); });
  }
  if (verb == "time-publish") {
    IK_LET(count, parse_unsigned(arguments[0], 10'000));
    return time_median(count, [&](std::uint64_t i) -> Result<void> {
      const std::string id = fmt::format("timed{}", i);
      const auto port = static_cast<std::uint16_t>(20'000 + i);
      std::vector<PublishedPort> ports(1);
      ports[0].host_port = port;
      ports[0].container_port = 80;
      IK_LET(address, network.reserve_address(id));
      return network.publish_ports(id, address, ports);
    });
  }
  return make_error(ErrorKind::kInvalid, "no such verb: {}", verb);
}

}  // namespace
}  // namespace ikada

int main(int count, char** words) {
  if (count < 3) return 2;
  ikada::BridgeConfig config;
  config.state_dir = words[1];
  if (const char* subnet = getenv("NET_PROBE_SUBNET"); subnet != nullptr) config.subnet = subnet;
  if (const char* name = getenv("NET_PROBE_BRIDGE"); name != nullptr) config.name = name;
  const auto result =
      ikada::run(config, words[2], std::span(words + 3, static_cast<size_t>(count) - 3));
  if (result) return 0;
  fmt::print(stderr, "net_probe: {}\n", result.error().message);
  return 1;
}
