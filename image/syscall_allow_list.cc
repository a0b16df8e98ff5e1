#include "image/syscall_allow_list.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <vector>

namespace ikada {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the architecture's AUDIT_ARCH_ constant is needed here"
#endif

// As pthread_create(3) of glibc calls it.
constexpr std::uint32_t kThreadFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SYSVSEM |
                                       CLONE_SIGHAND | CLONE_THREAD | CLONE_SETTLS |
                                       CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;

// The most frequent first. openat, mkdirat and so on reach no further than the descriptors do.
constexpr std::array kUnpacking = {
    SYS_write,        SYS_openat,       SYS_close,           SYS_utimensat,     SYS_fchown,
    SYS_futex,        SYS_pread64,      SYS_fchownat,        SYS_openat2,       SYS_mkdirat,
    SYS_symlinkat,    SYS_linkat,       SYS_mknodat,         SYS_unlinkat,      SYS_fchmod,
    SYS_pwrite64,     SYS_ftruncate,    SYS_fsetxattr,       SYS_newfstatat,    SYS_fstat,
    SYS_statx,        SYS_read,         SYS_sendmsg,         SYS_sendto,        SYS_getdents64,
    SYS_renameat2,    SYS_fcntl,        SYS_lseek,           SYS_munmap,        SYS_mremap,
    SYS_madvise,      SYS_brk,          SYS_getrandom,       SYS_clock_gettime, SYS_gettid,
    SYS_getpid,       SYS_sched_yield,  SYS_set_robust_list, SYS_rseq,          SYS_rt_sigprocmask,
    SYS_rt_sigaction, SYS_rt_sigreturn, SYS_restart_syscall, SYS_tgkill,        SYS_exit,
    SYS_exit_group,
#ifdef SYS_renameat
    SYS_renameat,
#endif
};

constexpr std::array<int, kUnpacking.size()> as_ints() {
  std::array<int, kUnpacking.size()> numbers{};
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int>(kUnpacking[i]);
  return numbers;
}

class Program {
 public:
  void load(size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }

  void load_argument(size_t number) {
    // The lower half; the registers' upper halves hold nothing that prot or flags have.
    load(offsetof(seccomp_data, args) + number * sizeof(std::uint64_t));
  }

  void if_equal_skip(std::uint32_t value, std::uint8_t count) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, count, 0);
  }

  void unless_equal_skip(std::uint32_t value, std::uint8_t count) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count);
  }

  void if_any_bit_skip(std::uint32_t bits, std::uint8_t count) {
    add(BPF_JMP | BPF_JSET | BPF_K, bits, count, 0);
  }

  void answer(std::uint32_t action) { add(BPF_RET | BPF_K, action); }

  Result<void> install() {
    const sock_fprog program{.len = static_cast<unsigned short>(code_.size()),
                             .filter = code_.data()};
    // Without SPEC_ALLOW kernels before 5.16 slow the process down against an attack that needs
    // code of the attacker's in it.
    const long status =
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program);
    if (status != 0) return errno_error("seccomp");
    return {};
  }

 private:
  void add(int code, std::uint32_t operand, std::uint8_t yes = 0, std::uint8_t no = 0) {
    code_.push_back({.code = static_cast<std::uint16_t>(code), .jt = yes, .jf = no, .k = operand});
  }

  std::vector<sock_filter> code_;
};

}  // namespace

std::span<const int> unpacking_syscalls() {
  static constexpr std::array<int, kUnpacking.size()> kNumbers = as_ints();
  return kNumbers;
}

Result<void> allow_syscalls_only(std::span<const int> allowed) {
  Program program;
  program.load(offsetof(seccomp_data, arch));
  program.if_equal_skip(kArchitecture, 1);
  program.answer(SECCOMP_RET_KILL_PROCESS);
  program.load(offsetof(seccomp_data, nr));
  for (const int number : allowed) {
    program.unless_equal_skip(static_cast<std::uint32_t>(number), 1);
    program.answer(SECCOMP_RET_ALLOW);
  }
  for (const long number : {SYS_mmap, SYS_mprotect}) {
    program.unless_equal_skip(static_cast<std::uint32_t>(number), 4);
    program.load_argument(2);
    program.if_any_bit_skip(PROT_EXEC, 1);
    program.answer(SECCOMP_RET_ALLOW);
    program.answer(SECCOMP_RET_KILL_PROCESS);
  }
  program.unless_equal_skip(static_cast<std::uint32_t>(SYS_clone), 4);
  program.load_argument(0);
  program.unless_equal_skip(kThreadFlags, 1);
  program.answer(SECCOMP_RET_ALLOW);
  program.answer(SECCOMP_RET_KILL_PROCESS);
  // Its flags cannot be seen; glibc falls back to clone(2).
  program.unless_equal_skip(static_cast<std::uint32_t>(SYS_clone3), 1);
  program.answer(SECCOMP_RET_ERRNO | ENOSYS);
  program.answer(SECCOMP_RET_KILL_PROCESS);
  return program.install();
}

}  // namespace ikada
