#include "image/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mutex>
#include <utility>

#include "image/confined_process.h"
#include "image/unpack_channel.h"
#include "image/unpack_child.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

Result<ConfinedProcess> start_child(int directory,
                                    int blob,
                                    int events,
                                    const UnpackOptions& options) {
  // A description of its own, which cannot write.
  IK_LET(readable, open_file(fmt::format("/proc/self/fd/{}", blob), O_RDONLY));
  const bool accepts_archives = options.accepts == Decompressor::Accepts::kArchives;
  return ConfinedProcess::start({.program = options.program,
                                 .arguments = {std::string(kUnpackVerb),
                                               std::to_string(options.blob_bytes),
                                               std::to_string(options.limits.max_bytes),
                                               std::to_string(options.limits.max_entries),
                                               accepts_archives ? "1" : "0"},
                                 .fds = {{directory, kUnpackDirectoryFd},
                                         {readable.get(), kUnpackBlobFd},
                                         {events, kUnpackEventFd}},
                                 .channel_fd = kUnpackChannelFd});
}

}  // namespace

struct LayerUnpacker::State {
  State(ConfinedProcess started, UniqueFd its_events)
      : process(std::move(started)), events(std::move(its_events)) {}
  Result<void> mark_opaque(const ConfinedMessage& message) const;
  Result<void> count(std::uint64_t content_bytes);
  void hear(const ConfinedMessage& message);
  void listen(bool wait);

  ConfinedProcess process;
  UniqueFd events;
  dev_t device = 0;  // Of the directory.
  ImageBudget* budget = nullptr;
  std::uint64_t taken_bytes = 0;  // Of the budget.
  mutable std::mutex mutex;
  std::optional<Result<UnpackedLayer>> outcome;
};

Result<void> LayerUnpacker::State::mark_opaque(const ConfinedMessage& message) const {
  struct stat status {};
  if (!message.fd || ::fstat(message.fd.get(), &status) != 0 || !S_ISDIR(status.st_mode) ||
      status.st_dev != device) {
    return make_error(ErrorKind::kInternal, "layer: asked to make something else opaque");
  }
  return ikada::mark_opaque(message.fd.get());
}

Result<void> LayerUnpacker::State::count(std::uint64_t content_bytes) {
  if (budget == nullptr || content_bytes <= taken_bytes) return {};
  const std::uint64_t more = content_bytes - std::exchange(taken_bytes, content_bytes);
  return budget->take(more);
}

void LayerUnpacker::State::hear(const ConfinedMessage& message) {
  Result<void> heard;
  if (message.text.front() == '\0') {
    heard = mark_opaque(message);
  } else if (const auto bytes = parse_unpack_progress(message.text); bytes.has_value()) {
    heard = count(*bytes);
  } else {
    outcome = parse_unpack_report(message.text);
    if (outcome->has_value()) heard = count((*outcome)->content_bytes);
  }
  if (!heard.has_value()) outcome = std::move(heard.error());
}

// Takes messages until the child has ended; without `wait`, until none is there.
void LayerUnpacker::State::listen(bool wait) {
  while (!outcome.has_value()) {
    const Result<std::optional<ConfinedMessage>> message = process.receive(wait);
    if (!message.has_value()) {
      outcome = message.error();
    } else if (!message->has_value()) {
      return;
    } else if ((*message)->text.empty()) {
      outcome = process.death();
    } else {
      hear(**message);
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
  UniqueFd events(::eventfd(0, EFD_CLOEXEC));
  if (!events) return errno_error("eventfd");
  IK_LET(process, start_child(directory, blob, events.get(), options));
  auto state = std::make_unique<State>(std::move(process), std::move(events));
  state->device = status.st_dev;
  state->budget = options.budget;
  return LayerUnpacker(std::move(state));
}

bool LayerUnpacker::advance(std::uint64_t bytes) {
  const std::lock_guard lock(state_->mutex);
  if (bytes > 0 && ::write(state_->events.get(), &bytes, sizeof(bytes)) < 0) {
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
    state_->process.kill();
    return std::move(download.error());
  }
  state_->listen(true);
  // It has said its last word; what it does now is nothing to wait for.
  state_->process.kill();
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
