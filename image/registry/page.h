// Lists in pages: tags, repositories, referrers.
//
// Source: OCI distribution-spec 1.1, "Listing Tags": `n` is how many, `last` is after which; a Link
// header leads to the next page.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "image/registry/route.h"
#include "runtime/base/result.h"

namespace ikada::registry {

inline constexpr std::uint64_t kMaxPageEntries = 10'000;

struct PageRequest {
  std::uint64_t count = kMaxPageEntries;
  std::string last;  // Entries come after this one in byte order.
};

struct Page {
  std::vector<std::string> entries;  // In byte order.
  bool has_more = false;
};

// From `n` and `last`. REQUEST_INVALID if `n` is no number; more than the limit is the limit.
Result<PageRequest> parse_page_request(const Route& route);

// The page of `names`, which come in any order.
Page take_page(std::vector<std::string> names, const PageRequest& request);

// The value of the Link header that leads behind `page`. `path` is the list's own; `more_query` is
// what else stands in its query, escaped: "artifactType=x" or empty.
std::string link_to_next(std::string_view path,
                         const PageRequest& request,
                         const Page& page,
                         std::string_view more_query);

}  // namespace ikada::registry
