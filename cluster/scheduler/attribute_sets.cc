#include "cluster/scheduler/attribute_sets.h"

namespace ikada::scheduler {
namespace {

// Lengths in front keep {"a": "bc"} and {"ab": "c"} apart.
std::string key_of(const Attributes& attributes) {
  std::string key;
  for (const auto& [name, value] : attributes) {
    for (const std::string* text : {&name, &value}) {
      key += std::to_string(text->size());
      key += ':';
      key += *text;
    }
  }
  return key;
}

}  // namespace

AttributeSetId AttributeSets::acquire(const Attributes& attributes) {
  const auto id = static_cast<AttributeSetId>(entries_.size());
  const auto [found, is_new] = ids_.try_emplace(key_of(attributes), id);
  if (is_new) entries_.push_back({.attributes = attributes});
  ++entries_[found->second].users;
  return found->second;
}

void AttributeSets::release(AttributeSetId id) {
  Entry& entry = entries_[id];
  if (--entry.users > 0) return;
  ids_.erase(key_of(entry.attributes));
  entry.attributes.clear();
}

}  // namespace ikada::scheduler
