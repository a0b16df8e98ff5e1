// A client of a container's monitor: its stdio here, ours there.
//
// `run` in the foreground makes a pair and gives one end to the monitor, so that no byte is missed;
// `attach` connects to the socket of a running container. Signals that are to be forwarded have to
// be caught before the container starts: make a SignalCatcher first.
//
//   IK_LET(signals, SignalCatcher::create());
//   IK_LET(pair, AttachClient::create_pair());
//   IK_TRY(pair.client.send_window_of(STDIN_FILENO));            // with a terminal
//   IK_TRY(pair.client.take_clean_up());                         // who cleans up: we
//   IK_TRY(pair.client.stay_lossless());
//   engine.start(record, mark, pair.monitor_end.get());
//   pair.monitor_end.reset();
//   IK_LET(end, pair.client.copy(options, &signals));
//
// Source: runtime/monitor/protocol.h; signalfd(2), poll(2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/result.h"
#include "runtime/base/unique_fd.h"
#include "runtime/monitor/detach_keys.h"
#include "runtime/monitor/options.h"
#include "runtime/monitor/protocol.h"

namespace ikada {

// Keeps the signals that a person or supervisor sends from acting on this process: they are blocked
// and read from a descriptor instead. Programs started by spawn() are not affected.
class SignalCatcher {
 public:
  static Result<SignalCatcher> create();
  SignalCatcher(SignalCatcher&& other) noexcept = default;
  SignalCatcher& operator=(SignalCatcher&&) = delete;
  ~SignalCatcher();

  int fd() const { return fd_.get(); }

 private:
  explicit SignalCatcher(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

struct AttachOptions {
  int stdin_fd = -1;  // -1: the container's stdin gets nothing from us.
  int stdout_fd = 1;  // -1: dropped.
  int stderr_fd = 2;
  bool terminal = false;  // The container has a pty: stdin_fd goes raw if it is a terminal, too,
                          // and its window size is passed on.
  bool forward_signals = true;
  DetachKeys* detach_keys = nullptr;  // Looked for when stdin_fd is a terminal; null: none.
};

// How it came that copying ended.
struct AttachEnd {
  std::optional<ExitRecord> exit;  // The container has ended.
  bool detached = false;           // The person typed the detach keys.
};

class AttachClient {
 public:
  // Connects to the socket of a running container. kNotFound if nobody listens.
  static Result<AttachClient> connect(const std::string& socket_path);

  struct Pair;
  static Result<Pair> create_pair();

  // Says that this process cleans up after the container, not the monitor's command. Only the first
  // client, made by create_pair(), is believed. If this process dies first the monitor does it.
  Result<void> take_clean_up();

  // The container waits for us, as for the reader of a pipe, instead of our being dropped.
  Result<void> stay_lossless();

  // The container is killed when we go, however that comes.
  Result<void> tether();

  // Passes on the window size of the terminal `fd`; not a terminal is no error.
  Result<void> send_window_of(int fd);

  Result<void> send_signal(int signal);

  // Copies until the container ends, the person detaches, or the monitor is gone: kUnavailable, for
  // a monitor that was killed or dropped us because we did not read.
  Result<AttachEnd> copy(const AttachOptions& options, const SignalCatcher* signals);

 private:
  explicit AttachClient(UniqueFd socket) : socket_(std::move(socket)) {}

  Result<void> send(MonitorMessage type, std::string_view body = {});

  UniqueFd socket_;
};

struct AttachClient::Pair {
  AttachClient client;
  UniqueFd monitor_end;
};

}  // namespace ikada
