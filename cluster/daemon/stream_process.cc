#include "cluster/daemon/stream_process.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>

#include "image/base64.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"
#include "runtime/sys/spawn.h"

namespace ikada {
namespace {

using boost::system::error_code;

constexpr std::chrono::seconds kKillAfter{2};
constexpr std::chrono::seconds kLastWords{1};
constexpr size_t kSlack = size_t{64} << 10;
// Those that `ikada exec` hands on to the program in the container.
constexpr std::array<unsigned, 6> kPassedSignals = {
    SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return errno_error("pipe");
  return Pipe{.reader = UniqueFd(fds[0]), .writer = UniqueFd(fds[1])};
}

Result<Pipe> make_terminal() {
  int controller = -1;
  int terminal = -1;
  termios raw{};
  ::cfmakeraw(&raw);
  if (::openpty(&controller, &terminal, nullptr, &raw, nullptr) != 0) return errno_error("openpty");
  Pipe pair{.reader = UniqueFd(controller), .writer = UniqueFd(terminal)};
  if (::fcntl(controller, F_SETFD, FD_CLOEXEC) != 0 ||
      ::fcntl(terminal, F_SETFD, FD_CLOEXEC) != 0) {
    return errno_error("fcntl");
  }
  return pair;
}

// Only the process itself reaps them.
std::vector<pid_t> find_children(pid_t pid) {
  constexpr size_t kMaxText = size_t{64} << 10;
  const Result<std::string> text =
      read_file(fmt::format("/proc/{}/task/{}/children", pid, pid), kMaxText);
  std::vector<pid_t> children;
  if (!text.has_value()) return children;
  for (const std::string_view word : split(trim(*text), ' ')) {
    const Result<std::int64_t> child = parse_signed(word, 2, INT32_MAX);
    if (child.has_value()) children.push_back(static_cast<pid_t>(*child));
  }
  return children;
}

Result<void> set_non_blocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) return errno_error("fcntl");
  return {};
}

}  // namespace

StreamProcess::StreamProcess(boost::asio::io_context& loop, Send send)
    : loop_(loop), send_(std::move(send)), timer_(loop) {}

StreamProcess::~StreamProcess() = default;

Result<std::shared_ptr<StreamProcess>> StreamProcess::start(boost::asio::io_context& loop,
                                                            std::vector<std::string> command,
                                                            const StreamOrder& order,
                                                            Send send) {
  std::shared_ptr<StreamProcess> process(new StreamProcess(loop, std::move(send)));
  command.insert(command.end(), order.words.begin(), order.words.end());
  IK_TRY(process->spawn_it(command, order));
  process->begin();
  return process;
}

Result<void> StreamProcess::spawn_it(const std::vector<std::string>& command,
                                     const StreamOrder& order) {
  SpawnOptions options;
  options.program = command.front();
  options.arguments = command;
  options.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  for (const char* name : {"IKADA_RUNTIME", "HOME"}) {
    const char* value = ::getenv(name);
    if (value != nullptr) options.environment.push_back(fmt::format("{}={}", name, value));
  }
  options.new_session = true;
  std::vector<UniqueFd> theirs;
  const auto give = [&](UniqueFd fd, int number) {
    options.fds.emplace_back(fd.get(), number);
    theirs.push_back(std::move(fd));
  };
  const auto keep = [&](UniqueFd fd) -> Result<std::shared_ptr<Descriptor>> {
    IK_TRY(set_non_blocking(fd.get()));
    return std::make_shared<Descriptor>(loop_, fd.release());
  };
  has_terminal_ = order.has_terminal;
  if (order.has_terminal) {
    IK_LET(pair, make_terminal());
    IK_LET(ours, keep(std::move(pair.reader)));
    input_ = ours;
    outputs_.push_back({.fd = ours});
    const int terminal = pair.writer.get();
    give(std::move(pair.writer), STDIN_FILENO);
    options.fds.emplace_back(terminal, STDOUT_FILENO);
    options.fds.emplace_back(terminal, STDERR_FILENO);
  } else {
    if (order.has_stdin) {
      IK_LET(input, make_pipe());
      IK_LET(ours, keep(std::move(input.writer)));
      input_ = std::move(ours);
      give(std::move(input.reader), STDIN_FILENO);
    } else {
      IK_LET(null, open_file("/dev/null", O_RDWR));
      give(std::move(null), STDIN_FILENO);
    }
    for (const int number : {STDOUT_FILENO, STDERR_FILENO}) {
      IK_LET(output, make_pipe());
      IK_LET(ours, keep(std::move(output.reader)));
      outputs_.push_back({.fd = std::move(ours), .name = number == STDOUT_FILENO ? "out" : "err"});
      give(std::move(output.writer), number);
    }
  }
  IK_LET(pid, spawn(options));
  pid_ = pid;
  IK_LET(end, open_pidfd(pid));
  end_ = std::make_shared<Descriptor>(loop_, end.release());
  return {};
}

void StreamProcess::begin() {
  go_on();
  await_end();
}

void StreamProcess::read(Output& output) {
  if (output.is_reading || output.is_over || untaken_ >= kStreamWindow) return;
  output.is_reading = true;
  output.fd->async_read_some(
      boost::asio::buffer(output.buffer),
      [self = shared_from_this(), &output](const error_code& error, size_t size) {
        output.is_reading = false;
        if (!self->send_) return;
        // A terminal whose other end was closed says EIO. Stopped by await_end(): not over yet.
        if (error && error != boost::asio::error::operation_aborted) output.is_over = true;
        if (size > 0) {
          self->untaken_ += size;
          if (output.left.has_value()) *output.left -= std::min(*output.left, size);
          self->say({{output.name, encode_base64({output.buffer.data(), size})}});
        }
        self->go_on();
      });
}

void StreamProcess::go_on() {
  if (!send_) return;
  if (has_ended_) return finish();
  for (Output& each : outputs_) read(each);
}

void StreamProcess::await_end() {
  end_->async_wait(Descriptor::wait_read, [self = shared_from_this()](const error_code& error) {
    if (error) return;
    self->has_ended_ = true;
    self->timer_.cancel();
    if (!self->has_terminal_) {
      // What is read already is delivered; then finish() looks at what is left.
      error_code ignored;
      for (Output& each : self->outputs_) each.fd->cancel(ignored);
      return self->finish();
    }
    // Its last words come by way of the kernel's buffers, and then the end; seldom no end, when
    // somebody else has that terminal, too.
    self->timer_.expires_after(kLastWords);
    self->timer_.async_wait([self](const error_code& cancelled) {
      if (!cancelled) self->give_up_outputs();
    });
    self->finish();
  });
}

void StreamProcess::give_up_outputs() {
  for (Output& each : outputs_) each.is_over = true;
  finish();
}

// Whether all has been read that was in the pipe when the program ended: what it left running may
// keep the pipe, and write on.
bool StreamProcess::is_empty(Output& output) const {
  if (output.is_over) return true;
  if (output.is_reading || has_terminal_) return false;
  if (!output.left.has_value()) {
    int left = 0;
    if (::ioctl(output.fd->native_handle(), FIONREAD, &left) != 0) return true;
    output.left = static_cast<size_t>(left);
  }
  return *output.left == 0;
}

// When the program has ended and all that it wrote has been read.
void StreamProcess::finish() {
  if (!has_ended_ || pid_ < 0) return;
  bool is_done = true;
  for (Output& each : outputs_) {
    if (is_empty(each)) continue;
    is_done = false;
    read(each);
  }
  if (!is_done) return;
  const Result<ExitStatus> status = wait_for_child(std::exchange(pid_, -1));
  const Send send = std::exchange(send_, nullptr);
  close_all();
  if (!send) return;
  if (status.has_value()) return send({{"exit", status->shell_status()}});
  send({{"error", status.error().message}});
}

// The one who is told may give this up meanwhile.
void StreamProcess::say(const Json& frame) {
  const Send send = send_;
  if (send) send(frame);
}

void StreamProcess::take(const Json& frame) {
  if (!send_ || !frame.is_object()) return;
  if (frame.contains("taken") && frame["taken"].is_number_unsigned()) {
    untaken_ -= std::min(untaken_, frame["taken"].get<size_t>());
    go_on();
  }
  if (frame.contains("in") || frame.contains("end")) take_input(frame);
  if (frame.contains("window")) take_window(frame["window"]);
  if (frame.contains("signal")) take_signal(frame["signal"]);
}

void StreamProcess::take_input(const Json& frame) {
  if (frame.contains("in") && frame["in"].is_string() && input_ != nullptr) {
    Result<std::string> bytes = decode_base64(frame["in"].get<std::string>());
    if (bytes.has_value() && !bytes->empty()) {
      unwritten_ += bytes->size();
      to_write_.push_back(std::move(*bytes));
    }
    if (unwritten_ > kStreamWindow + kSlack) {
      say({{"error", "more input than was asked for"}});
      return abandon();
    }
  }
  if (frame.contains("end")) ends_input_ = true;
  write_input();
}

void StreamProcess::take_window(const Json& size) {
  const bool is_size = size.is_array() && size.size() == 2 && size[0].is_number_unsigned() &&
                       size[1].is_number_unsigned();
  if (!is_size || !has_terminal_ || input_ == nullptr) return;
  winsize wanted{};
  wanted.ws_row = size[0].get<unsigned short>();
  wanted.ws_col = size[1].get<unsigned short>();
  // It is in a session of its own, without this terminal: the kernel does not tell it.
  if (::ioctl(input_->native_handle(), TIOCSWINSZ, &wanted) == 0 && pid_ > 0) {
    ::kill(pid_, SIGWINCH);
  }
}

void StreamProcess::take_signal(const Json& number) {
  if (!number.is_number_unsigned() || pid_ <= 0) return;
  const auto* const known = std::ranges::find(kPassedSignals, number.get<std::uint64_t>());
  if (known != kPassedSignals.end()) ::kill(pid_, static_cast<int>(*known));
}

void StreamProcess::write_input() {
  if (is_writing_ || input_ == nullptr) return;
  if (to_write_.empty()) {
    if (ends_input_ && !has_terminal_) input_.reset();
    return;
  }
  is_writing_ = true;
  boost::asio::async_write(
      *input_,
      boost::asio::buffer(to_write_.front()),
      [self = shared_from_this(), kept = input_](const error_code& error, size_t) {
        self->is_writing_ = false;
        const size_t size = self->to_write_.front().size();
        self->to_write_.pop_front();
        self->unwritten_ -= size;
        // A program that reads no more: what comes is dropped, as a pipe without a reader does.
        if (error) self->input_.reset();
        self->say({{"taken", size}});
        self->write_input();
      });
}

void StreamProcess::abandon() {
  send_ = nullptr;
  if (pid_ < 0) return;
  ::kill(pid_, SIGHUP);
  // With its terminal or its pipes gone.
  for (Output& each : outputs_) {
    each.is_over = true;
    error_code ignored;
    each.fd->close(ignored);
  }
  if (input_ != nullptr) {
    error_code ignored;
    input_->close(ignored);
  }
  input_.reset();
  if (has_ended_) return finish();
  timer_.expires_after(kKillAfter);
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (error || self->pid_ < 0) return;
    // What runs in the container is its child, and would outlive it.
    for (const pid_t child : find_children(self->pid_)) ::kill(child, SIGKILL);
    ::kill(self->pid_, SIGKILL);
  });
}

void StreamProcess::close_all() {
  error_code ignored;
  for (Output& each : outputs_) each.fd->close(ignored);
  if (input_ != nullptr) input_->close(ignored);
  end_->close(ignored);
  timer_.cancel();
}

}  // namespace ikada
