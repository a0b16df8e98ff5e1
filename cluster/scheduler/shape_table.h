// The distinct shapes of the tasks that are there: the tasks of a service share one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "cluster/scheduler/request.h"

namespace ikada::scheduler {

using ShapeId = std::uint32_t;

class ShapeTable {
 public:
  // The shape's id, as long as release() has not been called as often as acquire().
  ShapeId acquire(const TaskShape& shape);
  void hold(ShapeId id) { ++entries_[id].users; }  // As acquire(), when the id is known.
  void release(ShapeId id);

  const TaskShape& at(ShapeId id) const { return entries_[id].shape; }

 private:
  struct Entry {
    TaskShape shape;
    std::uint32_t users = 0;
  };

  std::vector<Entry> entries_;
  std::vector<ShapeId> free_;
  std::unordered_map<std::string, ShapeId> ids_;  // By append_key().
};

// Appends what the shape is to a key, without loss.
void append_key(std::string& key, const TaskShape& shape);

}  // namespace ikada::scheduler
