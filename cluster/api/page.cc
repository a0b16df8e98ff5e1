#include "cluster/api/page.h"

#include <algorithm>

#include "cluster/model/ecs_error.h"
#include "runtime/base/random_id.h"

namespace ikada {
namespace {

constexpr std::int32_t kMaxResults = 100;
constexpr size_t kMaxTokenBytes = 2048;

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

// The key in a token. Tokens are the keys in hexadecimal.
Result<std::string> key_of(const std::string& token) {
  const Error bad = invalid_parameter("Invalid token {}", token.substr(0, 64));
  if (token.empty() || token.size() % 2 != 0 || token.size() > kMaxTokenBytes) return bad;
  std::string key;
  for (size_t i = 0; i < token.size(); i += 2) {
    const int high = hex_value(token[i]);
    const int low = hex_value(token[i + 1]);
    if (high < 0 || low < 0) return bad;
    key.push_back(static_cast<char>(high * 16 + low));
  }
  return key;
}

template <typename Before>
Result<Json> page(std::vector<ListItem> items,
                  const PageInput& input,
                  const char* member,
                  Before before) {
  const std::int32_t limit = input.max_results.value_or(kMaxResults);
  if (limit < 1 || limit > kMaxResults) {
    return invalid_parameter("maxResults must be between 1 and {}.", kMaxResults);
  }
  std::sort(items.begin(), items.end(), [&](const ListItem& a, const ListItem& b) {
    return before(a.key, b.key);
  });
  auto next = items.begin();
  if (input.next_token.has_value()) {
    IK_LET(key, key_of(*input.next_token));
    next = std::find_if(
        items.begin(), items.end(), [&](const ListItem& each) { return before(key, each.key); });
  }
  Json shown = Json::array();
  const ListItem* last = nullptr;
  for (; next != items.end() && shown.size() < static_cast<size_t>(limit); ++next) {
    shown.push_back(std::move(next->shown));
    last = &*next;
  }
  Json result = {{member, std::move(shown)}};
  if (next != items.end() && last != nullptr) {
    result["nextToken"] = to_hex(last->key.data(), last->key.size());
  }
  return result;
}

}  // namespace

Result<Json> page_of(std::vector<ListItem> items, const PageInput& input, const char* member) {
  return page(std::move(items), input, member, std::less<>());
}

Result<Json> page_of_descending(std::vector<ListItem> items,
                                const PageInput& input,
                                const char* member) {
  return page(std::move(items), input, member, std::greater<>());
}

}  // namespace ikada
