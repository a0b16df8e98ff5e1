#include "cmd/ikada/apply_wishes.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "cmd/ikada/apply_members.h"

namespace ikada {
namespace {

constexpr size_t kLongestShown = 60;

char first_upper(char each) {
  return each >= 'a' && each <= 'z' ? static_cast<char>(each - 'a' + 'A') : each;
}

char first_lower(char each) {
  return each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
}

template <typename Letter>
Json with_names(const Json& value, Letter letter) {
  if (value.is_array()) {
    Json result = Json::array();
    for (const Json& each : value) result.push_back(with_names(each, letter));
    return result;
  }
  if (!value.is_object()) return value;
  Json result = Json::object();
  for (const auto& [name, each] : value.items()) {
    std::string changed = name;
    if (!changed.empty()) changed[0] = letter(changed[0]);
    result[changed] = with_names(each, letter);
  }
  return result;
}

// "arn:…:targetgroup/NAME/ID" and "arn:…:certificate/NAME" by their names.
void name_arns(Json& value) {
  if (value.is_array()) {
    for (Json& each : value) name_arns(each);
  }
  if (!value.is_object()) return;
  for (Json& each : value) name_arns(each);
  const auto take = [&](const char* member, const char* kind, const char* instead) {
    const auto found = value.find(member);
    if (found == value.end() || !found->is_string()) return;
    const auto arn = found->get<std::string>();
    const size_t start = arn.find(kind);
    if (start == std::string::npos) return;
    const size_t name = start + std::string_view(kind).size();
    value[instead] = arn.substr(name, arn.find('/', name) - name);
    value.erase(member);
  };
  take("targetGroupArn", ":targetgroup/", "targetGroup");
  take("certificateArn", ":certificate/", "certificate");
}

Result<std::vector<Json>> read_list(const Json& file, const char* member, const char* name) {
  std::vector<Json> result;
  const auto found = file.find(member);
  if (found == file.end() || found->is_null()) return result;
  if (!found->is_array()) return make_error(ErrorKind::kInvalid, "{}: expected a list", member);
  std::set<std::string> names;
  for (const Json& each : *found) {
    const bool is_named = each.is_object() && each.contains(name) && each[name].is_string();
    if (!is_named) return make_error(ErrorKind::kInvalid, "{}: {} is missing", member, name);
    if (!names.insert(each[name].get<std::string>()).second) {
      return make_error(ErrorKind::kInvalid, "{}: {} twice", member, each[name].get<std::string>());
    }
    result.push_back(each);
  }
  return result;
}

// `forward: web` as the action that it means, under `member`.
Result<void> write_out_forward(Json& wish, const char* member) {
  if (!wish.is_object()) return make_error(ErrorKind::kInvalid, "listeners: expected maps");
  const auto forward = wish.find("forward");
  if (forward == wish.end()) return {};
  if (wish.contains(member)) {
    return make_error(ErrorKind::kInvalid, "forward and {}: one of them will do", member);
  }
  if (!forward->is_string()) {
    return make_error(ErrorKind::kInvalid, "forward: expected a target group's name");
  }
  Json actions = Json::array({{{"type", "forward"}, {"targetGroup", *forward}}});
  wish.erase("forward");
  wish[member] = std::move(actions);
  return {};
}

Result<void> number_by(const Json& list, const char* member) {
  if (!list.is_array()) return make_error(ErrorKind::kInvalid, "{}: expected lists", member);
  std::set<std::int64_t> numbers;
  for (const Json& each : list) {
    const bool is_numbered =
        each.is_object() && each.contains(member) && each[member].is_number_integer();
    if (!is_numbered || !numbers.insert(each[member].get<std::int64_t>()).second) {
      return make_error(ErrorKind::kInvalid, "{} is missing, no number, or there twice", member);
    }
  }
  return {};
}

const char* usual_protocol(const Json& balancer, const Json& listener) {
  if (balancer.contains("type") && balancer["type"] == "network") return "TCP";
  return listener.contains("certificates") ? "HTTPS" : "HTTP";
}

Result<void> write_out_listeners(Json& balancer) {
  Json& listeners = balancer["listeners"];
  if (listeners.is_null()) listeners = Json::array();
  IK_TRY(number_by(listeners, "port"));
  for (Json& listener : listeners) {
    IK_TRY(check_members(WishKind::kListener, listener).context("listeners"));
    IK_TRY(write_out_forward(listener, "defaultActions"));
    if (!listener.contains("protocol")) listener["protocol"] = usual_protocol(balancer, listener);
    Json& rules = listener["rules"];
    if (rules.is_null()) rules = Json::array();
    IK_TRY(number_by(rules, "priority"));
    for (Json& rule : rules) {
      IK_TRY(check_members(WishKind::kRule, rule).context("rules"));
      IK_TRY(write_out_forward(rule, "actions"));
    }
  }
  return {};
}

// `what` and the name of each of `list`, whose members are those of its kind.
Result<void> check_list(const std::vector<Json>& list,
                        WishKind kind,
                        const char* what,
                        const char* name) {
  for (const Json& each : list) {
    IK_TRY(check_members(kind, each).context("{} {}", what, each[name].get<std::string>()));
  }
  return {};
}

Result<void> check_containers(const Json& definition) {
  const auto containers = definition.find("containerDefinitions");
  if (containers == definition.end() || !containers->is_array()) return {};
  for (const Json& each : *containers) {
    IK_TRY(check_members(WishKind::kContainer, each)
               .context("task definition {}: containerDefinitions",
                        definition["family"].get<std::string>()));
  }
  return {};
}

Result<void> check_wishes(const ApplyWishes& wishes) {
  IK_TRY(check_list(wishes.definitions, WishKind::kDefinition, "task definition", "family"));
  IK_TRY(check_list(wishes.groups, WishKind::kGroup, "target group", "name"));
  IK_TRY(check_list(wishes.balancers, WishKind::kBalancer, "load balancer", "name"));
  IK_TRY(check_list(wishes.services, WishKind::kService, "service", "serviceName"));
  for (const Json& each : wishes.definitions) IK_TRY(check_containers(each));
  return {};
}

std::string shown_value(const Json& value) {
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (text.size() > kLongestShown) text = fmt::format("{}…", text.substr(0, kLongestShown));
  return text;
}

void compare(const Json& wished,
             const Json& shown,
             const std::string& path,
             std::vector<std::string>& lines) {
  if (wished.is_object() && shown.is_object()) {
    for (const auto& [name, each] : wished.items()) {
      const auto found = shown.find(name);
      const std::string inner = path.empty() ? name : fmt::format("{}.{}", path, name);
      compare(each, found == shown.end() ? Json() : *found, inner, lines);
    }
    return;
  }
  if (wished.is_array() && shown.is_array() && wished.size() == shown.size()) {
    for (size_t i = 0; i < wished.size(); ++i) {
      compare(wished[i], shown[i], fmt::format("{}[{}]", path, i), lines);
    }
    return;
  }
  // Absent and empty are the same; APIs have numbers as texts here and there.
  const bool is_nothing = wished.is_null() || (wished.is_structured() && wished.empty());
  if (is_nothing && (shown.is_null() || (shown.is_structured() && shown.empty()))) return;
  if (wished == shown || shown_value(wished) == shown_value(shown)) return;
  lines.push_back(fmt::format(
      "{}: {} -> {}", path, shown.is_null() ? "none" : shown_value(shown), shown_value(wished)));
}

}  // namespace

Result<ApplyWishes> read_wishes(const Json& file) {
  constexpr const char* kMembers[] = {
      "cluster", "taskDefinitions", "targetGroups", "loadBalancers", "services"};
  if (!file.is_object()) return make_error(ErrorKind::kInvalid, "expected a map");
  for (const auto& [name, value] : file.items()) {
    const bool is_known =
        std::find(std::begin(kMembers), std::end(kMembers), name) != std::end(kMembers);
    if (!is_known) return make_error(ErrorKind::kInvalid, "unknown member {}", name);
  }
  ApplyWishes wishes;
  if (file.contains("cluster")) {
    if (!file["cluster"].is_string()) {
      return make_error(ErrorKind::kInvalid, "cluster: expected a name");
    }
    wishes.cluster = file["cluster"].get<std::string>();
  }
  IK_LET(definitions, read_list(file, "taskDefinitions", "family"));
  IK_LET(groups, read_list(file, "targetGroups", "name"));
  IK_LET(balancers, read_list(file, "loadBalancers", "name"));
  IK_LET(services, read_list(file, "services", "serviceName"));
  for (Json& each : balancers) {
    IK_TRY(write_out_listeners(each).context("load balancer {}", each["name"].get<std::string>()));
  }
  wishes.definitions = std::move(definitions);
  wishes.groups = std::move(groups);
  wishes.balancers = std::move(balancers);
  wishes.services = std::move(services);
  IK_TRY(check_wishes(wishes));
  return wishes;
}

Json in_balancing_case(const Json& wish) { return with_names(wish, first_upper); }

Json in_file_case(const Json& shown) {
  Json result = with_names(shown, first_lower);
  name_arns(result);
  return result;
}

Json attribute_list(const Json& attributes) {
  Json list = Json::array();
  for (const auto& [key, value] : attributes.items()) {
    list.push_back(
        {{"Key", key}, {"Value", value.is_string() ? value.get<std::string>() : value.dump()}});
  }
  return list;
}

Json attribute_map(const Json& list) {
  Json map = Json::object();
  for (const Json& each : list) map[each.value("Key", "")] = each.value("Value", "");
  return map;
}

std::vector<std::string> find_differences(const Json& wished, const Json& shown) {
  std::vector<std::string> lines;
  compare(wished, shown, "", lines);
  return lines;
}

}  // namespace ikada
