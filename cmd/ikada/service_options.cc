#include "cmd/ikada/service_options.h"

#include <stdio.h>

#include "cmd/ikada/json_or_yaml.h"
#include "runtime/base/number.h"

namespace ikada {

std::string not_empty(const std::string& text) { return text.empty() ? "is empty" : ""; }

void add_service_options(CLI::App& command, ServiceOptions& options) {
  constexpr int kMostPercent = 10'000;
  command.add_flag(
      "--circuit-breaker", options.breaker, "End a deployment whose tasks fail one after another");
  command.add_option(
      "--cluster", options.service.cluster, "Name of the cluster, default by default");
  command.add_option("-n,--count", options.count, "How many tasks")->check(CLI::Range(0, 5000));
  command.add_option("-f,--file",
                     options.file,
                     "The action's input as JSON or YAML, - is stdin; options go before it");
  command
      .add_option("--grace-period", options.grace_s, "Seconds in which failed checks do not count")
      ->check(CLI::NonNegativeNumber);
  command
      .add_option("--load-balancer",
                  options.balancers,
                  "TARGETGROUP:CONTAINER:PORT, where requests come from; none to have no more")
      ->allow_extra_args(false);
  command
      .add_option("--max-percent", options.maximum, "How many tasks there may be in a deployment")
      ->check(CLI::Range(100, kMostPercent));
  command
      .add_option("--min-percent", options.minimum_healthy, "How many stay healthy in a deployment")
      ->check(CLI::Range(0, 100));
  command.add_flag(
      "--rollback", options.rollback, "Go back to the last good deployment; sets the breaker");
  command.add_flag("-w,--wait", options.wait, "Wait until all its tasks run, and nothing else");
}

namespace {

// The target group is a name, or an ARN with colons of its own.
Result<Json> load_balancer(const std::string& text) {
  const size_t before_port = text.rfind(':');
  const size_t before_container = before_port == std::string::npos || before_port == 0
                                      ? before_port
                                      : text.rfind(':', before_port - 1);
  if (before_container == std::string::npos || before_container == 0) {
    return make_error(
        ErrorKind::kInvalid, "--load-balancer: {}: expected TARGETGROUP:CONTAINER:PORT", text);
  }
  IK_LET(port,
         parse_unsigned(text.substr(before_port + 1), UINT16_MAX)
             .context("--load-balancer: {}: port", text));
  return Json{
      {"targetGroupArn", text.substr(0, before_container)},
      {"containerName", text.substr(before_container + 1, before_port - before_container - 1)},
      {"containerPort", port}};
}

// "none" stands for an empty list.
Result<void> add_load_balancers(const std::vector<std::string>& texts, Json& input) {
  if (texts.empty()) return {};
  Json& balancers = input["loadBalancers"] = Json::array();
  if (texts == std::vector<std::string>{"none"}) return {};
  for (const std::string& each : texts) {
    IK_LET(balancer, load_balancer(each));
    balancers.push_back(std::move(balancer));
  }
  return {};
}

}  // namespace

Result<Json> service_input(const ServiceOptions& options) {
  Json input = Json::object();
  if (!options.file.empty()) {
    IK_LET(read, load_json_or_yaml(options.file));
    input = std::move(read);
  }
  for (const char* each : {"cluster", "serviceName", "schedulingStrategy"}) {
    if (input.contains(each) && !input[each].is_string()) {
      return make_error(ErrorKind::kInvalid, "{}: expected a text", each);
    }
  }
  if (input.contains("deploymentConfiguration") && !input["deploymentConfiguration"].is_object()) {
    return make_error(ErrorKind::kInvalid, "deploymentConfiguration: expected a map");
  }
  if (options.service.cluster != "default" || !input.contains("cluster")) {
    input["cluster"] = options.service.cluster;
  }
  if (!options.definition.empty()) input["taskDefinition"] = options.definition;
  if (options.count >= 0) input["desiredCount"] = options.count;
  if (options.grace_s >= 0) input["healthCheckGracePeriodSeconds"] = options.grace_s;
  const auto limits = [&]() -> Json& { return input["deploymentConfiguration"]; };
  if (options.minimum_healthy >= 0) limits()["minimumHealthyPercent"] = options.minimum_healthy;
  if (options.maximum >= 0) limits()["maximumPercent"] = options.maximum;
  if (options.breaker || options.rollback) {
    limits()["deploymentCircuitBreaker"] = {{"enable", true}, {"rollback", options.rollback}};
  }
  if (options.force) input["forceNewDeployment"] = true;
  IK_TRY(add_load_balancers(options.balancers, input));
  return input;
}

Result<void> update_service(const ApiClient& api, const ServiceOptions& options, Json input) {
  ServiceChoice choice = options.service;
  choice.cluster = input.value("cluster", choice.cluster);
  input["service"] = choice.name;
  IK_TRY(api.call("UpdateService", input));
  if (options.wait) IK_TRY(wait_for_service(api, choice));
  ::printf("%s\n", choice.name.c_str());
  return {};
}

}  // namespace ikada
