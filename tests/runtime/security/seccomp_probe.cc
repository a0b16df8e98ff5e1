// Asks the filter it runs under for its verdict on calls, without making them.
//
// It adds a filter of its own that hands marked calls to a listener in the same program. ERRNO of
// an earlier filter comes before that, so an answer of the listener means "allowed". Calls are read
// from stdin as "ABI NUMBER [ARGUMENT...]", ABI x86_64, x32 or x86; each gets a line: "allow" or an
// errno value.
//
//   seccomp_probe --profile [CAPABILITY...]   prints the default profile
//   seccomp_probe --load [CAPABILITY...]      loads the default profile first
//   seccomp_probe                             judges what it was started under
//
// Source: seccomp_unotify(2).
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <future>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "runtime/security/default_profile.h"
#include "runtime/security/seccomp.h"

namespace ikada {
namespace {

constexpr std::uint32_t kMark =
    0x51ca7ac5;                // In the fifth argument of the calls that are asked for.
constexpr int kAnswer = 4000;  // No errno value of the kernel's.

// Returns the listener.
int install_listener() {
  std::array<sock_filter, 4> filter = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args) + 8 * 4),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kMark, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  sock_fprog program = {.len = filter.size(), .filter = filter.data()};
  return static_cast<int>(
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

void answer_all(int listener) {
  while (true) {
    seccomp_notif notification = {};
    if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notification) < 0) {
      if (errno == EINTR) continue;
      return;
    }
    seccomp_notif_resp answer = {};
    answer.id = notification.id;
    answer.error = -kAnswer;
    static_cast<void>(::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer));
  }
}

// The raw result of the system call, negative for an error.
long call_64(unsigned long number, const std::array<unsigned long, 4>& args) {
  long result = static_cast<long>(number);
  register unsigned long r10 asm("r10") = args[3];
  register unsigned long r8 asm("r8") = kMark;
  register unsigned long r9 asm("r9") = 0;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(args[0]), "S"(args[1]), "d"(args[2]), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

long call_32(unsigned long number, const std::array<unsigned long, 4>& args) {
  int result = static_cast<int>(number);
  asm volatile("int $0x80"
               : "+a"(result)
               : "b"(args[0]), "c"(args[1]), "d"(args[2]), "S"(args[3]), "D"(kMark)
               : "memory", "r8", "r9", "r10", "r11");
  return result;
}

std::string verdict_on(const std::string& line) {
  std::istringstream words(line);
  std::string abi;
  unsigned long number = 0;
  std::array<unsigned long, 4> args = {};
  words >> abi >> number;
  for (unsigned long& arg : args) words >> arg;
  if (abi == "x32") number |= 0x40000000;
  const long result = abi == "x86" ? call_32(number, args) : call_64(number, args);
  return result == -kAnswer ? "allow" : std::to_string(-result);
}

int ask() {
  std::promise<int> ready;
  std::future<int> listener = ready.get_future();
  // A filter holds for the thread that installs it, so this one can answer for the other.
  std::thread asking([&ready] {
    const int fd = install_listener();
    const int saved = errno;
    ready.set_value(fd < 0 ? -saved : fd);
    if (fd < 0) return;
    for (std::string line; std::getline(std::cin, line);) std::cout << verdict_on(line) << "\n";
    std::cout.flush();
    ::_exit(0);
  });
  const int fd = listener.get();
  if (fd >= 0) answer_all(fd);
  asking.join();
  std::fprintf(stderr, "seccomp_probe: no listener: %d\n", -fd);
  return 1;
}

int run(std::vector<std::string> words) {
  const std::string mode = words.empty() ? "" : words.front();
  if (!words.empty()) words.erase(words.begin());
  if (mode == "--profile") {
    std::cout << default_seccomp_profile(words).dump() << "\n";
    return 0;
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return 1;
  if (mode == "--load") {
    const auto program = compile_seccomp(default_seccomp_profile(words));
    if (!program) return 1;
    if (load_seccomp_program(program->instructions, program->flags) != 0) return 1;
  }
  return ask();
}

}  // namespace
}  // namespace ikada

int main(int argc, char** argv) { return ikada::run({argv + 1, argv + argc}); }
