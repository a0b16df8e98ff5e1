#include "cluster/proxy/haproxy_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <utility>

#include <spdlog/spdlog.h>

#include "cluster/proxy/haproxy_masters.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"
#include "runtime/sys/spawn.h"

namespace ikada {
namespace {

constexpr int kEndMs = 500;
constexpr int kKillMs = 2000;

}  // namespace

HaproxyFiles::HaproxyFiles(const std::string& directory)
    : config(directory + "/haproxy.cfg"),
      new_config(directory + "/haproxy.new.cfg"),
      pid(directory + "/haproxy.pid"),
      log(directory + "/haproxy.log"),
      runtime_socket(directory + "/runtime.sock"),
      master_socket(directory + "/master.sock"),
      jail(directory + "/jail"),
      requests_socket(jail + "/requests.sock") {}

HaproxyProcess::HaproxyProcess(boost::asio::io_context& loop,
                               std::string program,
                               HaproxyFiles files,
                               std::function<void()> on_end)
    : loop_(loop),
      program_(std::move(program)),
      files_(std::move(files)),
      on_end_(std::move(on_end)) {}

bool HaproxyProcess::adopt(Search search) {
  const Result<std::string> text = read_file(files_.pid);
  // HAProxy writes the master's pid, one a line.
  const auto pid = parse_signed(trim(cut(text.value_or(""), '\n').before), 1, INT32_MAX);
  if (pid.has_value() && adopt_process(static_cast<pid_t>(*pid))) return true;
  if (search == Search::kPidFile) return false;
  for (const pid_t master : find_haproxy_masters(files_.config)) {
    if (adopt_process(master)) return true;
  }
  return false;
}

bool HaproxyProcess::adopt_process(pid_t pid) {
  // Held before it is looked at: the number may be another one's a moment later.
  if (!watch(pid).has_value()) return false;
  if (is_haproxy_of(pid_, files_.config)) return true;
  pidfd_.reset();
  pid_ = -1;
  return false;
}

void HaproxyProcess::end_others() const {
  for (const pid_t master : find_haproxy_masters(files_.config)) {
    if (master == pid_) continue;
    const Result<UniqueFd> fd = open_pidfd(master);
    if (!fd.has_value() || !is_haproxy_of(master, files_.config)) continue;
    spdlog::warn("another HAProxy runs our file, ending it pid={}", master);
    (void)send_signal(fd->get(), SIGKILL);
  }
}

Result<void> HaproxyProcess::start() {
  IK_LET(log, open_file(files_.log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600));
  IK_LET(nothing, open_file("/dev/null", O_RDONLY));
  SpawnOptions options;
  options.program = program_;
  options.arguments = {
      program_, "-W", "-db", "-S", files_.master_socket, "-p", files_.pid, "-f", files_.config};
  options.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  options.fds = {{nothing.get(), 0}, {log.get(), 1}, {log.get(), 2}};
  options.new_session = true;
  IK_LET(pid, spawn(options));
  is_child_ = true;
  Result<void> watched = watch(pid);
  if (!watched.has_value()) {
    ::kill(pid, SIGKILL);
    (void)wait_for_child(pid);
  }
  return watched;
}

Result<void> HaproxyProcess::watch(pid_t pid) {
  IK_LET(fd, open_pidfd(pid));
  pid_ = pid;
  pidfd_ = std::make_unique<boost::asio::posix::stream_descriptor>(loop_, fd.release());
  pidfd_->async_wait(
      boost::asio::posix::stream_descriptor::wait_read,
      [this, life = std::weak_ptr<char>(life_)](const boost::system::error_code& error) {
        if (error || life.expired() || !is_running()) return;
        ended();
        on_end_();
      });
  return {};
}

void HaproxyProcess::ended() {
  pidfd_.reset();
  const pid_t pid = std::exchange(pid_, -1);
  if (std::exchange(is_child_, false)) (void)wait_for_child(pid);
}

Result<void> HaproxyProcess::reload() {
  if (!is_running()) return make_error(ErrorKind::kUnavailable, "HAProxy has just ended");
  return send_signal(pidfd_->native_handle(), SIGUSR2).context("reload HAProxy");
}

void HaproxyProcess::end() {
  if (!is_running()) return;
  pollfd waited{.fd = pidfd_->native_handle(), .events = POLLIN, .revents = 0};
  (void)send_signal(waited.fd, SIGTERM);
  if (::poll(&waited, 1, kEndMs) <= 0) {
    kill_all(waited.fd);
    (void)::poll(&waited, 1, kKillMs);
  }
  ended();
}

// A worker that hangs does not see that its master is gone, and keeps the ports: the kernel would
// go on to give it connections beside its successor.
void HaproxyProcess::kill_all(int master_fd) {
  const std::vector<pid_t> all = find_haproxys(files_.config);
  (void)send_signal(master_fd, SIGKILL);
  for (const pid_t each : all) {
    const Result<UniqueFd> fd = open_pidfd(each);
    if (!fd.has_value() || !is_haproxy_of(each, files_.config)) continue;
    (void)send_signal(fd->get(), SIGKILL);
  }
}

}  // namespace ikada
