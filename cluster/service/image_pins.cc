#include "cluster/service/image_pins.h"

#include <algorithm>
#include <utility>

namespace ikada::service {
namespace {

const TaskContainer* find_container(const Task& task, const std::string& name) {
  const auto found = std::find_if(task.containers.begin(),
                                  task.containers.end(),
                                  [&](const auto& each) { return each.name == name; });
  return found == task.containers.end() ? nullptr : &*found;
}

bool is_pinned(const Deployment& deployment, const std::string& container) {
  return std::any_of(deployment.images.begin(), deployment.images.end(), [&](const auto& each) {
    return each.container == container;
  });
}

// Of the deployment's task that was made first, of those that know.
std::string first_digest(const ServiceView& view,
                         const Deployment& deployment,
                         const std::string& container) {
  std::string digest;
  Timestamp first = {};
  for (const ServiceTask& each : view.tasks) {
    if (each.task->started_by != deployment.id) continue;
    const TaskContainer* found = find_container(*each.task, container);
    if (found == nullptr || found->image_digest.value_or("").empty()) continue;
    const Timestamp made = each.task->created_at.value_or(Timestamp{});
    if (!digest.empty() && first <= made) continue;
    digest = *found->image_digest;
    first = made;
  }
  return digest;
}

}  // namespace

std::vector<ContainerImage> find_images(const Deployment& deployment, const ServiceView& view) {
  std::vector<ContainerImage> found;
  for (const auto& [container, image] : view.tagged) {
    if (is_pinned(deployment, container)) continue;
    std::string digest = first_digest(view, deployment, container);
    if (digest.empty()) continue;
    found.push_back({.container = container, .image = image, .digest = std::move(digest)});
  }
  return found;
}

bool pin_images(Service& service, const ServiceView& view) {
  Deployment* primary = primary_of(service);
  if (primary == nullptr) return false;
  const std::vector<ContainerImage> found = find_images(*primary, view);
  primary->images.insert(primary->images.end(), found.begin(), found.end());
  return !found.empty();
}

bool has_other_image(const ServiceTask& task, const Deployment& deployment) {
  return std::any_of(deployment.images.begin(), deployment.images.end(), [&](const auto& pin) {
    const TaskContainer* found = find_container(*task.task, pin.container);
    if (found == nullptr || found->pinned_digest.has_value()) return false;
    return found->image_digest.has_value() && *found->image_digest != pin.digest;
  });
}

}  // namespace ikada::service
