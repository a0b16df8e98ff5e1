#include "cluster/scheduler/cluster_view.h"

#include <algorithm>

#include "cluster/scheduler/eligibility.h"

namespace ikada::scheduler {
namespace {

// All classes together take about this much.
constexpr size_t kClassMemoryBytes = size_t{64} << 20;
constexpr size_t kClassBytesPerHost = 140;
constexpr size_t kMinClasses = 8;
constexpr size_t kMaxClasses = 1024;

void append_text(std::string& key, std::string_view text) {
  key += std::to_string(text.size());
  key += ':';
  key += text;
}

// Different for requests that differ in anything.
std::string key_of(const Request& request) {
  std::string key;
  append_key(key, request.shape);
  append_text(key, request.group);
  key += request.distinct_instance ? '1' : '0';
  for (const RequiredAttribute& each : request.required_attributes) {
    key += each.value.has_value() ? 'v' : 'a';
    append_text(key, each.name);
    append_text(key, each.value.value_or(""));
  }
  for (const Query& each : request.member_of) {
    key += 'q';
    append_text(key, each.text());
  }
  for (const Strategy& each : request.strategies) {
    key += static_cast<char>('A' + static_cast<int>(each.kind));
    append_text(key, each.attribute);
  }
  return key;
}

}  // namespace

Result<void> ClusterView::put_host(const Host& host) {
  IK_LET(slot, state_.hosts.put(host));
  static_cast<void>(slot);
  return {};
}

bool ClusterView::remove_host(std::string_view id) {
  const HostSlot slot = state_.hosts.find(id);
  if (slot == kNoHost) return false;
  while (state_.tasks.first_on(slot) != kNoTask) {
    remove_task(TaskId(state_.tasks.at(state_.tasks.first_on(slot)).id));
  }
  state_.hosts.remove(slot);
  return true;
}

void ClusterView::occupy(const TaskId& id, HostSlot slot, ShapeId shape, GroupId group) {
  state_.tasks.insert({.id = id, .host = slot, .shape = shape, .group = group});
  state_.groups.add(group, slot);
  state_.hosts.reserve(slot, state_.shapes.at(shape));
}

Result<void> ClusterView::add_task(const TaskId& id,
                                   std::string_view host,
                                   const TaskShape& shape,
                                   std::string_view group) {
  const HostSlot slot = state_.hosts.find(host);
  if (slot == kNoHost) return make_error(ErrorKind::kNotFound, "no such host: {}", host);
  const TaskRecord* known = state_.tasks.find(id);
  if (known != nullptr && known->host == slot) return {};
  if (known != nullptr) {
    return make_error(
        ErrorKind::kConflict, "task {} is on host {}", id.text(), host_id(known->host));
  }
  occupy(id, slot, state_.shapes.acquire(shape), state_.groups.acquire(group));
  return {};
}

bool ClusterView::remove_task(const TaskId& id) {
  const std::optional<TaskRecord> task = state_.tasks.erase(id);
  if (!task.has_value()) return false;
  state_.groups.remove(task->group, task->host);
  state_.hosts.release(task->host, state_.shapes.at(task->shape));
  state_.groups.release(task->group);
  state_.shapes.release(task->shape);
  return true;
}

void ClusterView::drop_class(const std::string& key) {
  const auto found = classes_.find(key);
  state_.groups.release(found->second->group());
  state_.shapes.release(found->second->shape());
  classes_.erase(found);
}

PlacementClass& ClusterView::class_of(const Request& request) {
  std::string key = key_of(request);
  std::unique_ptr<PlacementClass>& entry = classes_[key];
  if (entry == nullptr) {
    entry = std::make_unique<PlacementClass>(
        request, state_.groups.acquire(request.group), state_.shapes.acquire(request.shape));
    entry->last_turn = ++turn_;
    const size_t limit =
        std::clamp(kClassMemoryBytes / (kClassBytesPerHost * (state_.hosts.limit() + 1)),
                   kMinClasses,
                   kMaxClasses);
    if (classes_.size() > limit) {
      const auto oldest =
          std::min_element(classes_.begin(), classes_.end(), [](const auto& a, const auto& b) {
            return a.second->last_turn < b.second->last_turn;
          });
      drop_class(std::string(oldest->first));
    }
    return *classes_.find(key)->second;
  }
  entry->last_turn = ++turn_;
  return *entry;
}

Result<void> ClusterView::check_tasks(std::span<const TaskId> tasks) const {
  std::vector<TaskId> sorted(tasks.begin(), tasks.end());
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) {
    return make_error(ErrorKind::kConflict, "task {} is asked for twice", twice->text());
  }
  for (const TaskId& id : tasks) {
    const TaskRecord* known = state_.tasks.find(id);
    if (known == nullptr) continue;
    return make_error(
        ErrorKind::kConflict, "task {} is on host {}", id.text(), host_id(known->host));
  }
  return {};
}

Result<std::vector<HostSlot>> ClusterView::place(const Request& request,
                                                 std::span<const TaskId> tasks,
                                                 Prng& prng) {
  IK_TRY(check_request(request));
  IK_TRY(check_tasks(tasks));
  PlacementClass& kind = class_of(request);
  std::vector<HostSlot> slots;
  slots.reserve(tasks.size());
  for (size_t i = 0; i < tasks.size(); ++i) {
    const std::optional<HostSlot> slot = kind.choose(state_, prng, tasks.size() - i - 1);
    if (!slot.has_value()) break;
    state_.groups.hold(kind.group());
    state_.shapes.hold(kind.shape());
    occupy(tasks[i], *slot, kind.shape(), kind.group());
    slots.push_back(*slot);
  }
  return slots;
}

Result<Obstacle> ClusterView::start(const Request& request,
                                    const TaskId& task,
                                    std::string_view host) {
  IK_TRY(check_request(request));
  IK_TRY(check_tasks({&task, 1}));
  const HostSlot slot = state_.hosts.find(host);
  if (slot == kNoHost) return make_error(ErrorKind::kNotFound, "no such host: {}", host);
  const Obstacle obstacle = first_obstacle(state_, slot, request);
  if (obstacle != Obstacle::kNone) return obstacle;
  occupy(task, slot, state_.shapes.acquire(request.shape), state_.groups.acquire(request.group));
  return obstacle;
}

}  // namespace ikada::scheduler
