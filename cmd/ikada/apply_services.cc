// Task definitions and services of `ikada apply`.
//
// A definition is registered anew when what is wished for is not what its last revision was
// registered for: that is kept in a tag, because what the API shows has defaults in it.
#include <algorithm>

#include "cmd/ikada/apply_steps.h"
#include "cmd/ikada/service_choice.h"
#include "cmd/ikada/task_choice.h"
#include "image/digest.h"

namespace ikada {
namespace {

constexpr const char* kAppliedTag = "ikada.applied";

// What UpdateService does not take.
constexpr const char* kFixedMembers[] = {
    "launchType", "schedulingStrategy", "role", "deploymentController", "clientToken", "tags"};

std::string applied_tag(const Json& tags) {
  for (const Json& each : tags) {
    if (each.value("key", "") == kAppliedTag) return each.value("value", "");
  }
  return "";
}

// "web" of "web:3" and of an ARN.
std::string family_of(const std::string& definition) {
  const std::string name = name_of_definition(definition);
  return name.substr(0, name.find(':'));
}

Json service_input_of(const std::string& cluster, Json wish) {
  wish["cluster"] = cluster;
  if (!wish.contains("loadBalancers") || !wish["loadBalancers"].is_array()) return wish;
  // The API takes a group's name for its ARN.
  for (Json& each : wish["loadBalancers"]) {
    if (!each.is_object() || !each.contains("targetGroup")) continue;
    each["targetGroupArn"] = each["targetGroup"];
    each.erase("targetGroup");
  }
  return wish;
}

// The definition that the service is to run, by family and revision.
Result<std::string> wished_definition(const ApiClient& api, const Json& wish) {
  IK_LET(answer,
         api.call("DescribeTaskDefinition", {{"taskDefinition", wish["taskDefinition"]}})
             .context("service {}: taskDefinition {}",
                      wish["serviceName"].get<std::string>(),
                      wish["taskDefinition"].get<std::string>()));
  return name_of_definition(answer["taskDefinition"].value("taskDefinitionArn", ""));
}

ApplyStep make_service(const ApiClient& api, const std::string& cluster, const Json& wish) {
  Json input = service_input_of(cluster, wish);
  const bool for_each_host = input.value("schedulingStrategy", "") == "DAEMON";
  if (!for_each_host && !input.contains("desiredCount")) input["desiredCount"] = 1;
  return {.sign = '+',
          .thing = "service " + wish["serviceName"].get<std::string>(),
          .run = [&api, input]() -> Result<void> {
            IK_TRY(api.call("CreateService", input));
            return {};
          }};
}

Result<void> change_service(const ApiClient& api, Json input) {
  input["service"] = input["serviceName"];
  input.erase("serviceName");
  for (const char* member : kFixedMembers) input.erase(member);
  IK_TRY(api.call("UpdateService", input));
  return {};
}

}  // namespace

Result<ApplySteps> plan_definition(const ApiClient& api, const Json& wish) {
  const auto family = wish["family"].get<std::string>();
  const std::string digest = std::string(Digest::of(wish.dump()).hex());
  ApplyStep step{.sign = '+', .thing = "task definition " + family};
  const Result<Json> found = api.call(
      "DescribeTaskDefinition", {{"taskDefinition", family}, {"include", Json::array({"TAGS"})}});
  if (found.has_value()) {
    const Json tags = found->value("tags", Json::array());
    step.thing = "task definition " +
                 name_of_definition((*found)["taskDefinition"].value("taskDefinitionArn", ""));
    if (applied_tag(tags) == digest) {
      step.sign = '=';
      return ApplySteps{std::move(step)};
    }
    step.sign = '~';
    step.lines = find_differences(wish, (*found)["taskDefinition"]);
    step.lines.emplace_back("a new revision is registered");
  }
  step.run = [&api, wish, digest]() -> Result<void> {
    Json input = wish;
    Json& tags = input["tags"];
    if (!tags.is_array()) tags = Json::array();
    tags.push_back({{"key", kAppliedTag}, {"value", digest}});
    IK_TRY(api.call("RegisterTaskDefinition", input));
    return {};
  };
  return ApplySteps{std::move(step)};
}

Result<ApplySteps> plan_service(const ApiClient& api,
                                const std::string& cluster,
                                const Json& wish,
                                const std::vector<std::string>& new_definitions) {
  const auto name = wish["serviceName"].get<std::string>();
  if (!wish.contains("taskDefinition") || !wish["taskDefinition"].is_string()) {
    return make_error(ErrorKind::kInvalid, "service {}: taskDefinition is missing", name);
  }
  const Result<Json> found = find_service(api, {.cluster = cluster, .name = name});
  const bool is_there = found.has_value() && found->value("status", "") == "ACTIVE";
  const bool may_be_missing = found.has_value() || found.error().kind == ErrorKind::kNotFound;
  if (!may_be_missing) return found.error();
  if (!is_there) return ApplySteps{make_service(api, cluster, wish)};
  ApplyStep step{.thing = "service " + name};
  const auto wished = wish["taskDefinition"].get<std::string>();
  const std::string present = name_of_definition(found->value("taskDefinition", ""));
  const bool is_new =
      std::find(new_definitions.begin(), new_definitions.end(), wished) != new_definitions.end();
  if (is_new && wished == family_of(wished)) {
    step.lines.push_back(fmt::format("taskDefinition: {} -> its new revision", present));
  } else {
    IK_LET(definition, wished_definition(api, wish));
    if (definition != present) {
      step.lines.push_back(fmt::format("taskDefinition: {} -> {}", present, definition));
    }
  }
  Json rest = wish;
  for (const char* member : {"serviceName", "taskDefinition", "tags", "clientToken"}) {
    rest.erase(member);
  }
  const Json shown = in_file_case(*found);
  for (const char* member : {"launchType", "schedulingStrategy"}) {
    if (!rest.contains(member)) continue;
    if (find_differences({{member, rest[member]}}, shown).empty()) continue;
    return make_error(ErrorKind::kInvalid, "service {}: {} cannot be changed", name, member);
  }
  for (std::string& line : find_differences(rest, shown)) step.lines.push_back(std::move(line));
  if (step.lines.empty()) return ApplySteps{std::move(step)};
  step.sign = '~';
  step.run = [&api, input = service_input_of(cluster, wish)] { return change_service(api, input); };
  return ApplySteps{std::move(step)};
}

}  // namespace ikada
