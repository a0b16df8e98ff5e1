#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/print_objects.h"
#include "cmd/ikada/service_choice.h"
#include "cmd/ikada/service_failure.h"

namespace ikada {
namespace {

struct ServiceShowOptions {
  std::string cluster = "default";
  std::vector<std::string> names;
  std::string format;
  bool deployments = false;
};

// The service, and for each deployment why its tasks fail, if some did.
Result<Json> show_service(const ApiClient& api, const ServiceChoice& choice) {
  IK_LET(service, find_service(api, choice));
  for (Json& each : service["deployments"]) {
    IK_LET(why, find_failure(api, choice, each.value("id", "")));
    if (!why.empty()) each["lastFailure"] = why;
  }
  return service;
}

// As DescribeServiceDeployments answers them, the newest first.
Result<Json> find_deployments(const ApiClient& api, const ServiceChoice& choice) {
  constexpr size_t kAtOnce = 20;
  IK_LET(listed,
         api.list("ListServiceDeployments",
                  {{"cluster", choice.cluster}, {"service", choice.name}},
                  "serviceDeployments"));
  Json deployments = Json::array();
  for (size_t i = 0; i < listed.size(); i += kAtOnce) {
    Json arns = Json::array();
    for (size_t j = i; j < std::min(i + kAtOnce, listed.size()); ++j) {
      arns.push_back(listed[j].value("serviceDeploymentArn", ""));
    }
    IK_LET(answer, api.call("DescribeServiceDeployments", {{"serviceDeploymentArns", arns}}));
    for (Json& each : answer["serviceDeployments"]) deployments.push_back(std::move(each));
  }
  return deployments;
}

}  // namespace

void add_service_show_command(CLI::App& group, Context& context) {
  auto options = std::make_shared<ServiceShowOptions>();
  CLI::App* command = group.add_subcommand("show", "Show everything about services");
  command->add_option("service", options->names, "Their names")->required();
  command->add_option("--cluster", options->cluster, "Name of the cluster, default by default");
  command->add_flag("--deployments", options->deployments, "Show how their deployments went");
  command->add_option("--format", options->format, "json or a Go template");
  command->callback([options, &context] {
    const ApiClient api(context);
    print_objects(
        options->names,
        options->format,
        [&](const std::string& name) {
          const ServiceChoice choice{.cluster = options->cluster, .name = name};
          return options->deployments ? find_deployments(api, choice) : show_service(api, choice);
        },
        context);
  });
}

}  // namespace ikada
