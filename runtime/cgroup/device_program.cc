#include "runtime/cgroup/device_program.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "runtime/base/unique_fd.h"

namespace ikada {
namespace {

// Registers: r0 result, r1 context, then what the context holds.
constexpr std::uint8_t kType = BPF_REG_2;
constexpr std::uint8_t kAccess = BPF_REG_3;  // What is asked for and not allowed yet.
constexpr std::uint8_t kMajor = BPF_REG_4;
constexpr std::uint8_t kMinor = BPF_REG_5;

constexpr std::uint8_t kWord32 = BPF_ALU | BPF_K;
constexpr std::uint8_t kJumpIfNot = BPF_JMP | BPF_JNE | BPF_K;
constexpr std::uint8_t kJumpIf = BPF_JMP | BPF_JEQ | BPF_K;

constexpr DeviceRule device(std::uint32_t major, std::optional<std::uint32_t> minor) {
  return {.allow = true,
          .type = 'c',
          .major = major,
          .minor = minor,
          .read = true,
          .write = true,
          .mknod = true};
}

constexpr DeviceRule any_node(char type) {
  return {.allow = true,
          .type = type,
          .major = std::nullopt,
          .minor = std::nullopt,
          .read = false,
          .write = false,
          .mknod = true};
}

// What no config can take away, because the specification puts these devices into every container.
// Source: OCI runtime-spec 1.0.2, config-linux.md "Default Devices".
constexpr std::array<DeviceRule, 10> kAlwaysAllowed = {
    any_node('c'),             // Making a node is not opening it.
    any_node('b'),             //
    device(1, 3),              // null
    device(1, 5),              // zero
    device(1, 7),              // full
    device(1, 8),              // random
    device(1, 9),              // urandom
    device(5, 0),              // tty
    device(5, 2),              // ptmx
    device(136, std::nullopt)  // pts
};

constexpr int kAllAccess = BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD;

int access_bits(const DeviceRule& rule) {
  return (rule.read ? BPF_DEVCG_ACC_READ : 0) | (rule.write ? BPF_DEVCG_ACC_WRITE : 0) |
         (rule.mknod ? BPF_DEVCG_ACC_MKNOD : 0);
}

bpf_insn instruction(std::uint8_t code, std::uint8_t destination, int immediate) {
  bpf_insn result = {};
  result.code = code;
  result.dst_reg = destination & 0xf;
  result.imm = immediate;
  return result;
}

bpf_insn load_context(std::uint8_t destination, size_t offset) {
  bpf_insn result = instruction(BPF_LDX | BPF_MEM | BPF_W, destination, 0);
  result.src_reg = BPF_REG_1;
  result.off = static_cast<std::int16_t>(offset);
  return result;
}

void append_return(int value, std::vector<bpf_insn>& out) {
  out.push_back(instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, value));
  out.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0));
}

// A later rule decides before an earlier one, for each of read, write and mknod by itself: an allow
// rule takes its bits off what is asked, and all is allowed once nothing is left; a deny rule ends
// the matter if it covers a bit that is still there. A rule for every access just answers, which
// also spares the kernel's verifier most of its work.
std::vector<bpf_insn> rule_instructions(const DeviceRule& rule) {
  std::vector<bpf_insn> out;
  if (rule.type != 'a') {
    out.push_back(instruction(
        kJumpIfNot, kType, rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR));
  }
  if (rule.major) out.push_back(instruction(kJumpIfNot, kMajor, static_cast<int>(*rule.major)));
  if (rule.minor) out.push_back(instruction(kJumpIfNot, kMinor, static_cast<int>(*rule.minor)));
  if (access_bits(rule) != kAllAccess && rule.allow) {
    out.push_back(instruction(kWord32 | BPF_AND, kAccess, ~access_bits(rule)));
    out.push_back(instruction(kJumpIfNot, kAccess, 0));
  } else if (access_bits(rule) != kAllAccess) {
    bpf_insn copy = instruction(BPF_ALU | BPF_MOV | BPF_X, BPF_REG_0, 0);
    copy.src_reg = kAccess;
    out.push_back(copy);
    out.push_back(instruction(kWord32 | BPF_AND, BPF_REG_0, access_bits(rule)));
    out.push_back(instruction(kJumpIf, BPF_REG_0, 0));
  }
  append_return(rule.allow ? 1 : 0, out);
  // Every jump goes to the next rule.
  for (size_t at = 0; at < out.size(); ++at) {
    if (out[at].code == kJumpIfNot || out[at].code == kJumpIf) {
      out[at].off = static_cast<std::int16_t>(out.size() - at - 1);
    }
  }
  return out;
}

bool matches_everything(const DeviceRule& rule) {
  return rule.type == 'a' && !rule.major && !rule.minor && access_bits(rule) == kAllAccess;
}

bool same_devices(const DeviceRule& a, const DeviceRule& b) {
  return a.type == b.type && a.major == b.major && a.minor == b.minor;
}

// The rules that can decide anything, last first: those before one that matches everything, or
// before a later one for the same devices and accesses, cannot.
std::vector<DeviceRule> deciding_rules(std::span<const DeviceRule> rules) {
  std::vector<DeviceRule> all(rules.begin(), rules.end());
  all.insert(all.end(), kAlwaysAllowed.begin(), kAlwaysAllowed.end());
  std::vector<DeviceRule> deciding;
  for (auto rule = all.rbegin(); rule != all.rend(); ++rule) {
    const bool decided = std::any_of(deciding.begin(), deciding.end(), [&](const auto& later) {
      return same_devices(later, *rule) && (access_bits(*rule) & ~access_bits(later)) == 0;
    });
    if (!decided) deciding.push_back(*rule);
    if (matches_everything(*rule)) break;
  }
  return deciding;
}

int bpf(int command, bpf_attr& attributes) {
  return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof(attributes)));
}

// The ids of the device programs on the cgroup itself.
Result<std::vector<std::uint32_t>> attached_programs(int cgroup_fd) {
  std::array<std::uint32_t, 64> ids = {};
  bpf_attr attributes = {};
  attributes.query.target_fd = static_cast<std::uint32_t>(cgroup_fd);
  attributes.query.attach_type = BPF_CGROUP_DEVICE;
  attributes.query.prog_ids = reinterpret_cast<std::uintptr_t>(ids.data());
  attributes.query.prog_cnt = ids.size();
  if (bpf(BPF_PROG_QUERY, attributes) < 0) return errno_error("device rules: query programs");
  return std::vector<std::uint32_t>(ids.begin(), ids.begin() + attributes.query.prog_cnt);
}

Result<UniqueFd> open_program(std::uint32_t id) {
  bpf_attr attributes = {};
  attributes.prog_id = id;
  const int fd = bpf(BPF_PROG_GET_FD_BY_ID, attributes);
  if (fd < 0) return errno_error("device rules: open program {}", id);
  return UniqueFd(fd);
}

Result<UniqueFd> load_program(std::span<const bpf_insn> program) {
  // The helpers that need a GPL licence are not used; the string is the program's own licence.
  static constexpr char kLicence[] = "Apache-2.0";
  bpf_attr attributes = {};
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insns = reinterpret_cast<std::uintptr_t>(program.data());
  attributes.insn_cnt = static_cast<std::uint32_t>(program.size());
  attributes.license = reinterpret_cast<std::uintptr_t>(&kLicence[0]);
  const int fd = bpf(BPF_PROG_LOAD, attributes);
  if (fd < 0) return errno_error("device rules: load program");
  return UniqueFd(fd);
}

Result<void> detach_program(int cgroup_fd, std::uint32_t id) {
  IK_LET(program, open_program(id));
  bpf_attr attributes = {};
  attributes.target_fd = static_cast<std::uint32_t>(cgroup_fd);
  attributes.attach_bpf_fd = static_cast<std::uint32_t>(program.get());
  attributes.attach_type = BPF_CGROUP_DEVICE;
  if (bpf(BPF_PROG_DETACH, attributes) < 0) return errno_error("device rules: detach program");
  return {};
}

}  // namespace

std::vector<bpf_insn> device_program(std::span<const DeviceRule> rules) {
  const std::vector<DeviceRule> deciding = deciding_rules(rules);
  if (std::all_of(deciding.begin(), deciding.end(), [](const auto& rule) { return rule.allow; }) &&
      matches_everything(deciding.back())) {
    return {};
  }
  std::vector<bpf_insn> program;
  program.push_back(load_context(kAccess, offsetof(bpf_cgroup_dev_ctx, access_type)));
  bpf_insn copy = instruction(BPF_ALU | BPF_MOV | BPF_X, kType, 0);
  copy.src_reg = kAccess;
  program.push_back(copy);
  program.push_back(instruction(kWord32 | BPF_AND, kType, 0xffff));
  program.push_back(instruction(kWord32 | BPF_RSH, kAccess, 16));
  program.push_back(instruction(kWord32 | BPF_AND, kAccess, kAllAccess));
  program.push_back(load_context(kMajor, offsetof(bpf_cgroup_dev_ctx, major)));
  program.push_back(load_context(kMinor, offsetof(bpf_cgroup_dev_ctx, minor)));
  for (const DeviceRule& rule : deciding) {
    const std::vector<bpf_insn> part = rule_instructions(rule);
    program.insert(program.end(), part.begin(), part.end());
  }
  // The verifier refuses what no path reaches.
  if (!matches_everything(deciding.back())) append_return(0, program);
  return program;
}

Result<void> attach_device_program(int cgroup_fd, std::span<const bpf_insn> program) {
  IK_LET(old, attached_programs(cgroup_fd));
  if (!program.empty()) {
    IK_LET(loaded, load_program(program));
    bpf_attr attributes = {};
    attributes.target_fd = static_cast<std::uint32_t>(cgroup_fd);
    attributes.attach_bpf_fd = static_cast<std::uint32_t>(loaded.get());
    attributes.attach_type = BPF_CGROUP_DEVICE;
    attributes.attach_flags = BPF_F_ALLOW_MULTI;
    UniqueFd replaced;
    if (old.size() == 1) {
      // In one step, so that no access in between is judged by both or by neither.
      IK_LET(fd, open_program(old.front()));
      replaced = std::move(fd);
      attributes.attach_flags |= BPF_F_REPLACE;
      attributes.replace_bpf_fd = static_cast<std::uint32_t>(replaced.get());
      old.clear();
    }
    if (bpf(BPF_PROG_ATTACH, attributes) < 0) return errno_error("device rules: attach program");
  }
  for (const std::uint32_t id : old) IK_TRY(detach_program(cgroup_fd, id));
  return {};
}

}  // namespace ikada
