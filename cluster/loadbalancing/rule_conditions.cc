#include "cluster/loadbalancing/rule_conditions.h"

#include <arpa/inet.h>

#include <fmt/format.h>

#include "cluster/loadbalancing/config_text.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

enum class Letters { kExact, kAnyCase };

// "SAMPLE fits the pattern", as what follows the access list's name. Comparing with a text, or with
// the beginning or the end of one, costs less than an expression.
std::string fits_pattern(std::string_view sample, std::string_view pattern, Letters letters) {
  const bool any_case = letters == Letters::kAnyCase;
  const bool is_beginning = pattern.ends_with('*');
  const bool is_end = !is_beginning && pattern.starts_with('*');
  std::string_view text = pattern;
  if (is_beginning) text.remove_suffix(1);
  if (is_end) text.remove_prefix(1);
  if (!has_wildcard(text) && is_plain_text(text)) {
    const std::string_view match = is_beginning ? "beg" : is_end ? "end" : "str";
    if (!any_case) return fmt::format("'{}' -m {} -- '{}'", sample, match, text);
    return fmt::format("'{},lower' -m {} -- '{}'", sample, match, lower_case(text));
  }
  return fmt::format(
      "'{}' -m reg {}-- '^{}$'", sample, any_case ? "-i " : "", wildcard_expression(pattern, "."));
}

bool is_network(const std::string& text) {
  const Cut parts = cut(text, '/');
  const std::string address(parts.before);
  unsigned char bytes[sizeof(in6_addr)];
  const bool is_ipv6 = ::inet_pton(AF_INET6, address.c_str(), bytes) == 1;
  if (!is_ipv6 && ::inet_pton(AF_INET, address.c_str(), bytes) != 1) return false;
  return !parts.found || parse_unsigned(parts.after, is_ipv6 ? 128 : 32).has_value();
}

bool is_method(std::string_view text) {
  for (const char byte : text) {
    if ((byte < 'A' || byte > 'Z') && byte != '_' && byte != '-') return false;
  }
  return !text.empty();
}

// Keys and values are compared as they stand in the request.
std::string fits_query(std::string_view key, std::string_view value) {
  const std::string key_part =
      key.empty() ? "(?:[^&=]*=)?" : wildcard_expression(key, "[^&=]") + "=";
  return fmt::format(
      "'query' -m reg -i -- '(?:^|&){}{}(?:&|$)'", key_part, wildcard_expression(value, "[^&]"));
}

// What follows the list's name for one value; empty if no request can have it.
std::string value_test(const RuleCondition& condition, size_t index) {
  const std::string& value = condition.values[index];
  const std::string& field = condition.field;
  // NUL cannot be in a request, and it would end the line.
  if (value.find('\0') != std::string::npos) return {};
  if (field == "host-header") {
    return fits_pattern("req.fhdr(host),host_only", value, Letters::kAnyCase);
  }
  if (field == "path-pattern") return fits_pattern("path", value, Letters::kExact);
  if (field == "http-header" && is_plain_token(condition.header_name)) {
    return fits_pattern(
        fmt::format("req.fhdr({})", condition.header_name), value, Letters::kAnyCase);
  }
  if (field == "http-request-method" && is_method(value)) return "method -- " + value;
  if (field == "source-ip" && is_network(value)) return "src -- " + value;
  if (field == "query-string") {
    return fits_query(index < condition.keys.size() ? condition.keys[index] : "", value);
  }
  return {};
}

}  // namespace

std::vector<std::string> condition_lines(const std::string& name, const RuleCondition& condition) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < condition.values.size(); ++i) {
    const std::string test = value_test(condition, i);
    if (!test.empty()) lines.push_back(fmt::format("acl {} {}", name, test));
  }
  return lines;
}

}  // namespace ikada
