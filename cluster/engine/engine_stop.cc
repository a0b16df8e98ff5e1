// Engine: signals, and what remains when a container has ended.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "cluster/engine/container_names.h"
#include "cluster/engine/engine.h"
#include "cluster/engine/record_change.h"
#include "cluster/engine/record_plan.h"
#include "cluster/engine/volumes.h"
#include "net/overlay_network.h"
#include "runtime/container/create.h"
#include "runtime/monitor/exit_file.h"
#include "runtime/sys/file.h"
#include "runtime/sys/spawn.h"

namespace ikada {
namespace {

constexpr std::int64_t kDefaultStopTimeoutS = 10;

Error not_running(const ContainerRecord& record) {
  return make_error(ErrorKind::kConflict, "container {} is not running", record.id);
}

// True once the process has ended; false if `timeout_s` passed first. -1 waits for ever.
bool wait_for_end(int pid_fd, std::int64_t timeout_s) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  bool has_looked = false;
  while (true) {
    int wait_ms = -1;
    if (timeout_s >= 0) {
      const auto passed = std::chrono::floor<std::chrono::milliseconds>(Clock::now() - begin);
      const std::int64_t left_ms = timeout_s * 1000 - passed.count();
      if (left_ms <= 0 && has_looked) return false;
      wait_ms = static_cast<int>(std::clamp<std::int64_t>(left_ms, 0, 3'600'000));
    }
    pollfd wait{.fd = pid_fd, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&wait, 1, wait_ms);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
    has_looked = true;
  }
}

// The process may have ended while its monitor has not put that on record yet: then there is
// nothing to kill any more.
Result<void> send_unless_ended(const std::string& root, const std::string& id, int signal) {
  Result<void> sent = kill_container(root, id, signal, false);
  if (sent.has_value() || sent.error().kind == ErrorKind::kConflict ||
      sent.error().kind == ErrorKind::kNotFound) {
    return {};
  }
  return sent;
}

}  // namespace

Result<void> Engine::kill(const ContainerRecord& record, int signal) {
  if (!live_status(layout(), record.id).is_running()) return not_running(record);
  Result<void> sent = kill_container(layout().runtime_states(), record.id, signal, false);
  if (!sent.has_value() && sent.error().kind == ErrorKind::kConflict) return not_running(record);
  return sent;
}

Result<void> Engine::pause(const ContainerRecord& record) {
  const LiveStatus status = live_status(layout(), record.id);
  if (status.state == LiveState::kPaused) {
    return make_error(ErrorKind::kConflict, "container {} is already paused", record.id);
  }
  if (!status.is_running()) return not_running(record);
  return pause_container(layout().runtime_states(), record.id);
}

Result<void> Engine::resume(const ContainerRecord& record) {
  if (live_status(layout(), record.id).state != LiveState::kPaused) {
    return make_error(ErrorKind::kConflict, "container {} is not paused", record.id);
  }
  return resume_container(layout().runtime_states(), record.id);
}

Result<void> Engine::stop(const ContainerRecord& record, std::optional<std::int64_t> timeout_s) {
  const LiveStatus status = live_status(layout(), record.id);
  if (!status.is_running()) return {};
  const std::string root = layout().runtime_states();
  const Result<UniqueFd> pid_fd = open_pidfd(status.pid);
  const std::int64_t timeout =
      timeout_s.value_or(record.spec.stop_timeout_s.value_or(kDefaultStopTimeoutS));
  if (pid_fd.has_value()) {
    // The pid may have been reused before we had the descriptor; the runtime compares start times.
    IK_TRY(send_unless_ended(root, record.id, stop_signal(record)));
    if (status.state == LiveState::kPaused) {
      static_cast<void>(resume_container(root, record.id).has_value());
    }
    if (!wait_for_end(pid_fd->get(), timeout)) {
      IK_TRY(send_unless_ended(root, record.id, SIGKILL));
    }
  }
  wait_until_unattended(layout(), record.id);
  return {};
}

Result<void> Engine::remove(const ContainerRecord& record, const RemoveOptions& options) {
  bool was_killed = false;
  const auto end_it = [&](const LiveStatus& status) -> Result<void> {
    if (!options.force) {
      return make_error(ErrorKind::kConflict,
                        "cannot remove container \"/{}\": container is {}: stop the container "
                        "before removing or force remove",
                        record.name,
                        live_state_name(status.state));
    }
    IK_TRY(send_unless_ended(layout().runtime_states(), record.id, SIGKILL));
    was_killed = true;
    wait_until_unattended(layout(), record.id);
    return {};
  };
  Result<ActiveMark> mark = acquire_unless_running(record, end_it);
  if (!mark.has_value()) {
    // With --rm it goes by itself as soon as it has ended.
    const bool has_gone = was_killed && mark.error().kind == ErrorKind::kNotFound;
    return has_gone ? Result<void>() : std::move(mark.error());
  }
  IK_TRY(mark->set_phase(ActivePhase::kCreating));
  release_runtime(record);
  IK_TRY(remove_everything(record.id, options.volumes));
  release_name(layout(), record.name, record.id);
  mark->remove();
  return {};
}

void Engine::release_runtime(const ContainerRecord& record) {
  // What failed here is found again by the next command, because the mark stays.
  static_cast<void>(delete_container(layout().runtime_states(), record.id, true).has_value());
  if (record.spec.network.mode == "bridge") {
    const BridgeConfig bridge = bridge_of(record);
    const Result<void> released = record.spec.network.task_bridge.is_used()
                                      ? give_back_task_address(bridge, record.id)
                                      : ContainerNetwork(bridge).release(record.id);
    static_cast<void>(released.has_value());
    ::unlink(layout().container_file(record.id, "network.json").c_str());
  }
  const std::string sockets = layout().socket_directory(record.id);
  ::unlink(layout().attach_socket(record.id).c_str());
  if (::rmdir(sockets.c_str()) != 0) static_cast<void>(remove_tree(sockets).has_value());
}

Result<void> Engine::remove_everything(const std::string& id, bool volumes) {
  if (volumes) {
    const Result<ContainerRecord> record = load_record(layout(), id);
    if (record.has_value()) {
      for (const std::string& each : record->anonymous_volumes) {
        static_cast<void>(remove_volume(layout(), each).has_value());
      }
    }
  }
  // The name it has now: another command may have just changed it.
  const Result<ContainerRecord> last = take_record(layout(), id);
  IK_TRY(remove_tree(layout().container(id)));
  if (last.has_value()) release_name(layout(), last->name, id);
  return {};
}

Result<void> Engine::clean_up(const ContainerRecord& record) {
  release_runtime(record);
  if (record.spec.auto_remove) {
    // From here on a crash must finish the removal.
    IK_TRY(condemn(layout(), record.id));
    IK_TRY(remove_everything(record.id, true));
    release_name(layout(), record.name, record.id);
  }
  remove_active_mark(layout(), record.id);
  return {};
}

void Engine::record_lost_exit(const std::string& id) {
  const std::string path = layout().container_file(id, "exit.json");
  if (::access(path.c_str(), F_OK) == 0) return;
  constexpr int kLostExitCode = 255;  // docker's for a container whose end nobody saw.
  const ExitRecord record{.exit_code = kLostExitCode, .finished_at = unix_now()};
  static_cast<void>(write_exit_record(path, record, Durability::kVolatile).has_value());
}

void Engine::give_up(const ContainerRecord& record, ActiveMark& mark) {
  release_runtime(record);
  record_lost_exit(record.id);
  if (record.spec.auto_remove) {
    if (!condemn(layout(), record.id).has_value()) return;
    if (!remove_everything(record.id, true).has_value()) return;
    release_name(layout(), record.name, record.id);
  }
  mark.remove();
}

void Engine::recover() {
  const Result<std::vector<std::string>> ids = list_active(layout());
  if (!ids.has_value()) return;
  for (const std::string& id : *ids) {
    Result<std::optional<ActiveMark>> found = ActiveMark::find_abandoned(layout(), id);
    if (!found.has_value() || !found->has_value()) continue;
    ActiveMark& mark = **found;
    // A command that starts or removes a whole container has made the mark, and not locked it yet.
    if (mark.phase() == ActivePhase::kNothing) {
      mark.remove();
      continue;
    }
    const Result<ContainerRecord> record = load_record(layout(), id);
    if (record.has_value() && mark.phase() == ActivePhase::kStarted) {
      give_up(*record, mark);
      continue;
    }
    ContainerRecord remains;
    if (record.has_value()) remains = *record;
    remains.id = id;
    release_runtime(remains);
    const bool is_whole = record.has_value() || record.error().kind != ErrorKind::kNotFound;
    if (mark.phase() == ActivePhase::kCreating || !is_whole) {
      if (!remove_everything(id, true).has_value()) continue;
      release_names_of(layout(), id);
    }
    mark.remove();
  }
}

}  // namespace ikada
