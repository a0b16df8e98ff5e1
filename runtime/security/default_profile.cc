#include "runtime/security/default_profile.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::uint64_t kEperm = 1;
constexpr std::uint64_t kEnosys = 38;

constexpr std::array<std::string_view, 14> kCapabilities = {
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
};

constexpr std::array<std::string_view, 12> kMaskedPaths = {
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
};

constexpr std::array<std::string_view, 5> kReadonlyPaths = {
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
};

// Allowed to everyone, in the order of the x86_64 numbers.
constexpr std::string_view kAllowed =
    "read write open close stat fstat lstat poll lseek mmap mprotect munmap brk rt_sigaction "
    "rt_sigprocmask rt_sigreturn ioctl pread64 pwrite64 readv writev access pipe select "
    "sched_yield mremap msync mincore madvise shmget shmat shmctl dup dup2 pause nanosleep "
    "getitimer alarm setitimer getpid sendfile connect accept sendto recvfrom sendmsg recvmsg "
    "shutdown bind listen getsockname getpeername socketpair setsockopt getsockopt fork vfork "
    "execve exit wait4 kill uname semget semop semctl shmdt msgget msgsnd msgrcv msgctl fcntl "
    "flock fsync fdatasync truncate ftruncate getdents getcwd chdir fchdir rename mkdir rmdir "
    "creat link unlink symlink readlink chmod fchmod chown fchown lchown umask gettimeofday "
    "getrlimit getrusage sysinfo times ptrace getuid getgid setuid setgid geteuid getegid "
    "setpgid getppid getpgrp setsid setreuid setregid getgroups setgroups setresuid getresuid "
    "setresgid getresgid getpgid setfsuid setfsgid getsid capget capset rt_sigpending "
    "rt_sigtimedwait rt_sigqueueinfo rt_sigsuspend sigaltstack utime mknod statfs fstatfs "
    "getpriority setpriority sched_setparam sched_getparam sched_setscheduler sched_getscheduler "
    "sched_get_priority_max sched_get_priority_min sched_rr_get_interval mlock munlock mlockall "
    "munlockall prctl adjtimex setrlimit sync gettid readahead setxattr lsetxattr fsetxattr "
    "getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr removexattr lremovexattr "
    "fremovexattr tkill time futex sched_setaffinity sched_getaffinity set_thread_area io_setup "
    "io_destroy io_getevents io_submit io_cancel get_thread_area epoll_create epoll_ctl_old "
    "epoll_wait_old remap_file_pages getdents64 set_tid_address restart_syscall semtimedop "
    "fadvise64 timer_create timer_settime timer_gettime timer_getoverrun timer_delete "
    "clock_gettime clock_getres clock_nanosleep exit_group epoll_wait epoll_ctl tgkill utimes "
    "mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr waitid ioprio_set "
    "ioprio_get inotify_init inotify_add_watch inotify_rm_watch openat mkdirat mknodat fchownat "
    "futimesat newfstatat unlinkat renameat linkat symlinkat readlinkat fchmodat faccessat "
    "pselect6 ppoll set_robust_list get_robust_list splice tee sync_file_range vmsplice "
    "utimensat epoll_pwait signalfd timerfd_create eventfd fallocate timerfd_settime "
    "timerfd_gettime accept4 signalfd4 eventfd2 epoll_create1 dup3 pipe2 inotify_init1 preadv "
    "pwritev rt_tgsigqueueinfo recvmmsg fanotify_mark prlimit64 name_to_handle_at clock_adjtime "
    "syncfs sendmmsg getcpu process_vm_readv process_vm_writev sched_setattr sched_getattr "
    "renameat2 seccomp getrandom memfd_create execveat membarrier mlock2 copy_file_range preadv2 "
    "pwritev2 pkey_mprotect pkey_alloc pkey_free statx io_pgetevents rseq uretprobe "
    "pidfd_send_signal pidfd_open close_range openat2 faccessat2 epoll_pwait2 "
    "landlock_create_ruleset landlock_add_rule landlock_restrict_self memfd_secret "
    "process_mrelease futex_waitv cachestat fchmodat2 map_shadow_stack futex_wake futex_wait "
    "futex_requeue statmount listmount mseal setxattrat getxattrat listxattrat removexattrat ";

// The same calls in their 32-bit forms, in the order of the i386 numbers.
constexpr std::string_view kAllowed32 =
    "waitpid socketcall ipc sigreturn sigprocmask _llseek _newselect ugetrlimit mmap2 truncate64 "
    "ftruncate64 stat64 lstat64 fstat64 lchown32 getuid32 getgid32 geteuid32 getegid32 "
    "setreuid32 setregid32 getgroups32 setgroups32 fchown32 setresuid32 getresuid32 setresgid32 "
    "getresgid32 chown32 setuid32 setgid32 setfsuid32 setfsgid32 fcntl64 sendfile64 statfs64 "
    "fstatfs64 fadvise64_64 fstatat64 clock_gettime64 clock_adjtime64 clock_getres_time64 "
    "clock_nanosleep_time64 timer_gettime64 timer_settime64 timerfd_gettime64 timerfd_settime64 "
    "utimensat_time64 pselect6_time64 ppoll_time64 io_pgetevents_time64 recvmmsg_time64 "
    "mq_timedsend_time64 mq_timedreceive_time64 semtimedop_time64 rt_sigtimedwait_time64 "
    "futex_time64 sched_rr_get_interval_time64 ";

// Allowed on one architecture only.
#if defined(__x86_64__)
constexpr std::string_view kAllowedHere = "arch_prctl modify_ldt";
constexpr std::array<std::string_view, 3> kArchitectures = {
    "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"};
#elif defined(__aarch64__)
constexpr std::string_view kAllowedHere = "sync_file_range2";
constexpr std::array<std::string_view, 1> kArchitectures = {"SCMP_ARCH_AARCH64"};
#endif

// Calls that the profile knows and refuses, since the numbers of all architectures are the same.
// They are named so that what is newer than they are can be told from them.
constexpr std::string_view kRefused =
    "io_uring_setup io_uring_enter io_uring_register open_tree move_mount fsopen fsconfig "
    "fsmount fspick pidfd_getfd process_madvise mount_setattr quotactl_fd "
    "set_mempolicy_home_node lsm_get_self_attr lsm_set_self_attr lsm_list_modules open_tree_attr "
    "file_getattr file_setattr ";

struct CapabilityRule {
  std::string_view capability;
  std::string_view names;
};

// What a capability opens. With CAP_SYS_ADMIN clone and clone3 have no rules of their own.
constexpr std::array kByCapability = {
    CapabilityRule{"CAP_BPF", "bpf"},
    CapabilityRule{"CAP_DAC_READ_SEARCH", "open_by_handle_at"},
    CapabilityRule{"CAP_PERFMON", "perf_event_open"},
    CapabilityRule{"CAP_SYSLOG", "syslog"},
    CapabilityRule{"CAP_SYS_ADMIN",
                   "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie "
                   "lsm_get_self_attr lsm_list_modules lsm_set_self_attr mount mount_setattr "
                   "move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname "
                   "sethostname setns syslog umount umount2 unshare"},
    CapabilityRule{"CAP_SYS_BOOT", "reboot"},
    CapabilityRule{"CAP_SYS_CHROOT", "chroot"},
    CapabilityRule{"CAP_SYS_MODULE", "delete_module finit_module init_module"},
    CapabilityRule{"CAP_SYS_NICE", "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"},
    CapabilityRule{"CAP_SYS_PACCT", "acct"},
    CapabilityRule{"CAP_SYS_PTRACE", "kcmp pidfd_getfd process_madvise"},
    CapabilityRule{"CAP_SYS_RAWIO", "ioperm iopl"},
    CapabilityRule{"CAP_SYS_TIME", "clock_settime clock_settime64 settimeofday stime"},
    CapabilityRule{"CAP_SYS_TTY_CONFIG", "vhangup"},
};

// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
constexpr std::uint64_t kCloneNamespaces = 0x7e020000;

// PER_LINUX, PER_LINUX32, both with UNAME26, and "only ask".
constexpr std::array<std::uint64_t, 5> kPersonalities = {0, 8, 0x20000, 0x20008, 0xffffffff};

// Socket families: all below AF_ALG (38), and above it those that exist but for AF_VSOCK (40). The
// upper ones are named one by one, because the kernel looks at 32 bits of the argument and a filter
// at 64: with "greater than 40", 0x100000026 would be AF_ALG again.
constexpr std::uint64_t kFirstRefusedFamily = 38;
constexpr std::array<std::uint64_t, 6> kUpperFamilies = {39, 41, 42, 43, 44, 45};

void add_names(std::string_view text, std::vector<std::string>& names) {
  for (const std::string_view name : split(text, ' ')) {
    if (!name.empty()) names.emplace_back(name);
  }
}

Json conditional_rule(std::string_view name,
                      std::string_view op,
                      std::uint64_t value,
                      std::uint64_t value_two = 0) {
  return {{"names", {name}},
          {"action", "SCMP_ACT_ALLOW"},
          {"args", {{{"index", 0}, {"value", value}, {"valueTwo", value_two}, {"op", op}}}}};
}

Json errno_rule(const std::vector<std::string>& names, std::uint64_t errno_value) {
  return {{"names", names}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", errno_value}};
}

Json device_rule(std::string_view type, int major, int minor, std::string_view access) {
  Json rule = {{"allow", true}, {"type", type}, {"access", access}};
  if (major >= 0) rule["major"] = major;
  if (minor >= 0) rule["minor"] = minor;
  return rule;
}

}  // namespace

std::span<const std::string_view> default_capabilities() { return kCapabilities; }
std::span<const std::string_view> default_masked_paths() { return kMaskedPaths; }
std::span<const std::string_view> default_readonly_paths() { return kReadonlyPaths; }

Json default_seccomp_profile(std::span<const std::string> capabilities) {
  const auto has = [&](std::string_view capability) {
    return std::find(capabilities.begin(), capabilities.end(), capability) != capabilities.end();
  };
  std::vector<std::string> allowed;
  add_names(kAllowed, allowed);
  add_names(kAllowed32, allowed);
  add_names(kAllowedHere, allowed);
  for (const CapabilityRule& rule : kByCapability) {
    if (has(rule.capability)) add_names(rule.names, allowed);
  }
  std::vector<std::string> refused;
  add_names(kRefused, refused);
  std::erase_if(refused, [&](const std::string& name) {
    return std::find(allowed.begin(), allowed.end(), name) != allowed.end();
  });
  std::sort(allowed.begin(), allowed.end());
  allowed.erase(std::unique(allowed.begin(), allowed.end()), allowed.end());

  Json rules = Json::array();
  rules.push_back({{"names", allowed}, {"action", "SCMP_ACT_ALLOW"}});
  rules.push_back(conditional_rule("socket", "SCMP_CMP_LT", kFirstRefusedFamily));
  for (const std::uint64_t family : kUpperFamilies) {
    rules.push_back(conditional_rule("socket", "SCMP_CMP_EQ", family));
  }
  for (const std::uint64_t personality : kPersonalities) {
    rules.push_back(conditional_rule("personality", "SCMP_CMP_EQ", personality));
  }
  if (!has("CAP_SYS_ADMIN")) {
    rules.push_back(conditional_rule("clone", "SCMP_CMP_MASKED_EQ", kCloneNamespaces));
    // ENOSYS makes libc fall back to clone, whose flags a filter can see.
    rules.push_back(errno_rule({"clone3"}, kEnosys));
  }
  rules.push_back(errno_rule(refused, kEperm));
  return {{"defaultAction", "SCMP_ACT_ERRNO"},
          {"defaultErrnoRet", kEperm},
          {"architectures", kArchitectures},
          {"syscalls", std::move(rules)}};
}

Json default_device_rules() {
  Json rules = Json::array();
  rules.push_back({{"allow", false}, {"access", "rwm"}});
  // Making a node of any kind is harmless, opening it is not.
  rules.push_back(device_rule("c", -1, -1, "m"));
  rules.push_back(device_rule("b", -1, -1, "m"));
  constexpr std::array<std::pair<int, int>, 9> kCharacterDevices = {{
      {1, 3},     // null
      {1, 5},     // zero
      {1, 7},     // full
      {1, 8},     // random
      {1, 9},     // urandom
      {5, 0},     // tty
      {5, 2},     // ptmx
      {136, -1},  // pts
      {10, 200},  // net/tun
  }};
  for (const auto& [major, minor] : kCharacterDevices) {
    rules.push_back(device_rule("c", major, minor, "rwm"));
  }
  return rules;
}

}  // namespace ikada
