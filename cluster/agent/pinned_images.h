// Images that a task is to have by their digest, whatever their tag has come to mean.
#pragma once

#include "cluster/model/task.h"
#include "cluster/model/task_definition.h"

namespace ikada {

// "nginx:1" becomes "docker.io/library/nginx:1@sha256:…" where the task says which it is to have.
TaskDefinition with_pinned_images(TaskDefinition definition, const Task& task);

}  // namespace ikada
