// The distinct sets of attributes of all hosts: most hosts share theirs with others, so what
// depends on attributes alone is decided once for each set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "cluster/scheduler/query.h"

namespace ikada::scheduler {

using AttributeSetId = std::uint32_t;

class AttributeSets {
 public:
  // The id of that set; a new one if no host has it. An id is never given to another set.
  AttributeSetId acquire(const Attributes& attributes);

  // To be called once for each acquire().
  void release(AttributeSetId id);

  const Attributes& at(AttributeSetId id) const { return entries_[id].attributes; }

  // All ids are below this.
  size_t limit() const { return entries_.size(); }

  // Whether most ids belong to sets that no host has any more.
  bool is_wasteful() const { return entries_.size() > 4 * ids_.size() + 1024; }

 private:
  struct Entry {
    Attributes attributes;
    std::uint32_t users = 0;
  };

  std::vector<Entry> entries_;
  std::unordered_map<std::string, AttributeSetId> ids_;  // By names and values in one text.
};

}  // namespace ikada::scheduler
