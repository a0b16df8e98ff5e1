#include "runtime/monitor/loop.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <vector>

#include "runtime/monitor/client_set.h"
#include "runtime/monitor/container_input.h"
#include "runtime/monitor/ending.h"
#include "runtime/monitor/footprint.h"
#include "runtime/monitor/log_writer.h"
#include "runtime/monitor/output.h"
#include "runtime/monitor/poller.h"
#include "runtime/monitor/warning.h"
#include "runtime/sys/spawn.h"

namespace ikada {
namespace {

// After the end of all processes the rest of their output is there at once. A pipe that stays open
// longer is held by someone who is not in the container, and is given up.
constexpr std::chrono::milliseconds kDrainPatience{500};
constexpr int kSlowClientCheckMs = 250;

Result<UniqueFd> open_signal_fd() {
  sigset_t forwarded;
  ::sigemptyset(&forwarded);
  ::sigaddset(&forwarded, SIGTERM);
  ::sigaddset(&forwarded, SIGINT);
  if (::sigprocmask(SIG_SETMASK, &forwarded, nullptr) != 0) return errno_error("sigprocmask");
  ::signal(SIGHUP, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
  UniqueFd fd(::signalfd(-1, &forwarded, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return errno_error("signalfd");
  return fd;
}

void set_nonblocking(int fd) {
  if (fd >= 0) ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

class MonitorLoop {
 public:
  static Result<void> run(const MonitorOptions& options,
                          RunningContainer container,
                          const ContainerHooks& hooks);

 private:
  MonitorLoop(const MonitorOptions& options,
              const ContainerHooks& hooks,
              Poller poller,
              LogWriter log)
      : options_(options),
        hooks_(hooks),
        poller_(std::move(poller)),
        log_(std::move(log)),
        clients_(requests()) {}

  ClientRequests requests();
  void adopt(RunningContainer container);
  Result<void> watch();
  Result<void> update_interest();
  int timeout_ms() const;
  void dispatch(int fd, std::uint32_t events);
  void read_output(Output& output);
  void forward_signals();
  void reap();
  bool is_drained() const;

  const MonitorOptions& options_;
  const ContainerHooks& hooks_;
  Poller poller_;
  LogWriter log_;
  ClientSet clients_;
  std::vector<Output> outputs_;
  std::vector<ContainerInput> input_;  // None or one.
  UniqueFd pid_fd_;
  UniqueFd signal_fd_;
  UniqueFd listen_fd_;
  std::uint32_t polled_input_ = 0;
  bool has_ended_ = false;
  ExitRecord record_;
  MonitorClock::time_point last_output_;
};

ClientRequests MonitorLoop::requests() {
  return ClientRequests{
      .on_stdin =
          [this](std::string_view bytes) {
            if (options_.open_stdin && !input_.empty()) input_[0].add(bytes);
          },
      .on_stdin_end =
          [this] {
            if (!input_.empty()) input_[0].end();
          },
      .on_window =
          [this](unsigned short rows, unsigned short columns) {
            const winsize size{.ws_row = rows, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
            if (options_.terminal && !input_.empty()) ::ioctl(input_[0].fd(), TIOCSWINSZ, &size);
          },
      .on_signal =
          [this](int signal) {
            if (!has_ended_) static_cast<void>(send_signal(pid_fd_.get(), signal).has_value());
          },
      .on_gone =
          [this](const Client& client) {
            if (client.tethered && !has_ended_) {
              static_cast<void>(send_signal(pid_fd_.get(), SIGKILL).has_value());
            }
            if (options_.stdin_once && client.sent_stdin && !input_.empty()) input_[0].end();
          },
  };
}

void MonitorLoop::adopt(RunningContainer container) {
  listen_fd_ = std::move(container.listen_fd);
  if (container.first_client) clients_.add(std::move(container.first_client), true);
  if (container.terminal_fd) {
    // A second descriptor, because epoll knows each descriptor once and the two are waited for
    // separately.
    set_nonblocking(container.terminal_fd.get());
    UniqueFd writing(::fcntl(container.terminal_fd.get(), F_DUPFD_CLOEXEC, 3));
    input_.emplace_back(std::move(writing), true);
    outputs_.emplace_back(std::move(container.terminal_fd), LogStream::kStdout, true);
    return;
  }
  set_nonblocking(container.stdin_fd.get());
  set_nonblocking(container.stdout_fd.get());
  set_nonblocking(container.stderr_fd.get());
  if (container.stdin_fd) input_.emplace_back(std::move(container.stdin_fd), false);
  outputs_.emplace_back(std::move(container.stdout_fd), LogStream::kStdout, false);
  outputs_.emplace_back(std::move(container.stderr_fd), LogStream::kStderr, false);
}

Result<void> MonitorLoop::update_interest() {
  const bool paused = !has_ended_ && clients_.has_waiting_lossless();
  for (Output& output : outputs_) {
    if (output.fd() < 0) continue;
    IK_TRY(poller_.want(output.fd(), paused ? 0U : std::uint32_t{EPOLLIN}, output.polled_events));
  }
  bool reads_clients = true;
  if (!input_.empty() && input_[0].fd() >= 0) {
    reads_clients = input_[0].wants_more();
    IK_TRY(poller_.want(
        input_[0].fd(), input_[0].has_waiting() ? std::uint32_t{EPOLLOUT} : 0U, polled_input_));
  }
  return clients_.update_interest(poller_, reads_clients);
}

int MonitorLoop::timeout_ms() const {
  if (has_ended_) return static_cast<int>(kDrainPatience.count());
  return clients_.has_waiting() ? kSlowClientCheckMs : -1;
}

void MonitorLoop::dispatch(int fd, std::uint32_t events) {
  if (clients_.dispatch(fd, events)) return;
  for (Output& output : outputs_) {
    if (output.fd() == fd) return read_output(output);
  }
  if (!input_.empty() && input_[0].fd() == fd) return input_[0].write_waiting();
  if (fd == listen_fd_.get()) return clients_.accept_from(fd);
  if (fd == signal_fd_.get()) return forward_signals();
  if (fd == pid_fd_.get()) return reap();
}

void MonitorLoop::read_output(Output& output) {
  static std::array<char, kMaxMonitorMessage> message;
  const std::string_view bytes = output.read_some(std::span(message).subspan(1));
  // epoll would go on about a closed descriptor while another one holds the same terminal.
  if (output.fd() < 0 && options_.terminal) input_.clear();
  if (bytes.empty()) return;
  message[0] = static_cast<char>(output.stream() == LogStream::kStdout ? MonitorMessage::kStdout
                                                                       : MonitorMessage::kStderr);
  clients_.broadcast({message.data(), bytes.size() + 1});
  if (has_ended_) last_output_ = MonitorClock::now();
  const UnixNanos now = unix_now();
  output.lines.feed(bytes, [&](std::string_view text, bool partial) {
    log_.append({.time = now, .stream = output.stream(), .partial = partial, .text = text});
  });
}

void MonitorLoop::forward_signals() {
  signalfd_siginfo info{};
  while (::read(signal_fd_.get(), &info, sizeof info) == sizeof info) {
    if (has_ended_) continue;
    static_cast<void>(send_signal(pid_fd_.get(), static_cast<int>(info.ssi_signo)).has_value());
  }
}

void MonitorLoop::reap() {
  siginfo_t info{};
  if (::waitid(P_PIDFD, static_cast<id_t>(pid_fd_.get()), &info, WEXITED | WNOHANG) != 0 ||
      info.si_pid == 0) {
    return;
  }
  const bool exited = info.si_code == CLD_EXITED;
  record_.finished_at = unix_now();
  record_.signal = exited ? 0 : info.si_status;
  record_.exit_code = exited ? info.si_status : 128 + info.si_status;
  record_.oom_killed = hooks_.kill_rest();
  has_ended_ = true;
  last_output_ = MonitorClock::now();
  for (Output& output : outputs_) output.container_ended();
  pid_fd_.reset();
}

bool MonitorLoop::is_drained() const {
  if (MonitorClock::now() - last_output_ >= kDrainPatience) return true;
  for (const Output& output : outputs_) {
    if (output.fd() >= 0) return false;
  }
  return true;
}

Result<void> MonitorLoop::watch() {
  std::uint32_t polled = 0;
  for (const UniqueFd* fd : {&pid_fd_, &signal_fd_, &listen_fd_}) {
    if (!*fd) continue;
    polled = 0;
    IK_TRY(poller_.want(fd->get(), EPOLLIN, polled));
  }
  while (!has_ended_ || !is_drained()) {
    IK_TRY(update_interest());
    IK_LET(events, poller_.wait(timeout_ms()));
    for (const epoll_event& event : events) dispatch(event.data.fd, event.events);
    clients_.drop_slow();
    log_.flush();
  }
  return {};
}

Result<void> MonitorLoop::run(const MonitorOptions& options,
                              RunningContainer container,
                              const ContainerHooks& hooks) {
  const auto warn = [&options](std::string_view message) {
    warn_system_log(fmt::format("container {}: {}", options.id, message));
  };
  IK_LET(poller, Poller::create());
  Result<LogWriter> log = LogWriter::open({.path = options.log_path,
                                           .max_bytes = options.log_max_bytes,
                                           .max_files = options.log_max_files},
                                          warn);
  if (!log.has_value()) {
    warn(log.error().message + ", going on without a log");
    log = LogWriter::open({}, warn);
  }
  MonitorLoop loop(options, hooks, std::move(poller), std::move(*log));
  IK_LET(signal_fd, open_signal_fd());
  loop.signal_fd_ = std::move(signal_fd);
  IK_LET(pid_fd, open_pidfd(container.pid));
  loop.pid_fd_ = std::move(pid_fd);
  loop.adopt(std::move(container));
  forget_setup_memory();
  IK_TRY(loop.watch());

  for (Output& output : loop.outputs_) {
    output.lines.finish([&](std::string_view text, bool partial) {
      loop.log_.append(
          {.time = unix_now(), .stream = output.stream(), .partial = partial, .text = text});
    });
  }
  loop.log_.flush();
  loop.input_.clear();
  loop.outputs_.clear();
  return finish_monitoring(options, hooks, loop.record_, loop.clients_, loop.poller_);
}

}  // namespace

Result<void> run_monitor_loop(const MonitorOptions& options,
                              RunningContainer container,
                              const ContainerHooks& hooks) {
  return MonitorLoop::run(options, std::move(container), hooks);
}

}  // namespace ikada
