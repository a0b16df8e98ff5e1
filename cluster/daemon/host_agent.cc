#include "cluster/daemon/host_agent.h"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <spdlog/spdlog.h>

#include "cluster/daemon/agent_config.h"
#include "cluster/engine/program_paths.h"

namespace ikada {
namespace {

Result<AgentOptions> plan_agent(const HostAgentOptions& options) {
  AgentOptions agent;
  TaskRunnerOptions& runner = agent.runner;
  runner.state_directory = options.state_root + "/agent";
  runner.on_error = [](const Error& error) { spdlog::warn("{}", error.message); };
  runner.actions.find_task_bridge = options.find_task_bridge;
  agent.on_event = [](const std::string& line) { spdlog::info("{}", line); };
  EngineOptions& engine = runner.actions.engine;
  engine.layout = {.root = options.state_root, .run_root = options.run_root};
  engine.bridge.state_dir = engine.layout.network_state();
  IK_LET(runtime, find_runtime_program());
  engine.runtime_program = std::move(runtime);
  IK_LET(ikada, find_sibling_program("ikada"));
  engine.cleanup_command = {std::move(ikada),
                            "--root",
                            options.state_root,
                            "--run-root",
                            options.run_root,
                            "container-cleanup"};
  return agent;
}

}  // namespace

Result<std::unique_ptr<Agent>> create_host_agent(boost::asio::io_context& loop,
                                                 const HostAgentOptions& options,
                                                 Assignments& assignments) {
  IK_LET(config, load_agent_config(options.config, options.is_default));
  if (!config.runs_tasks) return std::unique_ptr<Agent>();
  IK_LET(planned, plan_agent(options));
  apply_agent_config(config, planned);
  return Agent::create(loop, std::move(planned), assignments);
}

}  // namespace ikada
