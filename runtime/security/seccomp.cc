#include "runtime/security/seccomp.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "runtime/security/seccomp_filter.h"
#include "runtime/security/seccomp_rules.h"

namespace ikada {

Result<SeccompProgram> compile_seccomp(const Json& seccomp) {
  IK_LET(rules, parse_seccomp_rules(seccomp));
  SeccompProgram program;
  program.flags = rules.flags;
  IK_LET(instructions, build_seccomp_filter(rules, program.unknown_names));
  program.instructions = std::move(instructions);
  return program;
}

int load_seccomp_program(std::span<const sock_filter> instructions, unsigned flags) {
  if (instructions.empty()) return 0;
  sock_fprog program = {};
  program.len = static_cast<unsigned short>(instructions.size());
  program.filter = const_cast<sock_filter*>(instructions.data());
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) < 0) return errno;
  return 0;
}

}  // namespace ikada
