// Which task, and which of its containers, somebody means.
#pragma once

#include <string>
#include <vector>

#include "cmd/ikada/api_client.h"

namespace ikada {

// The part behind the last '/' of an ARN: the id.
std::string id_of_arn(const std::string& arn);

// "web:3" of a task definition's ARN.
std::string name_of_definition(const std::string& arn);

// A whole id or ARN as it is; the beginning of an id becomes the id of the one task that has it.
// kNotFound, or kInvalid if several have it.
Result<std::string> find_task_id(const ApiClient& api,
                                 const std::string& cluster,
                                 const std::string& text);

// The task as DescribeTasks answers it. kNotFound.
Result<Json> find_task(const ApiClient& api, const std::string& cluster, const std::string& text);

// The one of that name; without a name the only one. kInvalid names them if there are several.
Result<Json> choose_container(const Json& task, const std::string& name);

// Where the chosen container is. kNotFound if it was not started yet.
struct ContainerChoice {
  std::string cluster = "default";
  std::string task = {};
  std::string container = {};
};
struct ContainerPlace {
  std::string id = {};        // In the engine.
  std::string instance = {};  // The container instance's id.
  bool is_here = false;       // On this host.
  bool is_over = false;       // The task has stopped.
};
Result<ContainerPlace> find_task_container(const Context& context, const ContainerChoice& choice);

// Becomes `ikada WORDS…` with this context's directories; returns only on failure.
Error become_command(const Context& context, std::vector<std::string> words);

}  // namespace ikada
