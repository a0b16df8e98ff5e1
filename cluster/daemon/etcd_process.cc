#include "cluster/daemon/etcd_process.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <spdlog/spdlog.h>

#include "cluster/daemon/etcd_child.h"
#include "runtime/sys/spawn.h"

namespace ikada {
namespace {

constexpr std::chrono::milliseconds kFirstRelaunch{200};
constexpr std::chrono::milliseconds kLongestRelaunch{5000};
constexpr std::chrono::seconds kGoodRun{10};
constexpr int kEndMs = 3000;
constexpr std::chrono::seconds kRestartPatience{1};

}  // namespace

EtcdProcess::EtcdProcess(boost::asio::io_context& loop,
                         std::string program,
                         std::vector<std::string> arguments)
    : loop_(loop),
      program_(std::move(program)),
      arguments_(std::move(arguments)),
      timer_(loop),
      pause_(kFirstRelaunch) {}

EtcdProcess::~EtcdProcess() { stop(); }

void EtcdProcess::start() { launch(); }

void EtcdProcess::launch() {
  SpawnOptions options;
  // This very program, even if another one has been installed in its place.
  options.program = "/proc/self/exe";
  options.arguments = {"ikadad", std::string(kEtcdChildVerb), std::to_string(::getpid()), program_};
  options.arguments.insert(options.arguments.end(), arguments_.begin(), arguments_.end());
  // Etcd takes options from variables, too: none of ours.
  options.environment = {"PATH=/usr/bin:/bin"};
  options.new_session = true;
  started_ = std::chrono::steady_clock::now();
  const Result<pid_t> pid = spawn(options);
  if (!pid.has_value()) {
    spdlog::error("etcd: {}", pid.error().message);
    return launch_again();
  }
  pid_ = *pid;
  Result<UniqueFd> fd = open_pidfd(pid_);
  if (!fd.has_value()) {
    spdlog::error("etcd: {}", fd.error().message);
    ::kill(pid_, SIGKILL);
    return ended();
  }
  pidfd_ = std::make_unique<boost::asio::posix::stream_descriptor>(loop_, fd->release());
  spdlog::info("etcd started pid={}", pid_);
  watch();
  if (on_launch_) on_launch_();
}

void EtcdProcess::watch() {
  pidfd_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [this](const boost::system::error_code& error) {
                       if (!error && !is_stopped_) ended();
                     });
}

void EtcdProcess::ended() {
  pidfd_.reset();
  const Result<ExitStatus> status = wait_for_child(std::exchange(pid_, -1));
  if (is_stopped_) return;
  if (std::exchange(is_restarting_, false)) return launch();
  spdlog::warn("etcd ended status={}, starting it again in {} ms",
               status.has_value() ? status->shell_status() : -1,
               pause_.count());
  launch_again();
}

void EtcdProcess::restart() {
  if (pid_ < 0 || std::exchange(is_restarting_, true)) return;
  spdlog::info("etcd is started anew pid={}", pid_);
  ::kill(pid_, SIGTERM);
  timer_.expires_after(kRestartPatience);
  timer_.async_wait([this, pid = pid_](const boost::system::error_code& error) {
    if (!error && pid_ == pid && is_restarting_) ::kill(pid, SIGKILL);
  });
}

void EtcdProcess::launch_again() {
  if (std::chrono::steady_clock::now() - started_ > kGoodRun) pause_ = kFirstRelaunch;
  timer_.expires_after(pause_);
  pause_ = std::min(pause_ * 2, kLongestRelaunch);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && !is_stopped_) launch();
  });
}

void EtcdProcess::stop() {
  if (std::exchange(is_stopped_, true)) return;
  timer_.cancel();
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  pollfd waited{.fd = pidfd_->native_handle(), .events = POLLIN, .revents = 0};
  if (::poll(&waited, 1, kEndMs) <= 0) ::kill(pid_, SIGKILL);
  ended();
}

}  // namespace ikada
