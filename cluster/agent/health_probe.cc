#include "cluster/agent/health_probe.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cluster/engine/exec_process.h"
#include "runtime/base/number.h"
#include "runtime/base/random_id.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"
#include "runtime/sys/spawn.h"

namespace ikada {
namespace {

constexpr int kProcessFd = 3;

Result<UniqueFd> make_process_file(const Json& process) {
  UniqueFd fd(::memfd_create("process.json", MFD_CLOEXEC));
  if (!fd) return errno_error("memfd_create");
  IK_TRY(write_all(fd.get(), process.dump(-1, ' ', false, Json::error_handler_t::replace)));
  return fd;
}

}  // namespace

Result<HealthProbe> HealthProbe::begin(const EngineLayout& layout,
                                       const std::string& runtime_program,
                                       const std::string& container_id,
                                       const std::vector<std::string>& command) {
  IK_LET(record, load_record(layout, container_id));
  ExecWish wish;
  wish.args = command;
  IK_LET(process, prepare_exec(layout, record, wish));
  IK_LET(file, make_process_file(process));
  IK_LET(null, open_file("/dev/null", O_RDWR));
  const std::string pid_file =
      fmt::format("{}/probe-{}.pid", layout.socket_directory(container_id), random_hex(4));
  SpawnOptions options;
  options.program = runtime_program;
  options.arguments = {"ikada-runtime",
                       "--root",
                       layout.runtime_states(),
                       "exec",
                       "--process",
                       fmt::format("/proc/self/fd/{}", kProcessFd),
                       "--pid-file",
                       pid_file,
                       container_id};
  options.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  options.new_session = true;
  for (const int stream : {0, 1, 2}) options.fds.emplace_back(null.get(), stream);
  options.fds.emplace_back(file.get(), kProcessFd);
  IK_LET(pid, spawn(options));
  Result<UniqueFd> exit_fd = open_pidfd(pid);
  if (exit_fd.has_value()) return HealthProbe(pid, std::move(*exit_fd), pid_file);
  // A child of ours keeps its pid until it is reaped.
  ::kill(pid, SIGKILL);
  static_cast<void>(wait_for_child(pid).has_value());
  return std::move(exit_fd.error());
}

// The command is the child of ikada-runtime, which keeps its pid from being reused: so that one is
// killed first, by its number, and the runtime ends when it has reaped it.
void HealthProbe::kill() {
  const Result<std::string> text = read_file(pid_file_, 64);
  const Result<std::uint64_t> inner =
      text.has_value() ? parse_unsigned(trim(*text), INT32_MAX) : parse_unsigned("");
  if (inner.has_value() && *inner > 1 && ::kill(static_cast<pid_t>(*inner), SIGKILL) == 0) return;
  static_cast<void>(send_signal(exit_fd_.get(), SIGKILL).has_value());
}

bool HealthProbe::passed() {
  const Result<ExitStatus> status = wait_for_child(pid_);
  ::unlink(pid_file_.c_str());
  return status.has_value() && status->shell_status() == 0;
}

}  // namespace ikada
