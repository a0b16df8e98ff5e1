// The agent of the daemon's own host, with the programs and directories that the `ikada` command
// uses: `ikada ps` shows the containers of its tasks.
#pragma once

#include <memory>
#include <string>

#include "cluster/agent/agent.h"

namespace ikada {

struct HostAgentOptions {
  std::string run_root;
  std::string state_root;  // The agent's memory is STATE/agent.
  std::string config;      // See agent_config.h.
  bool is_default = true;  // Whether a host without such a file runs tasks.
  std::function<Result<TaskBridgeSpec>()> find_task_bridge = {};  // See ContainerActionOptions.
};

// Nothing if the host is to run no tasks. `assignments` outlives it.
Result<std::unique_ptr<Agent>> create_host_agent(boost::asio::io_context& loop,
                                                 const HostAgentOptions& options,
                                                 Assignments& assignments);

}  // namespace ikada
