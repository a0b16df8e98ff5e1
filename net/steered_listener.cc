#include "net/steered_listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstddef>

#include "net/netlink.h"

namespace ikada {
namespace {

constexpr int kLoopback = 1;
constexpr int kBacklog = 64;

int bpf(int command, bpf_attr& attributes) {
  return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof(attributes)));
}

bpf_insn instruction(int code, int destination, int source, int offset, int immediate) {
  bpf_insn result = {};
  result.code = static_cast<std::uint8_t>(code);
  result.dst_reg = destination & 0xf;
  result.src_reg = source & 0xf;
  result.off = static_cast<std::int16_t>(offset);
  result.imm = immediate;
  return result;
}

bpf_insn load_field(size_t offset) {
  return instruction(BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_6, static_cast<int>(offset), 0);
}

bpf_insn copy_register(int to, int from) {
  return instruction(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0);
}

bpf_insn set_register(int to, int value) {
  return instruction(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value);
}

bpf_insn call(int function) { return instruction(BPF_JMP | BPF_CALL, 0, 0, 0, function); }

Result<void> add_address(std::uint32_t address) {
  NetlinkBatch batch;
  batch.begin(RTM_NEWADDR, NLM_F_CREATE);
  batch.put(ifaddrmsg{.ifa_family = AF_INET,
                      .ifa_prefixlen = 32,
                      .ifa_flags = 0,
                      .ifa_scope = RT_SCOPE_HOST,
                      .ifa_index = kLoopback});
  batch.attribute(IFA_LOCAL, address);
  batch.attribute(IFA_ADDRESS, address);
  IK_LET(socket, NetlinkSocket::open(NETLINK_ROUTE));
  IK_LET(replies, socket.exchange(batch));
  if (replies[0].error == 0 || replies[0].error == EEXIST) return {};
  return netlink_error(replies[0], "address on lo");
}

Result<UniqueFd> open_listener(std::uint32_t address) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return errno_error("socket");
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = address;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_BINDTODEVICE, "lo", sizeof "lo") != 0) {
    return errno_error("bind to lo");
  }
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
    return errno_error("bind");
  }
  if (::listen(fd.get(), kBacklog) != 0) return errno_error("listen");
  return fd;
}

Result<UniqueFd> make_map(int listener) {
  bpf_attr attributes = {};
  attributes.map_type = BPF_MAP_TYPE_SOCKMAP;
  attributes.key_size = sizeof(std::uint32_t);
  attributes.value_size = sizeof(std::uint64_t);
  attributes.max_entries = 1;
  UniqueFd map(bpf(BPF_MAP_CREATE, attributes));
  if (!map) return errno_error("make a socket map");
  const std::uint32_t key = 0;
  const auto value = static_cast<std::uint64_t>(listener);
  attributes = {};
  attributes.map_fd = static_cast<std::uint32_t>(map.get());
  attributes.key = reinterpret_cast<std::uintptr_t>(&key);
  attributes.value = reinterpret_cast<std::uintptr_t>(&value);
  if (bpf(BPF_MAP_UPDATE_ELEM, attributes) < 0) return errno_error("put into the socket map");
  return map;
}

Result<UniqueFd> load(const std::vector<bpf_insn>& program) {
  static constexpr char kLicence[] = "Apache-2.0";
  bpf_attr attributes = {};
  attributes.prog_type = BPF_PROG_TYPE_SK_LOOKUP;
  attributes.expected_attach_type = BPF_SK_LOOKUP;
  attributes.insns = reinterpret_cast<std::uintptr_t>(program.data());
  attributes.insn_cnt = static_cast<std::uint32_t>(program.size());
  attributes.license = reinterpret_cast<std::uintptr_t>(&kLicence[0]);
  UniqueFd fd(bpf(BPF_PROG_LOAD, attributes));
  if (!fd) return errno_error("load the steering program");
  return fd;
}

Result<UniqueFd> attach(int program) {
  const UniqueFd network(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!network) return errno_error("open the network namespace");
  bpf_attr attributes = {};
  attributes.link_create.prog_fd = static_cast<std::uint32_t>(program);
  attributes.link_create.target_fd = static_cast<std::uint32_t>(network.get());
  attributes.link_create.attach_type = BPF_SK_LOOKUP;
  UniqueFd link(bpf(BPF_LINK_CREATE, attributes));
  if (!link) return errno_error("attach the steering program");
  return link;
}

}  // namespace

std::vector<bpf_insn> steering_program(std::uint32_t address, std::uint16_t port, int map_fd) {
  constexpr int kSlot = -8;
  std::vector<bpf_insn> code = {copy_register(BPF_REG_6, BPF_REG_1)};
  std::vector<size_t> to_end;
  const auto want = [&](size_t offset, std::uint32_t value) {
    code.push_back(load_field(offset));
    to_end.push_back(code.size());
    code.push_back(
        instruction(BPF_JMP32 | BPF_JNE | BPF_K, BPF_REG_2, 0, 0, static_cast<int>(value)));
  };
  want(offsetof(bpf_sk_lookup, family), AF_INET);
  want(offsetof(bpf_sk_lookup, protocol), IPPROTO_TCP);
  want(offsetof(bpf_sk_lookup, local_ip4), address);
  want(offsetof(bpf_sk_lookup, local_port), port);
  want(offsetof(bpf_sk_lookup, ingress_ifindex), kLoopback);
  code.push_back(instruction(BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, kSlot, 0));
  code.push_back(instruction(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map_fd));
  code.push_back(instruction(0, 0, 0, 0, 0));
  code.push_back(copy_register(BPF_REG_2, BPF_REG_10));
  code.push_back(instruction(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, kSlot));
  code.push_back(call(BPF_FUNC_map_lookup_elem));
  to_end.push_back(code.size());
  code.push_back(instruction(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 0, 0));
  code.push_back(copy_register(BPF_REG_7, BPF_REG_0));
  code.push_back(copy_register(BPF_REG_1, BPF_REG_6));
  code.push_back(copy_register(BPF_REG_2, BPF_REG_7));
  code.push_back(set_register(BPF_REG_3, 0));
  code.push_back(call(BPF_FUNC_sk_assign));
  code.push_back(copy_register(BPF_REG_1, BPF_REG_7));
  code.push_back(call(BPF_FUNC_sk_release));
  for (const size_t from : to_end) {
    code[from].off = static_cast<std::int16_t>(code.size() - from - 1);
  }
  // Whatever is not ours is looked up as ever.
  code.push_back(set_register(BPF_REG_0, SK_PASS));
  code.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
  return code;
}

Result<SteeredListener> open_steered_listener(const std::string& address, std::uint16_t port) {
  in_addr parsed{};
  if (::inet_pton(AF_INET, address.c_str(), &parsed) != 1) {
    return make_error(ErrorKind::kInvalid, "{}: not an IPv4 address", address);
  }
  IK_TRY(add_address(parsed.s_addr));
  IK_LET(listener, open_listener(parsed.s_addr).context("listen at {}", address));
  IK_LET(map, make_map(listener.get()));
  IK_LET(program, load(steering_program(parsed.s_addr, port, map.get())));
  IK_LET(link, attach(program.get()));
  return SteeredListener{.listener = std::move(listener), .link = std::move(link)};
}

}  // namespace ikada
