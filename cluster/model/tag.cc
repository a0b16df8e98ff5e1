#include "cluster/model/tag.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "cluster/model/ecs_error.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kMaxKeyCharacters = 128;
constexpr size_t kMaxValueCharacters = 256;

// The number of characters of UTF-8 text: bytes that begin one.
size_t count_characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  }));
}

// Letters, digits and spaces of other scripts than ASCII are not told from its other signs here.
bool has_only_tag_characters(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char letter) {
    const auto byte = static_cast<unsigned char>(letter);
    const bool is_alphanumeric = (letter >= '0' && letter <= '9') ||
                                 (letter >= 'A' && letter <= 'Z') ||
                                 (letter >= 'a' && letter <= 'z');
    return is_alphanumeric || byte >= 0x80 ||
           std::string_view(" _.:/=+-@").find(letter) != std::string_view::npos;
  });
}

}  // namespace

void describe(JsonFields& fields, Tag& tag) {
  fields.field("key", tag.key);
  fields.field("value", tag.value);
}

Result<void> check_tag_key(const std::string& key) {
  if (key.empty() || count_characters(key) > kMaxKeyCharacters || !has_only_tag_characters(key)) {
    return invalid_parameter("Invalid tag key '{}'.", key.substr(0, kMaxKeyCharacters));
  }
  if (lower_case(key).starts_with("aws:")) {
    return invalid_parameter("Tag keys must not start with 'aws:': '{}'.", key);
  }
  return {};
}

Result<void> check_tags(std::span<const Tag> tags) {
  if (tags.size() > kMaxTagsPerResource) {
    return invalid_parameter("Tags can not have more than {} elements.", kMaxTagsPerResource);
  }
  std::set<std::string_view> keys;
  for (const Tag& tag : tags) {
    IK_TRY(check_tag_key(tag.key));
    if (count_characters(tag.value) > kMaxValueCharacters || !has_only_tag_characters(tag.value)) {
      return invalid_parameter("Invalid value of the tag '{}'.", tag.key);
    }
    if (!keys.insert(tag.key).second) {
      return invalid_parameter("Duplicate tag key '{}'.", tag.key);
    }
  }
  return {};
}

void merge_tags(std::vector<Tag>& tags, std::span<const Tag> added) {
  for (const Tag& tag : added) {
    const auto found = std::find_if(
        tags.begin(), tags.end(), [&](const Tag& each) { return each.key == tag.key; });
    if (found == tags.end()) {
      tags.push_back(tag);
    } else {
      found->value = tag.value;
    }
  }
}

void remove_tags(std::vector<Tag>& tags, std::span<const std::string> keys) {
  std::erase_if(tags, [&](const Tag& tag) {
    return std::find(keys.begin(), keys.end(), tag.key) != keys.end();
  });
}

}  // namespace ikada
