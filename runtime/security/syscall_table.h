// System call names and numbers, for every ABI a filter of ours covers.
//
// Our own table, because the system's libseccomp is older than the kernels ikada runs on.
//
// Source: Linux arch/x86/entry/syscalls, include/uapi/asm-generic/unistd.h, as of Linux 6.17.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace ikada {

enum class SyscallAbi {
  kX8664,
  kX86,
  kX32,  // Numbers have bit 30 set.
  kAarch64,
};

// Numbers below it are from before Linux 5.1, when each architecture still counted by itself.
inline constexpr std::uint32_t kFirstUnifiedSyscall = 424;

struct Syscall {
  std::string_view name;
  std::uint32_t number;
};

// All calls of `abi`, each name and each number once, in no particular order.
std::vector<Syscall> syscall_table(SyscallAbi abi);

}  // namespace ikada
