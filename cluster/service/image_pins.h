// Which image the tasks of a deployment have: what its first task found behind a tag is what all
// the others run, wherever the tag has moved.
//
// Tasks that were started together, before any of them knew, may have found different images; those
// that differ from the first are replaced.
//
// Source: Amazon ECS Developer Guide, "Container image resolution"; API Reference,
// ContainerDefinition, versionConsistency.
#pragma once

#include "cluster/service/task_health.h"

namespace ikada::service {

// The images that the view's tasks have found, of containers that the deployment knows none of.
std::vector<ContainerImage> find_images(const Deployment& deployment, const ServiceView& view);

// Takes them into the PRIMARY deployment; says whether there are any.
bool pin_images(Service& service, const ServiceView& view);

// It was started before the image was known, and has another.
bool has_other_image(const ServiceTask& task, const Deployment& deployment);

}  // namespace ikada::service
