// Pages of lists: nextToken and maxResults.
//
// A token says behind which item the next page begins, so that a page is right also when items came
// or went in between. It is opaque to the client and means nothing to another list.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

struct PageInput {
  std::optional<std::string> next_token = {};
  std::optional<std::int32_t> max_results = {};
};

// `items` in their order, each by a sort key of its own and the text that is shown.
struct ListItem {
  std::string key;
  Json shown;
};

// {"<member>": [shown…], "nextToken": …} of those behind the token. The items are sorted here.
// InvalidParameterException for a token that is none of ours or a number outside 1 … 100.
Result<Json> page_of(std::vector<ListItem> items, const PageInput& input, const char* member);

// The same in descending order.
Result<Json> page_of_descending(std::vector<ListItem> items,
                                const PageInput& input,
                                const char* member);

}  // namespace ikada
