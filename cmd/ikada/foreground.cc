#include "cmd/ikada/foreground.h"

#include <unistd.h>

#include <optional>

#include "cluster/engine/attach_client.h"
#include "runtime/monitor/detach_keys.h"

namespace ikada {
namespace {

Result<DetachKeys> parse_keys(const ForegroundOptions& options) {
  return DetachKeys::parse(options.detach_keys.empty() ? "ctrl-p,ctrl-q" : options.detach_keys);
}

AttachOptions plan_copying(const ForegroundOptions& options, bool terminal, DetachKeys& keys) {
  AttachOptions copying;
  copying.stdin_fd = options.attach_stdin ? STDIN_FILENO : -1;
  copying.stdout_fd = options.attach_stdout ? STDOUT_FILENO : -1;
  copying.stderr_fd = options.attach_stderr ? STDERR_FILENO : -1;
  copying.terminal = terminal;
  copying.forward_signals = options.forward_signals;
  copying.detach_keys = &keys;
  return copying;
}

}  // namespace

Result<void> check_terminal(bool attach_stdin, bool terminal) {
  if (!attach_stdin || !terminal || ::isatty(STDIN_FILENO) == 1) return {};
  return make_error(ErrorKind::kInvalid, "the input device is not a TTY");
}

Result<int> start_in_foreground(Engine& engine,
                                const ContainerRecord& record,
                                ActiveMark& mark,
                                const ForegroundOptions& options) {
  IK_LET(keys, parse_keys(options));
  IK_LET(signals, SignalCatcher::create());
  IK_LET(pair, AttachClient::create_pair());
  AttachClient& client = pair.client;
  if (record.spec.terminal) IK_TRY(client.send_window_of(STDIN_FILENO));
  IK_TRY(client.take_clean_up());
  IK_TRY(client.stay_lossless());
  IK_TRY(engine.start(record, mark, pair.monitor_end.get()));
  pair.monitor_end.reset();

  Result<AttachEnd> end = client.copy(plan_copying(options, record.spec.terminal, keys), &signals);
  if (!end.has_value()) {
    engine.give_up(record, mark);
    return std::move(end.error());
  }
  if (!end->exit.has_value()) return 0;
  // What cannot be cleaned up now is found again by its mark; the program's status counts.
  static_cast<void>(engine.clean_up(record).has_value());
  return end->exit->exit_code;
}

Result<int> attach_to_running(const Engine& engine,
                              const ContainerRecord& record,
                              const ForegroundOptions& options) {
  IK_LET(keys, parse_keys(options));
  IK_LET(signals, SignalCatcher::create());
  IK_LET(client, AttachClient::connect(engine.layout().attach_socket(record.id)));
  IK_LET(end, client.copy(plan_copying(options, record.spec.terminal, keys), &signals));
  return end.exit.has_value() ? end.exit->exit_code : 0;
}

}  // namespace ikada
