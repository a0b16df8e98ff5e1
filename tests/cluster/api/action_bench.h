// Calls actions on a state in memory, and makes what they propose: the API without sockets and
// without a store.
#pragma once

#include <string>

#include "cluster/api/actions.h"
#include "cluster/api/task_placer.h"

namespace ikada {

struct ActionBench {
  State state = {};
  ApiOptions options = {.account = "1", .home_region = "r", .virtual_instances = true};
  Scope scope = {.account = "1", .region = "r"};
  Timestamp now = {1'700'000'000'000};
  TaskPlacer placer = TaskPlacer(7);
  std::int64_t ids = 0;
  std::string caller = "arn:aws:iam::1:root";
  int losses = 0;            // What calls are told of proposals that lost before.
  size_t most_proposed = 0;  // Changes of the largest proposal of a call.
  const MetricBook* metrics = nullptr;

  // The answer of an action ("RunTask", "ecr:ListImages", "own:RecordImage", "elb:…", "acm:…",
  // "cloudwatch:…") to a body in single quotes; {"__type", "message"} if it refuses.
  Json call(const std::string& action, std::string body);

  // What the service scheduler plans with.
  ApiCall own_call();

  // Makes the changes of a proposal, all or none.
  bool make(const Proposal& proposal);
};

// The body as JSON: single quotes stand for double ones.
Json quoted(std::string text);

}  // namespace ikada
