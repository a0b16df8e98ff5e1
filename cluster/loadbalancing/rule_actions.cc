#include "cluster/loadbalancing/rule_actions.h"

#include <algorithm>

#include <fmt/format.h>

#include "cluster/loadbalancing/config_text.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::string_view kGroupCookie = "AWSALBTG";
constexpr int kMaxWeight = 999;
constexpr std::string_view kNoGroup = "http-request return status 503";

// A directive with its conditions, empty ones left out.
std::string guarded(const std::string& directive, const std::vector<std::string>& conditions) {
  std::string all;
  for (const std::string& condition : conditions) {
    if (!condition.empty()) all += " " + condition;
  }
  return all.empty() ? directive : directive + " if" + all;
}

std::string is_group(const std::string& section) {
  return fmt::format("{{ var(txn.group) -m str {} }}", section);
}

// A template of a redirect: each #{word} becomes what the request has for it.
struct UrlWords {
  std::string protocol;
  std::string port;
};

std::string expand_url(std::string_view text, const UrlWords& words) {
  std::string format;
  while (!text.empty()) {
    const size_t begin = text.find("#{");
    format += url_format(text.substr(0, begin));
    if (begin == std::string_view::npos) break;
    const size_t end = text.find('}', begin);
    if (end == std::string_view::npos) return format + url_format(text.substr(begin));
    const std::string_view word = text.substr(begin + 2, end - begin - 2);
    if (word == "protocol") format += words.protocol;
    if (word == "port") format += words.port;
    if (word == "host") format += "%[req.fhdr(host),host_only]";
    if (word == "path") format += "%[path,bytes(1)]";
    if (word == "query") format += "%[query]";
    text.remove_prefix(end + 1);
  }
  return format;
}

std::vector<std::string> redirect_lines(const ListenerAction& action, const ActionPlace& place) {
  const UrlWords words = {.protocol = lower_case(place.listener.protocol),
                          .port = std::to_string(place.listener.port)};
  const std::string protocol = lower_case(expand_url(action.protocol, words));
  const std::string url =
      fmt::format("{}://{}:{}{}",
                  protocol == "http" || protocol == "https" ? protocol : words.protocol,
                  expand_url(action.host, words),
                  expand_url(action.port, words),
                  expand_url(action.path, words));
  const int code = action.status_code == "HTTP_301" ? 301 : 302;
  const auto line = [&](const std::string& query, const std::string& condition) {
    return guarded(fmt::format("http-request redirect code {} location '{}{}'", code, url, query),
                   {place.condition, condition});
  };
  if (action.query.empty()) return {line("", "")};
  const std::string query = "?" + expand_url(action.query, words);
  if (action.query != "#{query}") return {line(query, "")};
  // No question mark for a request that has none.
  return {line(query, "{ query -m len gt 0 }"), line("", "")};
}

std::vector<std::string> fixed_response_lines(const ListenerAction& action,
                                              const ActionPlace& place) {
  constexpr int kNoContent = 204;
  const auto given = parse_unsigned(action.status_code, 599);
  const std::uint64_t status = given.has_value() && *given >= 200 ? *given : 503;
  std::string line = fmt::format("http-request return status {}", status);
  const std::string body = config_word(action.message_body);
  if (!body.empty() && status != kNoContent) {
    const bool is_type = is_plain_text(action.content_type);
    line += fmt::format(
        " content-type {} string {}", is_type ? action.content_type : "text/plain", body);
  }
  return {guarded(line, {place.condition})};
}

std::vector<WeightedGroup> usable_groups(const ListenerAction& action, const ActionPlace& place) {
  std::vector<WeightedGroup> usable;
  for (const WeightedGroup& group : action.groups) {
    const bool is_only = action.groups.size() == 1;
    if (!is_only && (group.weight <= 0 || group.weight > kMaxWeight)) continue;
    usable.push_back(group);
    // A group that is not there answers as an empty one does: it keeps its share.
    if (!place.groups.contains(group.target_group)) usable.back().target_group.clear();
  }
  return usable;
}

std::string choose_group(const WeightedGroup& group, const std::vector<std::string>& conditions) {
  if (group.target_group.empty()) return guarded(std::string(kNoGroup), conditions);
  return guarded(
      fmt::format("http-request set-var(txn.group) str({})", group_section(group.target_group)),
      conditions);
}

std::vector<std::string> forward_lines(const ListenerAction& action, const ActionPlace& place) {
  const std::vector<WeightedGroup> groups = usable_groups(action, place);
  if (groups.empty()) return {guarded(std::string(kNoGroup), {place.condition})};
  if (groups.size() == 1) return {choose_group(groups.front(), {place.condition})};
  std::vector<std::string> lines;
  std::vector<std::string> cookie_lines;
  std::int32_t total = 0;
  for (const WeightedGroup& group : groups) {
    total += group.weight;
    if (action.group_stickiness_seconds <= 0 || group.target_group.empty()) continue;
    const std::string token = short_hash(group.target_group);
    lines.push_back(choose_group(
        group,
        {place.condition, fmt::format("{{ req.cook({}) -m str {} }}", kGroupCookie, token)}));
    cookie_lines.push_back(
        guarded(fmt::format("http-response add-header Set-Cookie '{}={}; Max-Age={}; Path=/'",
                            kGroupCookie,
                            token,
                            action.group_stickiness_seconds),
                {place.condition, is_group(group_section(group.target_group))}));
  }
  lines.push_back(
      guarded(fmt::format("http-request set-var(txn.draw) rand({})", total), {place.condition}));
  std::int32_t below = 0;
  for (const WeightedGroup& group : groups) {
    below += group.weight;
    lines.push_back(choose_group(group,
                                 {place.condition,
                                  "!{ var(txn.group) -m found }",
                                  fmt::format("{{ var(txn.draw) -m int lt {} }}", below)}));
  }
  lines.insert(lines.end(), cookie_lines.begin(), cookie_lines.end());
  return lines;
}

}  // namespace

std::string group_section(std::string_view group) { return "g:" + section_name(group); }

std::string open_section(std::string_view group) { return "o:" + section_name(group); }

std::vector<std::string> action_lines(const std::vector<ListenerAction>& actions,
                                      const ActionPlace& place) {
  const ListenerAction* last = nullptr;
  for (const ListenerAction& action : actions) {
    const bool is_known =
        action.type == "forward" || action.type == "redirect" || action.type == "fixed-response";
    if (is_known && (last == nullptr || action.order >= last->order)) last = &action;
  }
  if (last == nullptr) return {guarded(std::string(kNoGroup), {place.condition})};
  if (last->type == "forward") return forward_lines(*last, place);
  if (last->type == "redirect") return redirect_lines(*last, place);
  return fixed_response_lines(*last, place);
}

std::vector<const ListenerRule*> rules_by_priority(const PlannedListener& listener) {
  std::vector<const ListenerRule*> rules;
  for (const ListenerRule& rule : listener.rules) rules.push_back(&rule);
  std::stable_sort(rules.begin(), rules.end(), [](const auto* left, const auto* right) {
    return left->priority < right->priority;
  });
  return rules;
}

std::vector<std::string> forwarded_groups(const std::vector<ListenerAction>& actions) {
  std::vector<std::string> names;
  for (const ListenerAction& action : actions) {
    if (action.type != "forward") continue;
    for (const WeightedGroup& group : action.groups) names.push_back(group.target_group);
  }
  return names;
}

}  // namespace ikada
