#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/foreground.h"
#include "cmd/ikada/option_grammar.h"
#include "cmd/ikada/task_choice.h"
#include "cmd/ikada/task_stream.h"

namespace ikada {
namespace {

struct TaskExecOptions {
  ContainerChoice choice;
  std::vector<std::string> env;
  std::string user;
  std::string working_dir;
  bool interactive = false;
  bool terminal = false;
};

Result<int> exec_in_task(const TaskExecOptions& options,
                         const std::vector<std::string>& command,
                         const Context& context) {
  ContainerChoice choice = options.choice;
  choice.task = command[0];
  IK_LET(place, find_task_container(context, choice));
  std::vector<std::string> words = {"exec"};
  if (options.interactive) words.emplace_back("--interactive");
  if (options.terminal) words.emplace_back("--tty");
  IK_LET(env, parse_env(options.env));
  for (const std::string& each : env) words.insert(words.end(), {"--env", each});
  if (!options.user.empty()) words.insert(words.end(), {"--user", options.user});
  if (!options.working_dir.empty()) words.insert(words.end(), {"--workdir", options.working_dir});
  words.push_back(place.id);
  words.insert(words.end(), command.begin() + 1, command.end());
  if (place.is_here) return become_command(context, std::move(words));
  IK_TRY(check_terminal(options.interactive, options.terminal));
  return run_on_instance(context,
                         {.instance = place.instance,
                          .words = std::move(words),
                          .has_stdin = options.interactive,
                          .has_terminal = options.terminal,
                          .hands_on_signals = true});
}

}  // namespace

void add_task_exec_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<TaskExecOptions>();
  CLI::App* command = group.add_subcommand("exec", "Run a further command in a task's container");
  command->prefix_command();
  command->footer("ikada task exec [OPTIONS] TASK COMMAND [ARG...]");
  command->add_option(
      "--cluster", options->choice.cluster, "Name of the cluster, default by default");
  command->add_option("-c,--container", options->choice.container, "Which one, if it has several");
  command->add_option("-e,--env", options->env, "Environment variable: NAME=value")
      ->allow_extra_args(false);
  command->add_flag("-i,--interactive", options->interactive, "Keep stdin open");
  command->add_flag("-t,--tty", options->terminal, "Give the command a terminal");
  command->add_option("-u,--user", options->user, "User as NAME or UID, with :GROUP if need be");
  command->add_option("-w,--workdir", options->working_dir, "Working directory in the container");
  command->callback([options, command, &context] {
    const std::vector<std::string> words = command->remaining();
    if (words.size() >= 2) {
      const Result<int> status = exec_in_task(*options, words, context);
      if (status.has_value()) return context.finish_with(*status);
      return context.finish(status.error());
    }
    constexpr int kWrongUsage = 2;
    context.finish(make_error(ErrorKind::kInvalid, "requires at least 2 arguments: TASK COMMAND"),
                   kWrongUsage);
  });
}

}  // namespace ikada
