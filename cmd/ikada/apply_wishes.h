// What `ikada apply` is to bring about: task definitions, target groups, load balancers and
// services, from one file.
//
// Members are those of the APIs, in ECS's spelling (healthCheckPath for HealthCheckPath). Target
// groups and certificates are named by their names; `forward: web` is an action, `attributes` a
// map:
//
//   cluster: default
//   taskDefinitions: [{family: web, containerDefinitions: […]}]
//   targetGroups: [{name: web, port: 80, attributes: {deregistration_delay.timeout_seconds: 5}}]
//   loadBalancers: [{name: web, listeners: [{port: 80, forward: web, rules: [
//     {priority: 1, conditions: [{field: path-pattern, values: [/api/*]}], forward: api}]}]}]
//   services: [{serviceName: web, taskDefinition: web, desiredCount: 15,
//     loadBalancers: [{targetGroup: web, containerName: web, containerPort: 80}]}]
//
// Source: RegisterTaskDefinition, CreateService, CreateTargetGroup, CreateListener, CreateRule.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

struct ApplyWishes {
  std::string cluster = "default";
  std::vector<Json> definitions = {};
  std::vector<Json> groups = {};
  std::vector<Json> balancers = {};  // Their listeners and rules in them.
  std::vector<Json> services = {};
};

// With all shorthands written out. kInvalid for what is no such file or names a thing twice. Pure.
Result<ApplyWishes> read_wishes(const Json& file);

// The members as Elastic Load Balancing spells them; what is no member stays. Pure.
Json in_balancing_case(const Json& wish);
// And back, with names of target groups and certificates instead of ARNs. Pure.
Json in_file_case(const Json& shown);

// [{"Key", "Value"}…] of a map of attributes, and back. Pure.
Json attribute_list(const Json& attributes);
Json attribute_map(const Json& list);

// Where what is there differs from what is wished, a line each: "desiredCount: 1 -> 15". What is
// not wished for is not looked at. Pure.
std::vector<std::string> find_differences(const Json& wished, const Json& shown);

}  // namespace ikada
