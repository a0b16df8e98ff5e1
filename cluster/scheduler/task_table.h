// The tasks that hold a place on some host, found by id and by host.
//
// A task takes 40 bytes here and 8 to 16 in the table of ids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "cluster/scheduler/host_table.h"
#include "cluster/scheduler/task_id.h"

namespace ikada::scheduler {

using TaskSlot = std::uint32_t;
inline constexpr TaskSlot kNoTask = UINT32_MAX;

struct TaskRecord {
  TaskId id;
  HostSlot host = 0;
  std::uint32_t shape = 0;  // Of ShapeTable.
  std::uint32_t group = 0;  // Of GroupCounts.
};

class TaskTable {
 public:
  // Null if there is no such task. Good until the next change.
  const TaskRecord* find(const TaskId& id) const;

  // The task's id is new.
  void insert(const TaskRecord& task);

  // What it was; nothing if there is no such task.
  std::optional<TaskRecord> erase(const TaskId& id);

  // The tasks of a host: the first, and the one behind another; kNoTask at the end.
  TaskSlot first_on(HostSlot host) const { return host < first_.size() ? first_[host] : kNoTask; }
  TaskSlot next(TaskSlot task) const { return links_[task].next; }
  const TaskRecord& at(TaskSlot task) const { return tasks_[task]; }
  std::uint32_t count_on(HostSlot host) const { return host < counts_.size() ? counts_[host] : 0; }

  size_t size() const { return size_; }
  size_t size_bytes() const;

 private:
  struct Links {
    TaskSlot next = kNoTask;
    TaskSlot previous = kNoTask;
  };

  size_t home(const TaskId& id) const { return (id.low ^ id.high * 31) & (ids_.size() - 1); }
  std::optional<size_t> find_place(const TaskId& id) const;
  void grow();

  std::vector<TaskRecord> tasks_;
  std::vector<Links> links_;
  std::vector<TaskSlot> free_;
  std::vector<TaskSlot> ids_;  // Open addressing, a power of two, at most half full.
  std::vector<TaskSlot> first_;
  std::vector<std::uint32_t> counts_;
  size_t size_ = 0;
};

}  // namespace ikada::scheduler
