#include <memory>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/service_options.h"
#include "cmd/ikada/task_choice.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

// What an older deployment still runs, else the revision before the present one that is ACTIVE.
Result<std::string> definition_before(const ApiClient& api, const Json& service) {
  const std::string present = name_of_definition(service.value("taskDefinition", ""));
  for (const Json& each : service["deployments"]) {
    const std::string name = name_of_definition(each.value("taskDefinition", ""));
    const bool is_good = each.value("rolloutState", "") == "COMPLETED";
    if (each.value("status", "") == "ACTIVE" && is_good && name != present) return name;
  }
  const Cut parts = cut(present, ':');
  IK_LET(number, parse_unsigned(parts.after));
  IK_LET(arns,
         api.list("ListTaskDefinitions",
                  {{"familyPrefix", parts.before}, {"sort", "DESC"}},
                  "taskDefinitionArns"));
  for (const Json& each : arns) {
    const std::string name = name_of_definition(each.get<std::string>());
    IK_LET(revision, parse_unsigned(cut(name, ':').after));
    if (revision < number) return name;
  }
  return make_error(ErrorKind::kNotFound, "there is no ACTIVE revision before {}", present);
}

Result<void> roll_service_back(ServiceOptions options, const Context& context) {
  const ApiClient api(context);
  IK_LET(service, find_service(api, options.service));
  IK_LET(definition, definition_before(api, service));
  options.definition = definition;
  IK_LET(input, service_input(options));
  return update_service(api, options, std::move(input));
}

}  // namespace

void add_service_rollback_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ServiceOptions>();
  CLI::App* command =
      group.add_subcommand("rollback", "Go back to the task definition before the present one");
  command->add_option("service", options->service.name, "Its name")->required();
  command->add_option(
      "--cluster", options->service.cluster, "Name of the cluster, default by default");
  command->add_flag("-w,--wait", options->wait, "Wait until all its tasks are of that one");
  command->callback([options, &context] { context.finish(roll_service_back(*options, context)); });
}

}  // namespace ikada
