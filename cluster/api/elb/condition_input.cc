#include "cluster/api/elb/condition_input.h"

#include <algorithm>
#include <set>

#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada::elb {
namespace {

// Source: Application Load Balancers guide, "Condition types for listener rules".
constexpr size_t kMaxValues = 5;
constexpr size_t kMaxValueBytes = 128;
constexpr size_t kMaxNameBytes = 40;
constexpr std::string_view kTokenExtras = "!#$%&'*+-.^_`|~";

bool is_alnum(char each) {
  return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') ||
         (each >= '0' && each <= '9');
}

bool consists_of(const std::string& text, std::string_view extras) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char each) {
    return is_alnum(each) || extras.find(each) != std::string_view::npos;
  });
}

bool is_printable(const std::string& text) {
  return std::all_of(
      text.begin(), text.end(), [](unsigned char each) { return each >= 0x20 && each < 0x7f; });
}

bool is_cidr(const std::string& text) {
  const Cut parts = cut(text, '/');
  const Result<std::uint64_t> bits = parse_unsigned(parts.after, 32);
  const std::vector<std::string_view> bytes = split(parts.before, '.');
  return parts.found && bits.has_value() && bytes.size() == 4 &&
         std::all_of(bytes.begin(), bytes.end(), [](std::string_view byte) {
           return parse_unsigned(byte, 255).has_value();
         });
}

bool is_value_of(const std::string& field, const std::string& value) {
  if (value.size() > kMaxValueBytes) return false;
  if (field == "host-header") return consists_of(value, "-.*?");
  if (field == "path-pattern") return consists_of(value, "_-.$/~\"'@:+&*?");
  if (field == "http-header") return !value.empty() && is_printable(value);
  if (field == "http-request-method") {
    return value.size() <= kMaxNameBytes && consists_of(value, "-_") &&
           std::none_of(
               value.begin(), value.end(), [](char each) { return each >= 'a' && each <= 'z'; });
  }
  if (field == "source-ip") return is_cidr(value);
  return !value.empty() && is_printable(value);
}

const std::optional<ConditionValues>* values_of(const ConditionInput& input) {
  if (input.field == "host-header") return &input.host;
  if (input.field == "path-pattern") return &input.path;
  if (input.field == "http-header") return &input.header;
  if (input.field == "http-request-method") return &input.method;
  if (input.field == "source-ip") return &input.source;
  return nullptr;
}

Result<RuleCondition> read_condition(const ConditionInput& input) {
  RuleCondition condition{.field = input.field};
  const std::optional<ConditionValues>* const config = values_of(input);
  if (input.field == "query-string") {
    if (input.query.has_value()) {
      for (const QueryValue& each : input.query->values) {
        if (each.key.size() > kMaxValueBytes || !is_printable(each.key)) {
          return validation_error("Condition key '{}' is not valid for query-string", each.key);
        }
        condition.keys.push_back(each.key);
        condition.values.push_back(each.value);
      }
    }
  } else if (config == nullptr) {
    return validation_error("Condition field '{}' is not valid", input.field);
  } else if (config->has_value()) {
    condition.values = (*config)->values;
    condition.header_name = (*config)->header_name;
  } else {
    condition.values = input.values;
  }
  if (condition.values.empty()) {
    return validation_error("A condition value must be specified for '{}'", input.field);
  }
  if (input.field == "http-header" && (condition.header_name.size() > kMaxNameBytes ||
                                       !consists_of(condition.header_name, kTokenExtras))) {
    return validation_error("Header name '{}' is not valid", condition.header_name);
  }
  for (const std::string& each : condition.values) {
    if (is_value_of(input.field, each)) continue;
    return validation_error("Condition value '{}' is not valid for {}", each, input.field);
  }
  return condition;
}

}  // namespace

void describe(JsonFields& fields, ConditionValues& input) {
  fields.field("HttpHeaderName", input.header_name);
  fields.field("Values", input.values);
}

void describe(JsonFields& fields, QueryValue& input) {
  fields.field("Key", input.key);
  fields.required("Value", input.value);
}

void describe(JsonFields& fields, QueryValues& input) { fields.field("Values", input.values); }

void describe(JsonFields& fields, ConditionInput& input) {
  fields.required("Field", input.field);
  fields.field("Values", input.values);
  fields.field("HostHeaderConfig", input.host);
  fields.field("PathPatternConfig", input.path);
  fields.field("HttpHeaderConfig", input.header);
  fields.field("HttpRequestMethodConfig", input.method);
  fields.field("SourceIpConfig", input.source);
  fields.field("QueryStringConfig", input.query);
}

Result<std::vector<RuleCondition>> read_conditions(const std::vector<ConditionInput>& inputs) {
  if (inputs.empty()) return validation_error("A condition must be specified");
  std::vector<RuleCondition> conditions;
  std::set<std::string> once;
  size_t values = 0;
  for (const ConditionInput& each : inputs) {
    IK_LET(condition, read_condition(each));
    values += condition.values.size();
    const bool may_repeat = condition.field == "http-header" || condition.field == "query-string";
    if (!may_repeat && !once.insert(condition.field).second) {
      return validation_error("A rule can only have one '{}' condition", condition.field);
    }
    conditions.push_back(std::move(condition));
  }
  if (values > kMaxValues) {
    return validation_error("A rule can only have {} condition values", kMaxValues);
  }
  return conditions;
}

}  // namespace ikada::elb
