#include "cluster/agent/pinned_images.h"

#include "image/reference.h"

namespace ikada {

TaskDefinition with_pinned_images(TaskDefinition definition, const Task& task) {
  for (const TaskContainer& container : task.containers) {
    if (!container.pinned_digest.has_value()) continue;
    for (ContainerDefinition& each : definition.container_definitions) {
      if (each.name != container.name) continue;
      Result<Reference> reference = parse_reference(each.image);
      if (!reference.has_value() || !reference->digest.empty()) continue;
      reference->digest = *container.pinned_digest;
      each.image = reference->canonical();
    }
  }
  return definition;
}

}  // namespace ikada
