// How a container is just now, looked up where it happens: the runtime's state, the exit record,
// the monitor's life. Nothing here is stored, so nothing can be out of date.
//
// Source: docker-ps(1), the states of --filter status.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/engine/layout.h"
#include "net/container_network.h"
#include "runtime/base/clock.h"
#include "runtime/base/result.h"

namespace ikada {

enum class LiveState { kCreated, kRunning, kPaused, kExited };

// "created", "running", "paused", "exited".
std::string_view live_state_name(LiveState state);

struct LiveStatus {
  LiveState state = LiveState::kCreated;
  pid_t pid = 0;  // Of the first process, while it runs.
  int exit_code = 0;
  bool oom_killed = false;
  UnixNanos started_at = 0;   // 0: never.
  UnixNanos finished_at = 0;  // 0: never.

  bool is_running() const { return state == LiveState::kRunning || state == LiveState::kPaused; }
};

LiveStatus live_status(const EngineLayout& layout, const std::string& id);

// Whether it runs or has run. Whoever is about to start it is waited for, at most 1000 pauses: a
// monitor goes on with a start whose command was killed.
bool await_start(const EngineLayout& layout,
                 const std::string& id,
                 const std::function<void()>& pause);

// docker ps's STATUS: "Up 5 minutes", "Exited (0) 3 hours ago", "Created".
std::string describe_status(const LiveStatus& status, UnixNanos now);

// What a started container has on the bridge, kept as network.json while it runs.
struct NetworkStatus {
  ContainerAddress address = {};
  std::vector<PublishedPort> ports = {};
};
Result<void> save_network_status(const EngineLayout& layout,
                                 const std::string& id,
                                 const NetworkStatus& status);
// Empty if the container has none.
NetworkStatus load_network_status(const EngineLayout& layout, const std::string& id);

}  // namespace ikada
