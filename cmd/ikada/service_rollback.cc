#include <memory>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/service_options.h"

namespace ikada {
namespace {

// What makes a service's tasks what they are.
Json workload_of(const Json& of) {
  Json workload = Json::object();
  for (const char* each : {"taskDefinition", "networkConfiguration", "loadBalancers"}) {
    if (of.contains(each) && !of[each].empty()) workload[each] = of[each];
  }
  return workload;
}

// Of the newest deployment that was SUCCESSFUL and differs from what the service has.
Result<Json> workload_before(const ApiClient& api, const ServiceChoice& choice) {
  IK_LET(service, find_service(api, choice));
  const Json present = workload_of(service);
  IK_LET(deployments,
         api.list("ListServiceDeployments",
                  {{"cluster", choice.cluster},
                   {"service", choice.name},
                   {"status", Json::array({"SUCCESSFUL"})}},
                  "serviceDeployments"));
  for (const Json& each : deployments) {
    IK_LET(answer,
           api.call("DescribeServiceRevisions",
                    {{"serviceRevisionArns",
                      Json::array({each.value("targetServiceRevisionArn", "")})}}));
    if (answer["serviceRevisions"].empty()) continue;
    Json workload = workload_of(answer["serviceRevisions"][0]);
    if (workload != present) return workload;
  }
  return make_error(
      ErrorKind::kNotFound, "service {} had no other deployment that was completed", choice.name);
}

Result<void> roll_service_back(const ServiceOptions& options, const Context& context) {
  const ApiClient api(context);
  IK_LET(workload, workload_before(api, options.service));
  IK_LET(input, service_input(options));
  input.update(workload);
  return update_service(api, options, std::move(input));
}

}  // namespace

void add_service_rollback_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ServiceOptions>();
  CLI::App* command = group.add_subcommand("rollback", "Go back to what was deployed before");
  command->add_option("service", options->service.name, "Its name")->required();
  command->add_option(
      "--cluster", options->service.cluster, "Name of the cluster, default by default");
  command->add_flag("-w,--wait", options->wait, "Wait until all its tasks are of that one");
  command->callback([options, &context] { context.finish(roll_service_back(*options, context)); });
}

}  // namespace ikada
