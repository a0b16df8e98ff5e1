// The copying of AttachClient: one poll loop over stdin, signals and the monitor's socket.
//
// Output is written with plain, waiting writes: a slow terminal makes us slow, and the monitor
// decides what that means. stdin is read only while no message of it waits to be sent, and sending
// never waits, so two full pipes cannot block each other.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "cluster/engine/attach_client.h"
#include "cluster/engine/raw_terminal.h"

namespace ikada {

// The body of a kWindow message for the terminal `fd`; nullopt if it is none.
std::optional<std::string> window_body(int fd);

class AttachCopy {
 public:
  AttachCopy(int socket, const AttachOptions& options, const SignalCatcher* signals)
      : socket_(socket), options_(options), signals_(signals) {}

  Result<AttachEnd> run();

 private:
  Result<void> step();
  void read_stdin();
  void post(MonitorMessage type, std::string_view body = {});
  void send_posted();
  void read_signals();
  Result<void> read_monitor();
  void write_output(int& fd, std::string_view bytes);

  int socket_;
  AttachOptions options_;
  const SignalCatcher* signals_;
  bool from_terminal_ = false;
  std::optional<RawTerminal> raw_;
  std::deque<std::string> posted_;  // Messages that wait to be sent.
  bool stdin_ended_ = false;
  bool ended_ = false;
  AttachEnd end_;
};

}  // namespace ikada
