// A tag of a resource, and what AWS allows as one.
//
// Source: Amazon ECS API Reference, Tag; Developer Guide, "Tagging resources", restrictions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cluster/model/json_fields.h"

namespace ikada {

constexpr size_t kMaxTagsPerResource = 50;

struct Tag {
  std::string key = {};
  std::string value = {};

  bool operator==(const Tag&) const = default;
};
void describe(JsonFields& fields, Tag& tag);

// Keys 1–128 and values up to 256 characters of letters, digits, spaces and _.:/=+-@, no key twice,
// none that starts with "aws:", at most 50. InvalidParameterException otherwise.
Result<void> check_tags(std::span<const Tag> tags);
Result<void> check_tag_key(const std::string& key);

// Sets each of `added`, replacing the value of a key that is there.
void merge_tags(std::vector<Tag>& tags, std::span<const Tag> added);

void remove_tags(std::vector<Tag>& tags, std::span<const std::string> keys);

}  // namespace ikada
