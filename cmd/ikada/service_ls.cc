#include <array>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/service_choice.h"
#include "cmd/ikada/table.h"
#include "cmd/ikada/task_choice.h"

namespace ikada {
namespace {

struct ServiceLsOptions {
  std::string cluster = "default";
  std::string format;
  bool quiet = false;
};

constexpr std::array kServiceColumns = {
    Column{"Name", "SERVICE"},
    Column{"TaskDefinition", "TASK DEFINITION"},
    Column{"Desired", "DESIRED"},
    Column{"Running", "RUNNING"},
    Column{"Pending", "PENDING"},
    Column{"Rollout", "ROLLOUT"},
    Column{"Status", "STATUS"},
};

Json service_row(const Json& service) {
  std::string rollout;
  for (const Json& each : service["deployments"]) {
    if (each.value("status", "") == "PRIMARY") rollout = each.value("rolloutState", "");
  }
  const auto number = [&](const char* member) { return std::to_string(service.value(member, 0)); };
  return {{"Name", service.value("serviceName", "")},
          {"TaskDefinition", name_of_definition(service.value("taskDefinition", ""))},
          {"Desired", number("desiredCount")},
          {"Running", number("runningCount")},
          {"Pending", number("pendingCount")},
          {"Rollout", rollout},
          {"Status", service.value("status", "")}};
}

Result<void> list_services_of(const ServiceLsOptions& options, const Context& context) {
  IK_LET(services, list_all_services(ApiClient(context), options.cluster));
  std::vector<Json> rows;
  for (const Json& each : services) rows.push_back(service_row(each));
  const std::string format = options.quiet && options.format.empty() ? "{{.Name}}" : options.format;
  return print_rows({kServiceColumns,
                     "table {{.Name}}\t{{.TaskDefinition}}\t{{.Desired}}\t{{.Running}}\t"
                     "{{.Pending}}\t{{.Rollout}}"},
                    rows,
                    format);
}

}  // namespace

void add_service_ls_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ServiceLsOptions>();
  CLI::App* command = group.add_subcommand("ls", "List services");
  command->add_option("--cluster", options->cluster, "Name of the cluster, default by default");
  command->add_option("--format", options->format, "json, table TEMPLATE, or a Go template");
  command->add_flag("-q,--quiet", options->quiet, "Only names");
  command->callback([options, &context] { context.finish(list_services_of(*options, context)); });
}

}  // namespace ikada
