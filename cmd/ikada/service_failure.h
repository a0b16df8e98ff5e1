// Why tasks of a service end: what the newest one that failed says of itself.
//
// Source: Amazon ECS API Reference, Task (stopCode, stoppedReason), Container (reason, exitCode).
#pragma once

#include <string>

#include "cmd/ikada/api_client.h"
#include "cmd/ikada/service_choice.h"

namespace ikada {

// Of tasks as DescribeTasks answers them, the one that failed last; null if none did. A task that
// somebody or the scheduler stopped has not failed, unless its health checks have. Pure.
const Json* find_last_failed(const Json& tasks);

// "task 9bc95f932d00: CannotPullContainerError: …", "task 9bc95f932d00: Essential container in task
// exited: container web: exit code 1". Pure.
std::string describe_failure(const Json& task);

// The same of the service's newest deployment, as far as its tasks are still known: they are for an
// hour. Empty if none failed.
Result<std::string> find_failure(const ApiClient& api,
                                 const ServiceChoice& choice,
                                 const std::string& deployment);

}  // namespace ikada
