#include "cluster/scheduler/shape_table.h"

#include <utility>

namespace ikada::scheduler {
namespace {

void append_number(std::string& key, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) key += static_cast<char>(number >> shift & 0xFF);
}

}  // namespace

void append_key(std::string& key, const TaskShape& shape) {
  append_number(key, shape.resources.cpu);
  append_number(key, shape.resources.memory_mib);
  append_number(key, shape.resources.gpu);
  append_number(key, shape.resources.eni);
  append_number(key, static_cast<std::uint32_t>(shape.ports.size()));
  for (const HostPort& port : shape.ports) {
    append_number(key, static_cast<std::uint32_t>(port.protocol) << 16 | port.port);
  }
}

ShapeId ShapeTable::acquire(const TaskShape& shape) {
  std::string key;
  append_key(key, shape);
  const auto next = static_cast<ShapeId>(free_.empty() ? entries_.size() : free_.back());
  const auto [found, is_new] = ids_.try_emplace(std::move(key), next);
  if (is_new) {
    if (free_.empty()) {
      entries_.emplace_back();
    } else {
      free_.pop_back();
    }
    entries_[next].shape = shape;
  }
  ++entries_[found->second].users;
  return found->second;
}

void ShapeTable::release(ShapeId id) {
  Entry& entry = entries_[id];
  if (--entry.users > 0) return;
  std::string key;
  append_key(key, entry.shape);
  ids_.erase(key);
  entry = Entry();
  free_.push_back(id);
}

}  // namespace ikada::scheduler
