#include "cluster/scheduler/task_table.h"

namespace ikada::scheduler {
namespace {

constexpr size_t kFirstPlaces = 64;

}  // namespace

std::optional<size_t> TaskTable::find_place(const TaskId& id) const {
  if (ids_.empty()) return std::nullopt;
  for (size_t place = home(id);; place = (place + 1) & (ids_.size() - 1)) {
    if (ids_[place] == kNoTask) return std::nullopt;
    if (tasks_[ids_[place]].id == id) return place;
  }
}

const TaskRecord* TaskTable::find(const TaskId& id) const {
  const std::optional<size_t> place = find_place(id);
  return place.has_value() ? &tasks_[ids_[*place]] : nullptr;
}

void TaskTable::grow() {
  const std::vector<TaskSlot> old = std::move(ids_);
  ids_.assign(old.empty() ? kFirstPlaces : 2 * old.size(), kNoTask);
  for (const TaskSlot task : old) {
    if (task == kNoTask) continue;
    size_t place = home(tasks_[task].id);
    while (ids_[place] != kNoTask) place = (place + 1) & (ids_.size() - 1);
    ids_[place] = task;
  }
}

void TaskTable::insert(const TaskRecord& task) {
  if (2 * (size_ + 1) > ids_.size()) grow();
  TaskSlot slot = static_cast<TaskSlot>(tasks_.size());
  if (free_.empty()) {
    tasks_.push_back(task);
    links_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
    tasks_[slot] = task;
  }
  size_t place = home(task.id);
  while (ids_[place] != kNoTask) place = (place + 1) & (ids_.size() - 1);
  ids_[place] = slot;
  ++size_;

  if (task.host >= first_.size()) {
    first_.resize(task.host + 1, kNoTask);
    counts_.resize(task.host + 1);
  }
  links_[slot] = {.next = first_[task.host], .previous = kNoTask};
  if (first_[task.host] != kNoTask) links_[first_[task.host]].previous = slot;
  first_[task.host] = slot;
  ++counts_[task.host];
}

std::optional<TaskRecord> TaskTable::erase(const TaskId& id) {
  const std::optional<size_t> found = find_place(id);
  if (!found.has_value()) return std::nullopt;
  size_t hole = *found;
  const TaskSlot slot = ids_[hole];
  const TaskRecord task = tasks_[slot];
  // Those behind move up, unless that would put one in front of its home.
  const size_t mask = ids_.size() - 1;
  for (size_t place = (hole + 1) & mask; ids_[place] != kNoTask; place = (place + 1) & mask) {
    const size_t from_home = (place - home(tasks_[ids_[place]].id)) & mask;
    if (from_home < ((place - hole) & mask)) continue;
    ids_[hole] = ids_[place];
    hole = place;
  }
  ids_[hole] = kNoTask;
  --size_;

  const Links links = links_[slot];
  if (links.previous == kNoTask) {
    first_[task.host] = links.next;
  } else {
    links_[links.previous].next = links.next;
  }
  if (links.next != kNoTask) links_[links.next].previous = links.previous;
  --counts_[task.host];
  free_.push_back(slot);
  return task;
}

size_t TaskTable::size_bytes() const {
  return tasks_.capacity() * sizeof(TaskRecord) + links_.capacity() * sizeof(Links) +
         (free_.capacity() + ids_.capacity() + first_.capacity() + counts_.capacity()) *
             sizeof(TaskSlot);
}

}  // namespace ikada::scheduler
