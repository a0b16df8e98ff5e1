#include <array>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/table.h"
#include "cmd/ikada/task_choice.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

struct TaskDefLsOptions {
  std::string family;
  bool all = false;
  bool quiet = false;
  std::string format;
};

constexpr std::array kTaskDefColumns = {
    Column{"Name", "TASK DEFINITION"},
    Column{"Family", "FAMILY"},
    Column{"Revision", "REVISION"},
    Column{"Status", "STATUS"},
};

Result<void> list_definitions(const TaskDefLsOptions& options, const Context& context) {
  const ApiClient api(context);
  std::vector<const char*> statuses = {"ACTIVE"};
  if (options.all) statuses.insert(statuses.end(), {"INACTIVE", "DELETE_IN_PROGRESS"});
  std::vector<Json> rows;
  for (const char* status : statuses) {
    Json input = {{"status", status}};
    if (!options.family.empty()) input["familyPrefix"] = options.family;
    IK_LET(arns, api.list("ListTaskDefinitions", std::move(input), "taskDefinitionArns"));
    for (const Json& arn : arns) {
      const std::string name = name_of_definition(arn.get<std::string>());
      const Cut parts = cut(name, ':');
      rows.push_back({{"Name", name},
                      {"Family", parts.before},
                      {"Revision", parts.after},
                      {"Status", status}});
    }
  }
  const std::string format = options.quiet && options.format.empty() ? "{{.Name}}" : options.format;
  return print_rows(
      {kTaskDefColumns, "table {{.Family}}\t{{.Revision}}\t{{.Status}}"}, rows, format);
}

}  // namespace

void add_task_def_ls_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<TaskDefLsOptions>();
  CLI::App* command = group.add_subcommand("ls", "List task definitions");
  command->add_option("family", options->family, "Only those of this family");
  command->add_flag("-a,--all", options->all, "Also those that are deregistered");
  command->add_flag("-q,--quiet", options->quiet, "Only names");
  command->add_option("--format", options->format, "json, table TEMPLATE, or a Go template");
  command->callback([options, &context] { context.finish(list_definitions(*options, context)); });
}

}  // namespace ikada
