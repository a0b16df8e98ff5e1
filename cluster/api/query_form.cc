#include "cluster/api/query_form.h"

#include <algorithm>
#include <array>
#include <map>

#include "cluster/auth/percent_encoding.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr size_t kMaxFields = 10'000;
constexpr size_t kMaxDepth = 24;
constexpr std::int64_t kMaxIndex = 100'000;
constexpr std::string_view kListMember = "member";

template <size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::array<std::string_view, 13> kNumbers = {"DurationSeconds",
                                                       "HealthCheckIntervalSeconds",
                                                       "HealthCheckTimeoutSeconds",
                                                       "HealthyThresholdCount",
                                                       "MaxDatapoints",
                                                       "Order",
                                                       "PageSize",
                                                       "Period",
                                                       "Port",
                                                       "Priority",
                                                       "TargetControlPort",
                                                       "UnhealthyThresholdCount",
                                                       "Weight"};
constexpr std::array<std::string_view, 4> kTruths = {
    "Enabled", "HealthCheckEnabled", "IsDefault", "ReturnData"};
constexpr std::array<std::string_view, 22> kLists = {
    "Actions",        "AlpnPolicy",     "Attributes",       "Certificates",   "Conditions",
    "DefaultActions", "ListenerArns",   "LoadBalancerArns", "Names",          "ResourceArns",
    "RuleArns",       "RulePriorities", "SecurityGroups",   "SubnetMappings", "Subnets",
    "TagKeys",        "Tags",           "TargetGroupArns",  "TargetGroups",   "Targets",
    "Transforms",     "Values"};

// The form's fields, one level of names at a time.
struct FormNode {
  std::string value = {};
  std::map<std::string, FormNode, std::less<>> members = {};
};

Json value_of(std::string_view name, std::string_view parent, const std::string& text) {
  if (is_one_of(name, kLists) && text.empty()) return Json::array();
  if (is_one_of(name, kTruths) && (text == "true" || text == "false")) return text == "true";
  // Where a redirection goes may be "#{port}".
  if (is_one_of(name, kNumbers) && parent != "RedirectConfig") {
    const Result<std::int64_t> number = parse_signed(text);
    if (number.has_value()) return *number;
  }
  return text;
}

Result<Json> json_of(std::string_view name, std::string_view parent, const FormNode& node);

Result<Json> list_of(std::string_view name, const FormNode& members) {
  std::map<std::int64_t, Json> ordered;
  for (const auto& [text, each] : members.members) {
    const Result<std::int64_t> index = parse_signed(text);
    if (!index.has_value() || *index < 1 || *index > kMaxIndex) {
      return make_error(ErrorKind::kInvalid, "{} has no member number {}", name, text);
    }
    IK_LET(value, json_of("", name, each));
    if (!ordered.emplace(*index, std::move(value)).second) {
      return make_error(ErrorKind::kInvalid, "{} has a member twice", name);
    }
  }
  Json list = Json::array();
  for (auto& [index, value] : ordered) list.push_back(std::move(value));
  return list;
}

Result<Json> json_of(std::string_view name, std::string_view parent, const FormNode& node) {
  if (node.members.empty()) return value_of(name, parent, node.value);
  if (node.members.size() == 1 && node.members.begin()->first == kListMember) {
    return list_of(name, node.members.begin()->second);
  }
  Json object = Json::object();
  for (const auto& [member, each] : node.members) {
    IK_LET(value, json_of(member, name, each));
    object[member] = std::move(value);
  }
  return object;
}

Result<std::string> decode(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return auth::percent_decode(spaced);
}

Result<void> put(FormNode& root, std::string_view name, std::string value) {
  const std::vector<std::string_view> path = split(name, '.');
  if (path.size() > kMaxDepth) return make_error(ErrorKind::kInvalid, "a name nests too deeply");
  FormNode* node = &root;
  for (const std::string_view part : path) {
    if (part.empty()) return make_error(ErrorKind::kInvalid, "a name has an empty part");
    if (!node->value.empty()) return make_error(ErrorKind::kInvalid, "a name is given twice");
    const auto found = node->members.find(part);
    node = found != node->members.end() ? &found->second : &node->members[std::string(part)];
  }
  if (!node->value.empty() || !node->members.empty()) {
    return make_error(ErrorKind::kInvalid, "a name is given twice");
  }
  node->value = std::move(value);
  return {};
}

}  // namespace

Result<QueryCall> parse_query_form(std::string_view form) {
  const std::vector<std::string_view> fields = split(form, '&');
  if (fields.size() > kMaxFields) return make_error(ErrorKind::kInvalid, "too many fields");
  QueryCall call;
  FormNode root;
  for (const std::string_view field : fields) {
    if (field.empty()) continue;
    const Cut parts = cut(field, '=');
    IK_LET(name, decode(parts.before));
    IK_LET(value, decode(parts.after));
    if (name == "Action") {
      call.action = std::move(value);
    } else if (name == "Version") {
      call.version = std::move(value);
    } else {
      IK_TRY(put(root, name, std::move(value)));
    }
  }
  if (root.members.empty()) return call;
  for (const auto& [name, node] : root.members) {
    IK_LET(value, json_of(name, "", node));
    call.body[name] = std::move(value);
  }
  return call;
}

}  // namespace ikada
