// The agent of the daemon's own host, with the programs and directories that the `ikada` command
// uses: `ikada ps` shows the containers of its tasks.
#pragma once

#include <memory>
#include <string>

#include "cluster/agent/agent.h"
#include "cluster/daemon/task_endpoints.h"

namespace ikada {

struct HostAgentOptions {
  std::string run_root;
  std::string state_root;  // The agent's memory is STATE/agent.
  std::string config;      // See agent_config.h.
  bool is_default = true;  // Whether a host without such a file runs tasks.
  std::function<Result<TaskBridgeSpec>()> find_task_bridge = {};  // See ContainerActionOptions.
  // See ContainerActionOptions.
  std::function<std::optional<ImageSource>(const std::string& registry)> find_image_source = {};
  // Where containers in that network mode ask for names; empty: of the host's resolvers.
  std::function<std::string(const std::string& network_mode)> find_name_server = {};
};

// The agent, and what its tasks ask it.
class HostAgent {
 public:
  // Nothing if the host is to run no tasks. Everything outlives it.
  static Result<std::unique_ptr<HostAgent>> create(boost::asio::io_context& loop,
                                                   const HostAgentOptions& options,
                                                   Assignments& assignments,
                                                   AuditLog& audit);

  void start() { agent_->start(); }
  void shut_down();
  Agent& agent() { return *agent_; }

 private:
  HostAgent() = default;

  std::unique_ptr<TaskEndpoints> endpoints_;
  std::unique_ptr<Agent> agent_;
};

}  // namespace ikada
