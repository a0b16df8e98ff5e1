#include "cmd/ikada/service_choice.h"

#include <stdio.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "cmd/ikada/service_failure.h"
#include "cmd/ikada/service_targets.h"
#include "cmd/ikada/task_choice.h"

namespace ikada {
namespace {

constexpr std::chrono::milliseconds kLook{200};

// {} if the service has none.
Json newest_deployment(const Json& service) {
  for (const Json& each : service["deployments"]) {
    if (each.value("status", "") == "PRIMARY") return each;
  }
  return Json::object();
}

std::string progress_of(const Json& service) {
  const Json deployment = newest_deployment(service);
  std::string text = fmt::format("{}: {} of {} running, {} pending",
                                 service.value("serviceName", ""),
                                 service.value("runningCount", 0),
                                 service.value("desiredCount", 0),
                                 service.value("pendingCount", 0));
  if (service["deployments"].size() > 1) {
    text += fmt::format("; {} of {} from {}",
                        deployment.value("runningCount", 0),
                        deployment.value("desiredCount", 0),
                        name_of_definition(deployment.value("taskDefinition", "")));
  }
  if (deployment.value("failedTasks", 0) > 0) {
    text += fmt::format("; {} failed", deployment.value("failedTasks", 0));
  }
  return text;
}

bool is_stable(const Json& service) {
  return newest_deployment(service).value("rolloutState", "") == "COMPLETED" &&
         service["deployments"].size() == 1 && service.value("pendingCount", 0) == 0 &&
         service.value("runningCount", 0) == service.value("desiredCount", 0);
}

std::string name_of(const Json& deployment) {
  return fmt::format("{} of {}",
                     deployment.value("id", ""),
                     name_of_definition(deployment.value("taskDefinition", "")));
}

// With the reason of the last task of the awaited deployment that failed, if there is one.
Error failure_of(const ApiClient& api,
                 const ServiceChoice& choice,
                 const Json& deployment,
                 const Json& awaited) {
  // A roll-back goes to one that was there before.
  if (deployment.value("createdAt", 0.0) > awaited.value("createdAt", 0.0)) {
    return make_error(ErrorKind::kUnavailable,
                      "service {}: somebody else has deployed {} meanwhile, instead of {}",
                      choice.name,
                      name_of(deployment),
                      name_of(awaited));
  }
  std::string text = fmt::format("service {}: {}",
                                 choice.name,
                                 deployment.value("rolloutStateReason", "the deployment failed"));
  const Result<std::string> why = find_failure(api, choice, awaited.value("id", ""));
  if (why.has_value() && !why->empty()) text += fmt::format(" {}", *why);
  return make_error(ErrorKind::kUnavailable, "{}", text);
}

// What stands in its way, as its newest events tell it.
void tell_events(const Json& service, std::string& told) {
  if (service["events"].empty()) return;
  const std::string newest = service["events"][0].value("message", "");
  const bool is_trouble = newest.find("unable to") != std::string::npos;
  if (!is_trouble || newest == told) return;
  told = newest;
  ::fprintf(stderr, "%s\n", printable(newest).c_str());
}

// Why tasks fail, once for each reason.
Result<void> tell_failure(const ApiClient& api,
                          const ServiceChoice& choice,
                          const std::string& deployment,
                          std::string& told) {
  IK_LET(why, find_failure(api, choice, deployment));
  // The reason without the task's id, which is another one each time.
  std::string reason = why.substr(std::min(why.find(": "), why.size()));
  if (why.empty() || reason == told) return {};
  told = std::move(reason);
  ::fprintf(stderr, "%s\n", printable(why).c_str());
  return {};
}

}  // namespace

Result<Json> find_service(const ApiClient& api, const ServiceChoice& choice) {
  IK_LET(answer,
         api.call("DescribeServices",
                  {{"cluster", choice.cluster},
                   {"services", Json::array({choice.name})},
                   {"include", Json::array({"TAGS"})}}));
  if (answer["services"].empty()) {
    return make_error(ErrorKind::kNotFound, "No such service: {}", choice.name);
  }
  return std::move(answer["services"][0]);
}

Result<std::vector<Json>> list_all_services(const ApiClient& api, const std::string& cluster) {
  constexpr size_t kAtOnce = 10;
  IK_LET(arns, api.list("ListServices", {{"cluster", cluster}}, "serviceArns"));
  std::vector<Json> services;
  for (size_t i = 0; i < arns.size(); i += kAtOnce) {
    Json some = Json::array();
    for (size_t j = i; j < std::min(i + kAtOnce, arns.size()); ++j) some.push_back(arns[j]);
    IK_LET(answer, api.call("DescribeServices", {{"cluster", cluster}, {"services", some}}));
    for (Json& each : answer["services"]) services.push_back(std::move(each));
  }
  return services;
}

Result<void> wait_for_service(const ApiClient& api,
                              const ServiceChoice& choice,
                              const WillDo& will_do) {
  Json awaited = Json::object();
  std::string shown;
  std::string told;
  while (true) {
    IK_LET(service, find_service(api, choice));
    if (service.value("status", "") != "ACTIVE") {
      return make_error(ErrorKind::kUnavailable, "service {} is being removed", choice.name);
    }
    const Json deployment = newest_deployment(service);
    const std::string id = deployment.value("id", "");
    if (awaited.empty()) awaited = deployment;
    if (id != awaited.value("id", "") && will_do) {
      IK_LET(is_good, will_do());
      if (is_good) awaited = deployment;
    }
    if (id != awaited.value("id", "") || deployment.value("rolloutState", "") == "FAILED") {
      return failure_of(api, choice, deployment, awaited);
    }
    const bool is_steady = is_stable(service);
    IK_LET(awaited_targets, is_steady ? find_awaited_targets(api, service) : std::string());
    std::string progress = progress_of(service);
    if (!awaited_targets.empty()) progress += "; " + awaited_targets;
    if (progress != shown) {
      ::fprintf(stderr, "%s\n", printable(progress).c_str());
      shown = std::move(progress);
      if (deployment.value("failedTasks", 0) > 0) {
        IK_TRY(tell_failure(api, choice, id, told));
      }
    }
    if (is_steady && awaited_targets.empty()) return {};
    tell_events(service, told);
    std::this_thread::sleep_for(kLook);
  }
}

}  // namespace ikada
