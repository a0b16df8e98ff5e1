// The actions of the API, each in a file of its own, named after it.
//
// An action reads the call and the state, and answers or proposes; an Error with one of ECS's names
// in `code` is its refusal.
//
// Source: Amazon ECS API Reference.
#pragma once

#include <string_view>

#include "cluster/api/api_call.h"
#include "cluster/api/outcome.h"

namespace ikada {

using Action = Result<Outcome> (*)(const ApiCall& call, const State& state);

Result<Outcome> create_cluster(const ApiCall& call, const State& state);
Result<Outcome> create_service(const ApiCall& call, const State& state);
Result<Outcome> delete_attributes(const ApiCall& call, const State& state);
Result<Outcome> delete_cluster(const ApiCall& call, const State& state);
Result<Outcome> delete_secret(const ApiCall& call, const State& state);
Result<Outcome> delete_service(const ApiCall& call, const State& state);
Result<Outcome> delete_task_definitions(const ApiCall& call, const State& state);
Result<Outcome> deregister_container_instance(const ApiCall& call, const State& state);
Result<Outcome> deregister_task_definition(const ApiCall& call, const State& state);
Result<Outcome> describe_clusters(const ApiCall& call, const State& state);
Result<Outcome> describe_container_instances(const ApiCall& call, const State& state);
Result<Outcome> describe_service_deployments(const ApiCall& call, const State& state);
Result<Outcome> describe_service_revisions(const ApiCall& call, const State& state);
Result<Outcome> describe_services(const ApiCall& call, const State& state);
Result<Outcome> describe_task_definition(const ApiCall& call, const State& state);
Result<Outcome> describe_tasks(const ApiCall& call, const State& state);
Result<Outcome> explain_task(const ApiCall& call, const State& state);
Result<Outcome> get_task_protection(const ApiCall& call, const State& state);
Result<Outcome> list_attributes(const ApiCall& call, const State& state);
Result<Outcome> list_clusters(const ApiCall& call, const State& state);
Result<Outcome> list_container_instances(const ApiCall& call, const State& state);
Result<Outcome> list_secrets(const ApiCall& call, const State& state);
Result<Outcome> list_service_deployments(const ApiCall& call, const State& state);
Result<Outcome> list_services(const ApiCall& call, const State& state);
Result<Outcome> list_tags_for_resource(const ApiCall& call, const State& state);
Result<Outcome> list_task_definition_families(const ApiCall& call, const State& state);
Result<Outcome> list_task_definitions(const ApiCall& call, const State& state);
Result<Outcome> list_tasks(const ApiCall& call, const State& state);
Result<Outcome> put_attributes(const ApiCall& call, const State& state);
Result<Outcome> put_secret(const ApiCall& call, const State& state);
Result<Outcome> register_container_instance(const ApiCall& call, const State& state);
Result<Outcome> register_task_definition(const ApiCall& call, const State& state);
Result<Outcome> run_task(const ApiCall& call, const State& state);
Result<Outcome> start_task(const ApiCall& call, const State& state);
Result<Outcome> stop_service_deployment(const ApiCall& call, const State& state);
Result<Outcome> stop_task(const ApiCall& call, const State& state);
Result<Outcome> tag_resource(const ApiCall& call, const State& state);
Result<Outcome> untag_resource(const ApiCall& call, const State& state);
Result<Outcome> update_cluster(const ApiCall& call, const State& state);
Result<Outcome> update_cluster_settings(const ApiCall& call, const State& state);
Result<Outcome> update_container_instances_state(const ApiCall& call, const State& state);
Result<Outcome> update_service(const ApiCall& call, const State& state);
Result<Outcome> update_task_protection(const ApiCall& call, const State& state);

struct ActionEntry {
  std::string_view name;  // "RunTask"
  Action action = nullptr;
};

// Null for a name that is no action.
const ActionEntry* find_action(std::string_view name);

}  // namespace ikada
