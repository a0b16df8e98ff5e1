// Targets that read what clients send to the registry: request targets, headers, manifests.
#include <string>

#include "image/registry/authorization.h"
#include "image/registry/byte_range.h"
#include "image/registry/manifest_content.h"
#include "image/registry/page.h"
#include "image/registry/route.h"
#include "runtime/base/text.h"
#include "tests/fuzz/targets.h"

namespace ikada {

namespace {

// Where a name of the registry's could lead elsewhere as a path.
bool is_plain_path(std::string_view name) {
  for (const std::string_view part : split(name, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return name.find('\0') == std::string_view::npos;
}

}  // namespace

void fuzz_registry_route(std::string_view bytes) {
  const Result<registry::Route> route = registry::parse_route(bytes);
  if (!route.has_value()) return;
  promise(route->repository.empty() || is_plain_path(route->repository),
          "a repository is no path elsewhere");
  promise(route->tag.empty() || (is_plain_path(route->tag) && split(route->tag, '/').size() == 1),
          "a tag is one name");
  promise(route->upload_id.find_first_not_of("0123456789abcdef") == std::string::npos,
          "an upload's id is a number");
  const Result<registry::PageRequest> page = registry::parse_page_request(*route);
  if (page.has_value()) promise(page->count <= registry::kMaxPageEntries, "pages are limited");
  for (const auto& [name, value] : route->query) {
    const auto again =
        registry::parse_query(registry::escape_query(name) + "=" + registry::escape_query(value));
    promise(again.has_value() && again->size() == 1 && again->begin()->first == name &&
                again->begin()->second == value,
            "a query can be written as it was read");
  }
}

// The first line is a Range, the second a Content-Range, the third an Authorization.
void fuzz_registry_headers(std::string_view bytes) {
  constexpr std::uint64_t kTotal = 1000;
  const Cut first = cut(bytes, '\n');
  const Cut second = cut(first.after, '\n');
  const auto range = registry::parse_range(first.before, kTotal);
  if (range.has_value() && range->has_value()) {
    promise((*range)->size > 0 && (*range)->start < kTotal &&
                (*range)->size <= kTotal - (*range)->start,
            "a range lies in the blob");
  }
  const auto content = registry::parse_content_range(second.before);
  if (content.has_value()) {
    promise(content->start + content->size >= content->start, "a range does not overflow");
  }
  const auto authorization = registry::parse_authorization(second.after);
  if (!authorization.has_value()) return;
  if (const auto* basic = std::get_if<registry::BasicAuthorization>(&*authorization)) {
    promise(basic->user.find(':') == std::string::npos, "a user ends at the first colon");
  }
}

// The first line is the Content-Type.
void fuzz_registry_manifest(std::string_view bytes) {
  const Cut parts = cut(bytes, '\n');
  const auto content = registry::parse_manifest_content(parts.after, parts.before);
  if (!content.has_value()) return;
  promise(content->references.size() <= registry::kMaxReferences, "references are limited");
}

}  // namespace ikada
