#include "runtime/cgroup/device_program.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>

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
constexpr std::uint8_t kJump = BPF_JMP | BPF_JA;

constexpr DeviceRule device(std::uint32_t major, std::optional<std::uint32_t> minor) {
  return {.allow = true,
          .type = 'c',
          .major = major,
          .minor = minor,
          .read = true,
          .write = true,
          .mknod = true};
}

constexpr DeviceRule kAnyNode = {.allow = true,
                                 .type = 'a',
                                 .major = std::nullopt,
                                 .minor = std::nullopt,
                                 .read = false,
                                 .write = false,
                                 .mknod = true};

// What no config can take away, because the specification puts these devices into every container.
// Source: OCI runtime-spec 1.0.2, config-linux.md "Default Devices".
constexpr std::array<DeviceRule, 9> kAlwaysAllowed = {
    kAnyNode,                  // Making a node is not opening it.
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

void jump(std::vector<bpf_insn>& program, size_t from, size_t to) {
  program[from].off = static_cast<std::int16_t>(to - from - 1);
}

// A later rule decides before an earlier one, for each of read, write and mknod by itself: an allow
// rule takes its bits off what is asked, and all is allowed once nothing is left; a deny rule ends
// the matter if it covers a bit that is still there.
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
    if (out[at].code == kJumpIfNot || out[at].code == kJumpIf) jump(out, at, out.size());
  }
  return out;
}

// The devices of one type in a run, by major number.
using RunDevices = std::map<std::optional<std::uint32_t>, std::set<std::optional<std::uint32_t>>>;

// Compares with all of `devices`; `decide` collects the jumps that mean "one of them".
void append_comparisons(const RunDevices& devices,
                        std::vector<bpf_insn>& out,
                        std::vector<size_t>& decide) {
  const auto jump_to_decision = [&](std::uint8_t code, std::uint8_t field, std::uint32_t value) {
    decide.push_back(out.size());
    out.push_back(instruction(code, field, static_cast<int>(value)));
  };
  const auto all = devices.find(std::nullopt);
  if (all != devices.end() && all->second.contains(std::nullopt)) {
    jump_to_decision(kJump, 0, 0);
    return;
  }
  for (const auto& [major, minors] : devices) {
    if (minors.contains(std::nullopt)) {
      jump_to_decision(kJumpIf, kMajor, *major);
      continue;
    }
    const size_t check = out.size();
    if (major) out.push_back(instruction(kJumpIfNot, kMajor, static_cast<int>(*major)));
    for (const auto& minor : minors) jump_to_decision(kJumpIf, kMinor, *minor);
    if (major) jump(out, check, out.size());
  }
}

// Rules that stand together, are for every access and have the same answer: one decision behind
// comparisons that share what they can. The kernel's verifier follows each branch, which is what
// loading a program takes time for.
std::vector<bpf_insn> run_instructions(std::span<const DeviceRule> run) {
  std::map<char, RunDevices> by_type;
  for (const DeviceRule& rule : run) by_type[rule.type][rule.major].insert(rule.minor);
  std::vector<bpf_insn> out;
  std::vector<size_t> decide;
  for (const auto& [type, devices] : by_type) {
    const size_t check = out.size();
    if (type != 'a') {
      out.push_back(
          instruction(kJumpIfNot, kType, type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR));
    }
    append_comparisons(devices, out, decide);
    if (type != 'a') jump(out, check, out.size());
  }
  out.push_back(instruction(kJump, 0, 0));
  for (const size_t at : decide) jump(out, at, out.size());
  append_return(run.front().allow ? 1 : 0, out);
  // The jump over the decision.
  jump(out, out.size() - 3, out.size());
  return out;
}

bool matches_everything(const DeviceRule& rule) {
  return rule.type == 'a' && !rule.major && !rule.minor && access_bits(rule) == kAllAccess;
}

bool is_for_a_run(const DeviceRule& rule) {
  return access_bits(rule) == kAllAccess && !matches_everything(rule);
}

// Whether `wide` is for all devices and accesses that `rule` is for.
bool covers(const DeviceRule& wide, const DeviceRule& rule) {
  return (wide.type == 'a' || wide.type == rule.type) &&
         (!wide.major || wide.major == rule.major) && (!wide.minor || wide.minor == rule.minor) &&
         (access_bits(rule) & ~access_bits(wide)) == 0;
}

// The rules that can decide anything, last first: those before one that covers them cannot.
std::vector<DeviceRule> deciding_rules(std::span<const DeviceRule> rules) {
  std::vector<DeviceRule> all(rules.begin(), rules.end());
  all.insert(all.end(), kAlwaysAllowed.begin(), kAlwaysAllowed.end());
  std::vector<DeviceRule> deciding;
  for (auto rule = all.rbegin(); rule != all.rend(); ++rule) {
    const bool decided = std::any_of(
        deciding.begin(), deciding.end(), [&](const auto& later) { return covers(later, *rule); });
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
  for (auto rule = deciding.begin(); rule != deciding.end();) {
    const auto end = std::find_if(rule, deciding.end(), [&](const DeviceRule& each) {
      return each.allow != rule->allow || !is_for_a_run(each);
    });
    const auto next = end == rule ? rule + 1 : end;
    const std::vector<bpf_insn> part =
        end == rule ? rule_instructions(*rule) : run_instructions({rule, next});
    program.insert(program.end(), part.begin(), part.end());
    rule = next;
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
