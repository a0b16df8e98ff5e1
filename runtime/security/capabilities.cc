#include "runtime/security/capabilities.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

// By number. Source: Linux include/uapi/linux/capability.h.
constexpr std::array<std::string_view, 41> kCapabilityNames = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};

// The kernel keeps sets of 64 bits.
constexpr unsigned kMaxCapability = 63;

CapabilityMask read_mask(JsonReader& reader, std::string_view key) {
  std::vector<std::string> names;
  reader.read(key, names);
  const Result<CapabilityMask> mask = parse_capability_mask(names);
  if (!mask) {
    reader.fail(key, mask.error().message);
    return 0;
  }
  return *mask;
}

}  // namespace

Result<unsigned> parse_capability(std::string_view name) {
  for (unsigned number = 0; number < kCapabilityNames.size(); ++number) {
    if (kCapabilityNames[number] == name) return number;
  }
  return make_error(ErrorKind::kInvalid, "unknown capability: {}", name);
}

std::string_view capability_name(unsigned number) {
  return number < kCapabilityNames.size() ? kCapabilityNames[number] : std::string_view();
}

std::span<const std::string_view> all_capabilities() { return kCapabilityNames; }

Result<CapabilityMask> parse_capability_mask(std::span<const std::string> names) {
  CapabilityMask mask = 0;
  for (const std::string& name : names) {
    IK_LET(number, parse_capability(name));
    mask |= CapabilityMask{1} << number;
  }
  return mask;
}

Result<CapabilitySets> parse_capability_sets(const Json& capabilities) {
  if (capabilities.is_null()) return CapabilitySets{};
  JsonReader reader(capabilities, "process.capabilities");
  CapabilitySets sets;
  sets.bounding = read_mask(reader, "bounding");
  sets.effective = read_mask(reader, "effective");
  sets.inheritable = read_mask(reader, "inheritable");
  sets.permitted = read_mask(reader, "permitted");
  sets.ambient = read_mask(reader, "ambient");
  if ((sets.effective & ~sets.permitted) != 0) {
    reader.fail("effective", "has a capability that permitted has not");
  }
  // The kernel raises no other; the configs that crun and podman write rely on the rest being left
  // out.
  sets.ambient &= sets.permitted & sets.inheritable;
  IK_TRY(reader.done());
  return sets;
}

Result<CapabilityMask> kernel_capabilities() {
  IK_LET(text, read_file("/proc/sys/kernel/cap_last_cap", 64));
  IK_LET(last, parse_unsigned(trim(text), kMaxCapability).context("cap_last_cap"));
  return last == kMaxCapability ? ~CapabilityMask{0} : (CapabilityMask{1} << (last + 1)) - 1;
}

int drop_bounding_set(CapabilityMask keep) {
  for (unsigned number = 0; number <= kMaxCapability; ++number) {
    if ((keep >> number & 1) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0) continue;
    // Beyond the kernel's last capability.
    if (errno == EINVAL) return 0;
    return errno;
  }
  return 0;
}

int keep_capabilities() { return ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 ? 0 : errno; }

int apply_capability_sets(const CapabilitySets& sets) {
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2] = {};
  for (unsigned half = 0; half < 2; ++half) {
    data[half].effective = static_cast<std::uint32_t>(sets.effective >> (32 * half));
    data[half].permitted = static_cast<std::uint32_t>(sets.permitted >> (32 * half));
    data[half].inheritable = static_cast<std::uint32_t>(sets.inheritable >> (32 * half));
  }
  if (::syscall(SYS_capset, &header, data) < 0) return errno;
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) return errno;
  for (unsigned number = 0; number <= kMaxCapability; ++number) {
    if ((sets.ambient >> number & 1) == 0) continue;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) < 0) return errno;
  }
  return 0;
}

}  // namespace ikada
