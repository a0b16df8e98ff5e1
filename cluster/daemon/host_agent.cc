#include "cluster/daemon/host_agent.h"

#include <chrono>
#include <future>
#include <map>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "cluster/daemon/agent_config.h"
#include "cluster/engine/program_paths.h"
#include "cluster/node/name_table.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

Result<AgentOptions> plan_agent(const HostAgentOptions& options) {
  AgentOptions agent;
  TaskRunnerOptions& runner = agent.runner;
  runner.state_directory = options.state_root + "/agent";
  runner.on_error = [](const Error& error) { spdlog::warn("{}", error.message); };
  runner.actions.find_task_bridge = options.find_task_bridge;
  runner.actions.find_image_source = options.find_image_source;
  if (options.find_name_server) {
    runner.actions.find_names = [find = options.find_name_server](const std::string& network_mode,
                                                                  const std::string& cluster) {
      return NameService{.server = find(network_mode),
                         .search = fmt::format("{}.{}", cluster, kNameZone)};
    };
  }
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

// Asks on the loop's thread for a thread of the pool, which waits.
Result<std::map<std::string, std::string>> ask_for_secrets(boost::asio::io_context& loop,
                                                           Assignments& assignments,
                                                           const std::string& task) {
  constexpr std::chrono::seconds kPatience{15};
  const auto answer = std::make_shared<std::promise<Result<Json>>>();
  std::future<Result<Json>> answered = answer->get_future();
  boost::asio::post(loop, [&assignments, task, answer] {
    assignments.ask(
        "secrets", task, [answer](const Result<Json>& told) { answer->set_value(told); });
  });
  if (answered.wait_for(kPatience) != std::future_status::ready) {
    return make_error(ErrorKind::kUnavailable, "no manager has answered");
  }
  IK_LET(json, answered.get());
  std::map<std::string, std::string> values;
  for (const auto& [name, value] : json.items()) {
    if (value.is_string()) values.emplace(name, value.get<std::string>());
  }
  return values;
}

}  // namespace

Result<std::unique_ptr<HostAgent>> HostAgent::create(boost::asio::io_context& loop,
                                                     const HostAgentOptions& options,
                                                     Assignments& assignments,
                                                     AuditLog& audit) {
  IK_LET(config, load_agent_config(options.config, options.is_default));
  if (!config.runs_tasks) return std::unique_ptr<HostAgent>();
  IK_LET(planned, plan_agent(options));
  apply_agent_config(config, planned);
  IK_TRY(make_directories(planned.runner.state_directory, 0700));
  std::unique_ptr<HostAgent> host(new HostAgent);
  IK_LET(endpoints,
         TaskEndpoints::create(loop,
                               {.layout = planned.runner.actions.engine.layout,
                                .runtime_program = planned.runner.actions.engine.runtime_program,
                                .key_file = planned.runner.state_directory + "/endpoint.key"},
                               assignments,
                               audit));
  host->endpoints_ = std::move(endpoints);
  planned.runner.actions.find_secrets = [&loop, &assignments](const TaskFacts& facts) {
    return ask_for_secrets(loop, assignments, facts.task.id);
  };
  TaskEndpoints* const asked = host->endpoints_.get();
  planned.runner.actions.own_environment = [asked](const TaskFacts& facts,
                                                   const std::string& container) {
    return asked->ids().environment(facts.task.id, facts.definition, container);
  };
  planned.runner.on_running =
      [asked](const std::string& task, const std::string& container, const std::string& id) {
        asked->note_running(task, container, id);
      };
  planned.runner.on_ended = [asked](const std::string& task, const std::string& container) {
    asked->note_ended(task, container);
  };
  IK_LET(agent, Agent::create(loop, std::move(planned), assignments));
  host->agent_ = std::move(agent);
  asked->serve(host->agent_->runner());
  return host;
}

void HostAgent::shut_down() {
  agent_->shut_down();
  endpoints_->stop();
}

}  // namespace ikada
