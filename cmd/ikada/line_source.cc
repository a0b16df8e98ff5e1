#include "cmd/ikada/line_source.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "runtime/sys/file.h"
#include "runtime/sys/spawn.h"

namespace ikada {
namespace {

constexpr size_t kEnoughLines = 1000;
constexpr size_t kMaxLine = size_t{1} << 20;

Result<std::pair<UniqueFd, UniqueFd>> make_output() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return errno_error("pipe");
  return std::pair(UniqueFd(fds[0]), UniqueFd(fds[1]));
}

}  // namespace

LineSource::LineSource(pid_t pid, UniqueFd out, UniqueFd err)
    : pid_(pid), out_{.fd = std::move(out)}, err_{.fd = std::move(err)} {}

LineSource::LineSource(LineSource&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)),
      lines_(std::move(other.lines_)) {}

LineSource::~LineSource() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  const Result<ExitStatus> ended = wait_for_child(pid_);
  static_cast<void>(ended);
}

Result<LineSource> LineSource::start(const std::vector<std::string>& command) {
  IK_LET(out, make_output());
  IK_LET(err, make_output());
  IK_LET(null, open_file("/dev/null", O_RDWR));
  SpawnOptions options;
  options.program = command.front();
  options.arguments = command;
  for (const char* name : {"PATH", "HOME", "IKADA_RUNTIME", "TZ"}) {
    const char* value = ::getenv(name);
    if (value != nullptr) options.environment.push_back(fmt::format("{}={}", name, value));
  }
  options.fds = {{null.get(), STDIN_FILENO},
                 {out.second.get(), STDOUT_FILENO},
                 {err.second.get(), STDERR_FILENO}};
  IK_LET(pid, spawn(options));
  return LineSource(pid, std::move(out.first), std::move(err.first));
}

std::vector<int> LineSource::wanted_fds() const {
  std::vector<int> fds;
  if (lines_.size() >= kEnoughLines) return fds;
  for (const End* each : {&out_, &err_}) {
    if (each->fd) fds.push_back(each->fd.get());
  }
  return fds;
}

void LineSource::read(int fd) {
  if (out_.fd && out_.fd.get() == fd) return take(out_, false);
  if (err_.fd && err_.fd.get() == fd) take(err_, true);
}

void LineSource::take(End& end, bool is_stderr) {
  std::array<char, size_t{64} << 10> buffer;
  const ssize_t size = ::read(end.fd.get(), buffer.data(), buffer.size());
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (size > 0) end.rest.append(buffer.data(), static_cast<size_t>(size));
  size_t start = 0;
  for (size_t at = end.rest.find('\n'); at != std::string::npos; at = end.rest.find('\n', start)) {
    lines_.push_back({.text = end.rest.substr(start, at - start), .is_stderr = is_stderr});
    start = at + 1;
  }
  end.rest.erase(0, start);
  const bool is_over = size <= 0;
  if (end.rest.size() > kMaxLine || (is_over && !end.rest.empty())) {
    lines_.push_back({.text = std::exchange(end.rest, ""), .is_stderr = is_stderr});
  }
  if (is_over) end.fd = UniqueFd();
}

Result<int> LineSource::finish() {
  IK_LET(status, wait_for_child(std::exchange(pid_, -1)));
  return status.shell_status();
}

}  // namespace ikada
