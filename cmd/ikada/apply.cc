#include <stdio.h>

#include <algorithm>
#include <memory>
#include <set>

#include <CLI/CLI.hpp>

#include "cmd/ikada/apply_steps.h"
#include "cmd/ikada/balancer_choice.h"
#include "cmd/ikada/commands.h"
#include "cmd/ikada/json_or_yaml.h"
#include "cmd/ikada/service_choice.h"

namespace ikada {
namespace {

struct ApplyOptions {
  std::string file;
  std::string cluster;
  bool dry_run = false;
  bool no_wait = false;
};

Result<void> add(ApplySteps& steps, Result<ApplySteps> more) {
  if (!more.has_value()) return std::move(more.error());
  for (ApplyStep& each : *more) steps.push_back(std::move(each));
  return {};
}

// In the order in which one thing needs another.
Result<ApplySteps> plan_all(const ApiClient& api, const ApplyWishes& wishes) {
  ApplySteps steps;
  for (const Json& each : wishes.groups) IK_TRY(add(steps, plan_group(api, each)));
  for (const Json& each : wishes.balancers) IK_TRY(add(steps, plan_balancer(api, each)));
  std::vector<std::string> new_definitions;
  for (const Json& each : wishes.definitions) {
    IK_LET(more, plan_definition(api, each));
    if (more.front().run) new_definitions.push_back(each["family"].get<std::string>());
    IK_TRY(add(steps, std::move(more)));
  }
  for (const Json& each : wishes.services) {
    IK_TRY(add(steps, plan_service(api, wishes.cluster, each, new_definitions)));
  }
  return steps;
}

// As the file says, whoever has made it so.
Result<bool> is_all_there(const ApiClient& api, const ApplyWishes& wishes) {
  IK_LET(steps, plan_all(api, wishes));
  return std::none_of(
      steps.begin(), steps.end(), [](const ApplyStep& each) { return each.run != nullptr; });
}

std::set<std::string> changed_balancers(const ApplySteps& steps) {
  std::set<std::string> names;
  for (const ApplyStep& each : steps) {
    if (each.sign != '=' && !each.balancer.empty()) names.insert(each.balancer);
  }
  return names;
}

void print_step(const ApplyStep& step) {
  ::printf("%c %s\n", step.sign, step.thing.c_str());
  for (const std::string& line : step.lines) ::printf("    %s\n", line.c_str());
}

Result<void> apply(const ApplyOptions& options, const Context& context) {
  const ApiClient api(context);
  IK_LET(file, load_json_or_yaml(options.file));
  IK_LET(wishes, read_wishes(file).context("{}", options.file));
  if (!options.cluster.empty()) wishes.cluster = options.cluster;
  IK_LET(steps, plan_all(api, wishes));
  for (const ApplyStep& step : steps) print_step(step);
  ::fflush(stdout);
  if (options.dry_run) return {};
  const std::set<std::string> balancers = changed_balancers(steps);
  IK_TRY(carry_out(std::move(steps), [&] { return plan_all(api, wishes); }));
  if (options.no_wait) return {};
  for (const std::string& each : balancers) IK_TRY(wait_for_balancer(api, each));
  for (const Json& each : wishes.services) {
    IK_TRY(wait_for_service(
        api, {.cluster = wishes.cluster, .name = each["serviceName"].get<std::string>()}, [&] {
          return is_all_there(api, wishes);
        }));
  }
  return {};
}

}  // namespace

void add_apply_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<ApplyOptions>();
  CLI::App* command = app.add_subcommand("apply", "Bring about what a file says");
  command->add_option("-f,--file", options->file, "JSON or YAML; - is stdin")->required();
  command->add_option("--cluster", options->cluster, "Name of the cluster, instead of the file's");
  command->add_flag("--dry-run", options->dry_run, "Show what would be done, and do nothing");
  command->add_flag("--no-wait", options->no_wait, "Do not wait until all of it works");
  command->callback([options, &context] { context.finish(apply(*options, context)); });
}

}  // namespace ikada
