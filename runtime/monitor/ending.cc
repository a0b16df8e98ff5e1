#include "runtime/monitor/ending.h"

#include <fcntl.h>
#include <unistd.h>

#include "runtime/monitor/exit_file.h"
#include "runtime/sys/spawn.h"

namespace ikada {
namespace {

// For clients that were promised not to be dropped while somebody waits for the clean-up.
constexpr std::chrono::seconds kLastWordPatience{10};

Result<void> write_record(const MonitorOptions& options, const ExitRecord& record, bool durable) {
  if (options.exit_path.empty()) return {};
  return write_exit_record(
      options.exit_path, record, durable ? Durability::kDurable : Durability::kVolatile);
}

Result<void> send_last_word(const ExitRecord& record, ClientSet& clients, Poller& poller) {
  std::string message(1, static_cast<char>(MonitorMessage::kExit));
  message += to_json(record).dump();
  clients.broadcast(message);
  const MonitorClock::time_point start = MonitorClock::now();
  while (clients.has_waiting()) {
    const bool may_wait =
        clients.someone_does_clean_up() || MonitorClock::now() - start < kLastWordPatience;
    if (!may_wait) break;
    IK_TRY(clients.update_interest(poller, false));
    IK_LET(events, poller.wait(250));
    for (const epoll_event& event : events) clients.dispatch(event.data.fd, event.events);
    clients.drop_slow();
  }
  return {};
}

Result<void> run_clean_up(const std::vector<std::string>& command) {
  if (command.empty()) return {};
  std::vector<std::string> environment;
  for (char** each = environ; *each != nullptr; ++each) environment.emplace_back(*each);
  IK_LET(pid,
         spawn({.program = command[0],
                .arguments = command,
                .environment = std::move(environment),
                .fds = {}}));
  IK_LET(status, wait_for_child(pid));
  if (status.shell_status() == 0) return {};
  return make_error(
      ErrorKind::kSystem, "{} ended with status {}", command[0], status.shell_status());
}

}  // namespace

Result<void> finish_monitoring(const MonitorOptions& options,
                               const ContainerHooks& hooks,
                               const ExitRecord& record,
                               ClientSet& clients,
                               Poller& poller) {
  Result<void> first;
  const auto keep_first = [&first](Result<void> result) {
    if (first.has_value() && !result.has_value()) first = std::move(result);
  };
  keep_first(write_record(options, record, !clients.someone_does_clean_up()));
  keep_first(hooks.remove());
  keep_first(send_last_word(record, clients, poller));
  const bool client_cleans_up = clients.someone_does_clean_up();
  if (!options.attach_socket.empty()) ::unlink(options.attach_socket.c_str());
  if (!client_cleans_up) keep_first(run_clean_up(options.cleanup_command));
  return first;
}

}  // namespace ikada
