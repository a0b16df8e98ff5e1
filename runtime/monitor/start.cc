#include "runtime/monitor/start.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "runtime/cgroup/cgroup.h"
#include "runtime/init/report.h"
#include "runtime/monitor/exit_file.h"
#include "runtime/monitor/protocol.h"
#include "runtime/sys/file.h"
#include "runtime/sys/spawn.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {
namespace {

constexpr int kExitRuntimeError = 125;
constexpr int kExitNotExecutable = 126;
constexpr int kExitNotFound = 127;

// The container's ends, which we close as soon as it has them.
struct ContainerEnds {
  UniqueFd stdin_fd;
  UniqueFd stdout_fd;
  UniqueFd stderr_fd;
  UniqueFd console;
};

Result<void> make_pipe(UniqueFd& reading, UniqueFd& writing) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("pipe");
  reading.reset(ends[0]);
  writing.reset(ends[1]);
  return {};
}

Result<void> make_stdio(const MonitorOptions& options,
                        RunningContainer& container,
                        ContainerEnds& theirs) {
  if (options.open_stdin) {
    IK_TRY(make_pipe(theirs.stdin_fd, container.stdin_fd));
  } else {
    IK_LET(null, open_file("/dev/null", O_RDONLY));
    theirs.stdin_fd = std::move(null);
  }
  IK_TRY(make_pipe(container.stdout_fd, theirs.stdout_fd));
  return make_pipe(container.stderr_fd, theirs.stderr_fd);
}

// A window size that the first client sent before the container was there: the program shall find
// it set from its first instruction.
void apply_first_window(int client, int terminal) {
  if (client < 0) return;
  std::array<unsigned char, 5> message{};
  if (::recv(client, message.data(), message.size(), MSG_PEEK | MSG_DONTWAIT) != 5) return;
  if (message[0] != static_cast<unsigned char>(MonitorMessage::kWindow)) return;
  winsize size{};
  size.ws_row = static_cast<unsigned short>(message[1] | message[2] << 8);
  size.ws_col = static_cast<unsigned short>(message[3] | message[4] << 8);
  ::ioctl(terminal, TIOCSWINSZ, &size);
}

// As a shell ends when it cannot execute a program.
int exit_status(const Error& error) {
  if (error.code != kExecErrorCode) return kExitRuntimeError;
  const bool is_missing = error.errno_value == ENOENT || error.errno_value == ENOTDIR;
  return is_missing ? kExitNotFound : kExitNotExecutable;
}

std::string_view kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return "invalid";
    case ErrorKind::kNotFound:
      return "not_found";
    case ErrorKind::kConflict:
      return "conflict";
    case ErrorKind::kDenied:
      return "denied";
    case ErrorKind::kUnavailable:
      return "unavailable";
    case ErrorKind::kSystem:
      return "system";
    case ErrorKind::kInternal:
      return "internal";
  }
  return "internal";
}

// The container exists; lets its program run.
Result<void> run_program(const MonitorOptions& options,
                         RunningContainer& container,
                         SocketPair& console) {
  if (options.terminal) {
    IK_LET(terminal, receive_descriptor(console.ours.get()).context("terminal"));
    container.terminal_fd = std::move(terminal);
    apply_first_window(container.first_client.get(), container.terminal_fd.get());
  }
  return start_container(options.state_root, options.id);
}

}  // namespace

Result<RunningContainer> start_monitored_container(const MonitorOptions& options,
                                                   CreateOptions network,
                                                   UniqueFd first_client) {
  RunningContainer container;
  container.first_client = std::move(first_client);
  CreateOptions create = std::move(network);
  create.id = options.id;
  create.bundle = options.bundle;
  create.state_root = options.state_root;
  // Nobody would read its output or see its end.
  create.die_with_parent = true;
  SocketPair console;
  ContainerEnds theirs;
  if (options.terminal) {
    IK_LET(pair, create_socket_pair(SOCK_STREAM));
    console = std::move(pair);
    create.console_fd = console.theirs.get();
  } else {
    IK_TRY(make_stdio(options, container, theirs));
    create.stdio[0] = theirs.stdin_fd.get();
    create.stdio[1] = theirs.stdout_fd.get();
    create.stdio[2] = theirs.stderr_fd.get();
  }
  if (!options.log_path.empty()) {
    // Whoever looks for the log once the container runs shall find it, and a log that cannot be
    // written is reported while somebody listens.
    const Result<UniqueFd> log = open_file(options.log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (!log.has_value()) return log.error();
  }
  if (!options.exit_path.empty()) IK_TRY(reserve_exit_record(options.exit_path));
  if (!options.attach_socket.empty()) {
    const std::string directory =
        options.attach_socket.substr(0, options.attach_socket.rfind('/') + 1);
    IK_TRY(make_directories(directory, 0700));
    IK_LET(listening, listen_unix(options.attach_socket, SOCK_SEQPACKET));
    container.listen_fd = std::move(listening);
  }
  Result<ContainerState> state = create_container(create);
  Result<void> running = state.has_value() ? Result<void>() : state.error();
  if (state.has_value()) {
    container.pid = state->pid;
    container.cgroup_path = state->cgroup_path;
    running = run_program(options, container, console);
    if (!running.has_value()) {
      ::kill(container.pid, SIGKILL);
      static_cast<void>(wait_for_child(container.pid).has_value());
      static_cast<void>(delete_container(options.state_root, options.id, true).has_value());
    }
  }
  if (!running.has_value()) {
    if (!options.attach_socket.empty()) ::unlink(options.attach_socket.c_str());
    return std::move(running.error());
  }
  return container;
}

std::string describe_start(pid_t pid) { return Json{{"pid", pid}}.dump() + "\n"; }

std::string describe_start(const Error& error) {
  // What an image names may be longer than anybody wants to read.
  constexpr size_t kMaxMessageBytes = 4096;
  const Json report{{"error", error.message.substr(0, kMaxMessageBytes)},
                    {"kind", kind_name(error.kind)},
                    {"exit_code", exit_status(error)}};
  // A path in a message may be no UTF-8.
  return report.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

ContainerHooks runtime_hooks(const MonitorOptions& options, const std::string& cgroup_path) {
  return ContainerHooks{
      .kill_rest =
          [cgroup_path] {
            if (cgroup_path.empty()) return false;
            Result<Cgroup> cgroup = Cgroup::open(cgroup_path);
            if (!cgroup.has_value()) return false;
            const Result<std::uint64_t> kills = cgroup->oom_kills();
            static_cast<void>(cgroup->kill().has_value());
            return kills.has_value() && *kills > 0;
          },
      .remove = [state_root = options.state_root,
                 id = options.id] { return delete_container(state_root, id, true); },
  };
}

}  // namespace ikada
