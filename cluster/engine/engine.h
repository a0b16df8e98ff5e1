// One host's containers: create, start, stop, remove. Image, network and runtime put together.
//
// No daemon stands behind this: every call works on the files of layout.h, several processes may
// call at once, and each call that changes something first clears away what killed commands left
// behind (recover()).
//
// The order in which things are made is: active mark (locked), directory, name, volumes, record,
// config.json; at start: address, ports, identity files, monitor. Each is recorded before it is
// made, so a crash at any point leaves something that recover() finds by its mark.
//
// Calls wait for the kernel and for the container's monitor; none waits for the container's own
// program except stop_container(), which says how long.
//
// Source: docker(1) for what the operations mean.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cluster/engine/active_mark.h"
#include "cluster/engine/container_record.h"
#include "cluster/engine/layout.h"
#include "cluster/engine/live_status.h"
#include "image/config.h"
#include "net/container_network.h"
#include "runtime/base/result.h"

namespace ikada {

// Codes of errors that `start` reports, for the exit status of `ikada run`.
inline constexpr const char* kCommandNotFoundCode = "COMMAND_NOT_FOUND";            // 127
inline constexpr const char* kCommandNotExecutableCode = "COMMAND_NOT_EXECUTABLE";  // 126

// 125, 126 or 127.
int start_exit_status(const Error& error);

struct EngineOptions {
  EngineLayout layout;
  std::string runtime_program;  // ikada-runtime's absolute path.
  // What the monitor runs when a container has ended; the id is appended.
  std::vector<std::string> cleanup_command;
  BridgeConfig bridge;
  // Told of each monitor that was started: a child of this process, which whoever lives longer than
  // it has to reap.
  std::function<void(pid_t)> on_monitor = {};
};

// An image ready to be used.
struct EngineImage {
  std::string id;
  std::string name;  // As `ps` shows it.
  ImageConfig config;
  std::vector<std::string> layers = {};  // Unpacked, lowest first.
  std::string manifest_digest = {};      // What the container holds in the store; empty: nothing.
};

// A container that is being made: it vanishes with a crash of this process until the mark is
// settled by start() or keep().
struct NewContainer {
  ContainerRecord record;
  ActiveMark mark;
};

struct RemoveOptions {
  bool force = false;    // Kill it if it runs.
  bool volumes = false;  // Its anonymous volumes, too.
};

class Engine {
 public:
  // Makes the directories and clears away what killed commands left behind.
  static Result<Engine> open(EngineOptions options);

  const EngineLayout& layout() const { return options_.layout; }
  const BridgeConfig& bridge() const { return options_.bridge; }

  // Makes a container from `image`. Nothing is left on failure.
  Result<NewContainer> create(const ContainerSpec& spec, const EngineImage& image);

  // Settles a container that was only to be created.
  void keep(NewContainer& container) { container.mark.remove(); }

  // Starts the container and returns once its program runs. `attach_fd` is a connected socket of
  // runtime/monitor/protocol.h, or -1. On failure nothing of the start is left; the container is
  // as it was before. kConflict if it runs already.
  Result<pid_t> start(const ContainerRecord& record, ActiveMark& mark, int attach_fd = -1);

  // The mark of a container that is not running, for start().
  Result<ActiveMark> acquire(const ContainerRecord& record);

  // Sends the stop signal, waits `timeout_s` (-1: for ever), then kills. Not running is no error.
  Result<void> stop(const ContainerRecord& record, std::optional<std::int64_t> timeout_s);

  // kConflict if it does not run.
  Result<void> kill(const ContainerRecord& record, int signal);
  Result<void> pause(const ContainerRecord& record);
  Result<void> resume(const ContainerRecord& record);

  // Removes a container. kConflict in docker's words if it runs and `force` is not set.
  Result<void> remove(const ContainerRecord& record, const RemoveOptions& options);

  // Gives it another name. kConflict in docker's words if that is taken.
  Result<void> rename(const ContainerRecord& record, const std::string& name);

  // Sets its limits, those of a running container at once. kUnavailable, naming it, if a controller
  // is missing.
  Result<void> update(const ContainerRecord& record, const ResourceSpec& resources);

  // Takes away everything of a container that is being made.
  void discard(NewContainer& container);

  // After a container has ended: releases its network, and the container itself with --rm.
  // Idempotent. The caller holds the mark or was started by the monitor that does.
  Result<void> clean_up(const ContainerRecord& record);

  // After a started container's monitor was killed: ends what is left of it and puts that on
  // record.
  void give_up(const ContainerRecord& record, ActiveMark& mark);

  // Finds the containers whose keepers are dead and brings each to a state that can be explained.
  void recover();

 private:
  explicit Engine(EngineOptions options) : options_(std::move(options)) {}

  Result<void> make_directories_of(const ContainerRecord& record, const EngineImage& image);
  Result<void> write_config(const ContainerRecord& record, const EngineImage& image);
  Result<void> make_volumes(const ContainerRecord& record, const EngineImage& image);
  Result<void> remove_everything(const std::string& id, bool volumes);
  Result<void> write_identity_files(const ContainerRecord& record, const NetworkStatus& network);
  Result<void> join_network(const ContainerRecord& record);
  BridgeConfig bridge_of(const ContainerRecord& record) const;
  Result<void> connect_network(const ContainerRecord& record,
                               NetworkStatus& network,
                               std::vector<UniqueFd>& held);
  Result<void> write_monitor_options(const ContainerRecord& record, const NetworkStatus& network);
  Result<pid_t> spawn_monitor(const ContainerRecord& record,
                              const std::vector<UniqueFd>& held,
                              int mark_fd,
                              int attach_fd);
  Result<ActiveMark> acquire_unless_running(
      const ContainerRecord& record,
      const std::function<Result<void>(const LiveStatus&)>& on_running);
  void release_runtime(const ContainerRecord& record);
  void record_lost_exit(const std::string& id);

  EngineOptions options_;
};

}  // namespace ikada
