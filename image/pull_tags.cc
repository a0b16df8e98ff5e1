#include "image/pull_tags.h"

#include <algorithm>

namespace ikada {

bool is_companion_tag(std::string_view tag) {
  constexpr std::string_view kPrefix = "sha256-";
  constexpr size_t kHexDigits = 64;
  if (!tag.starts_with(kPrefix)) return false;
  const std::string_view rest = tag.substr(kPrefix.size());
  const std::string_view hex = rest.substr(0, kHexDigits);
  const bool is_digest = hex.size() == kHexDigits &&
                         hex.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return is_digest && (rest.size() == kHexDigits || rest[kHexDigits] == '.');
}

std::vector<std::string> select_image_tags(std::vector<std::string> tags) {
  std::erase_if(tags, [](const std::string& tag) { return is_companion_tag(tag); });
  return tags;
}

}  // namespace ikada
