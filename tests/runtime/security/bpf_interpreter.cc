#include "tests/runtime/security/bpf_interpreter.h"

#include <cstring>

namespace ikada {

FilterRun run_filter(std::span<const sock_filter> program, const seccomp_data& call) {
  FilterRun run;
  std::uint32_t accumulator = 0;
  for (size_t at = 0; at < program.size(); ++run.steps) {
    const sock_filter& now = program[at++];
    switch (now.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (now.k % 4 != 0 || now.k + 4 > sizeof(call)) return {.valid = false};
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&call) + now.k, 4);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        accumulator &= now.k;
        break;
      case BPF_JMP | BPF_JA:
        at += now.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += accumulator == now.k ? now.jt : now.jf;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        at += accumulator > now.k ? now.jt : now.jf;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        at += accumulator >= now.k ? now.jt : now.jf;
        break;
      case BPF_RET | BPF_K:
        run.action = now.k;
        return run;
      default:
        return {.valid = false};
    }
  }
  run.valid = false;
  return run;
}

}  // namespace ikada
