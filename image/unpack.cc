#include "image/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <mutex>

#include "image/unpack_channel.h"
#include "image/unpack_child.h"
#include "runtime/sys/file.h"
#include "runtime/sys/spawn.h"
#include "runtime/sys/unix_socket.h"

namespace ikada {
namespace {

struct Child {
  pid_t pid = -1;
  UniqueFd events;
  UniqueFd channel;
};

Result<Child> start_child(int directory, int blob, const UnpackOptions& options) {
  // A description of its own, which cannot write.
  IK_LET(readable, open_file(fmt::format("/proc/self/fd/{}", blob), O_RDONLY));
  IK_LET(channel, create_socket_pair(SOCK_SEQPACKET));
  Child child;
  child.events.reset(::eventfd(0, EFD_CLOEXEC));
  if (!child.events) return errno_error("eventfd");
  SpawnOptions spawning;
  spawning.program = options.program;
  spawning.arguments = {"ikada",
                        std::string(kUnpackVerb),
                        std::to_string(options.blob_bytes),
                        std::to_string(options.limits.max_bytes),
                        std::to_string(options.limits.max_entries),
                        std::to_string(::getpid())};
  spawning.fds = {{directory, kUnpackDirectoryFd},
                  {readable.get(), kUnpackBlobFd},
                  {child.events.get(), kUnpackEventFd},
                  {channel.theirs.get(), kUnpackChannelFd}};
  IK_LET(pid, spawn(spawning));
  child.pid = pid;
  child.channel = std::move(channel.ours);
  return child;
}

// One message of the child; empty text at its end.
struct Message {
  std::string text;
  UniqueFd fd;
};

// nullopt if nothing has come yet and `wait` is false.
Result<std::optional<Message>> receive(int channel, bool wait) {
  std::array<char, kMaxUnpackMessageBytes> text{};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  iovec part{.iov_base = text.data(), .iov_len = text.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t got = -1;
  do {
    got = ::recvmsg(channel, &header, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return std::optional<Message>();
  // A child that was killed with something unread.
  if (got < 0 && errno == ECONNRESET) got = 0;
  if (got < 0) return errno_error("receive from the unpacking process");
  Message message;
  message.text.assign(text.data(), static_cast<size_t>(got));
  const cmsghdr* attached = CMSG_FIRSTHDR(&header);
  if (attached != nullptr && attached->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::copy_n(CMSG_DATA(attached), sizeof(fd), reinterpret_cast<unsigned char*>(&fd));
    message.fd.reset(fd);
  }
  return std::optional<Message>(std::move(message));
}

Error died(const ExitStatus& status) {
  if (status.signal == SIGSYS) {
    return make_error(ErrorKind::kInternal, "layer: unpacking made a call that is not allowed it");
  }
  if (status.signal != 0) {
    return make_error(
        ErrorKind::kUnavailable, "layer: the unpacking process died of signal {}", status.signal);
  }
  return make_error(
      ErrorKind::kInternal, "layer: the unpacking process ended with status {}", status.code);
}

}  // namespace

struct LayerUnpacker::State {
  explicit State(Child given) : child(std::move(given)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { kill(); }

  void kill() {
    if (child.pid < 0) return;
    ::kill(child.pid, SIGKILL);
    static_cast<void>(reap());
  }

  ExitStatus reap() {
    return wait_for_child(std::exchange(child.pid, -1)).value_or(ExitStatus{.code = 1});
  }

  Result<void> mark_opaque(const Message& message) const;
  void listen(bool wait);

  Child child;
  dev_t device = 0;  // Of the directory.
  mutable std::mutex mutex;
  std::optional<Result<UnpackedLayer>> outcome;
};

Result<void> LayerUnpacker::State::mark_opaque(const Message& message) const {
  struct stat status {};
  if (!message.fd || ::fstat(message.fd.get(), &status) != 0 || !S_ISDIR(status.st_mode) ||
      status.st_dev != device) {
    return make_error(ErrorKind::kInternal, "layer: asked to make something else opaque");
  }
  return ikada::mark_opaque(message.fd.get());
}

// Takes messages until the child has ended; without `wait`, until none is there.
void LayerUnpacker::State::listen(bool wait) {
  while (!outcome.has_value()) {
    const Result<std::optional<Message>> message = receive(child.channel.get(), wait);
    if (!message.has_value()) {
      outcome = message.error();
    } else if (!message->has_value()) {
      return;
    } else if ((*message)->text.empty()) {
      outcome = died(reap());
    } else if ((*message)->text.front() == '\0') {
      const Result<void> marked = mark_opaque(**message);
      if (!marked.has_value()) outcome = marked.error();
    } else {
      outcome = parse_unpack_report((*message)->text);
    }
  }
}

LayerUnpacker::LayerUnpacker(std::unique_ptr<State> state) : state_(std::move(state)) {}
LayerUnpacker::LayerUnpacker(LayerUnpacker&&) noexcept = default;
LayerUnpacker& LayerUnpacker::operator=(LayerUnpacker&&) noexcept = default;
LayerUnpacker::~LayerUnpacker() = default;

Result<LayerUnpacker> LayerUnpacker::start(int directory, int blob, const UnpackOptions& options) {
  struct stat status {};
  if (::fstat(directory, &status) != 0) return errno_error("stat the layer's directory");
  IK_LET(child, start_child(directory, blob, options));
  auto state = std::make_unique<State>(std::move(child));
  state->device = status.st_dev;
  return LayerUnpacker(std::move(state));
}

bool LayerUnpacker::advance(std::uint64_t bytes) {
  const std::lock_guard lock(state_->mutex);
  if (bytes > 0 && ::write(state_->child.events.get(), &bytes, sizeof(bytes)) < 0) {
    state_->outcome = errno_error("write eventfd");
  }
  state_->listen(false);
  return !state_->outcome.has_value() || state_->outcome->has_value();
}

std::optional<Error> LayerUnpacker::failure() const {
  const std::lock_guard lock(state_->mutex);
  if (!state_->outcome.has_value() || state_->outcome->has_value()) return std::nullopt;
  return state_->outcome->error();
}

Result<UnpackedLayer> LayerUnpacker::finish(Result<void> download) {
  const std::lock_guard lock(state_->mutex);
  if (!download.has_value()) {
    state_->kill();
    return std::move(download.error());
  }
  state_->listen(true);
  // It has said its last word; what it does now is nothing to wait for.
  state_->kill();
  return *state_->outcome;
}

Result<UnpackedLayer> unpack_blob(int directory, int blob, UnpackOptions options) {
  struct stat status {};
  if (::fstat(blob, &status) != 0) return errno_error("stat blob");
  options.blob_bytes = static_cast<std::uint64_t>(status.st_size);
  IK_LET(unpacker, LayerUnpacker::start(directory, blob, options));
  unpacker.advance(options.blob_bytes);
  return unpacker.finish({});
}

}  // namespace ikada
