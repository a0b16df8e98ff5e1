#include "image/registry/page.h"

#include <algorithm>

#include "image/registry/failure.h"
#include "runtime/base/number.h"

namespace ikada::registry {

Result<PageRequest> parse_page_request(const Route& route) {
  PageRequest request;
  if (const std::string* text = route.find_query("n"); text != nullptr && !text->empty()) {
    const Result<std::uint64_t> count = parse_unsigned(*text);
    if (!count.has_value()) return api_error(kRequestInvalid, "n is not a number");
    request.count = std::min(*count, kMaxPageEntries);
  }
  if (const std::string* last = route.find_query("last")) request.last = *last;
  return request;
}

Page take_page(std::vector<std::string> names, const PageRequest& request) {
  Page page;
  std::erase_if(names, [&](const std::string& name) {
    return !request.last.empty() && name <= request.last;
  });
  const size_t count = std::min<size_t>(names.size(), request.count);
  page.has_more = count < names.size() && count > 0;
  std::ranges::partial_sort(names, names.begin() + static_cast<std::ptrdiff_t>(count));
  names.resize(count);
  page.entries = std::move(names);
  return page;
}

std::string link_to_next(std::string_view path,
                         const PageRequest& request,
                         const Page& page,
                         std::string_view more_query) {
  return fmt::format("<{}?n={}&last={}{}{}>; rel=\"next\"",
                     path,
                     request.count,
                     escape_query(page.entries.back()),
                     more_query.empty() ? "" : "&",
                     more_query);
}

}  // namespace ikada::registry
