// The conditions of a rule, as the API is given them.
#pragma once

#include <string>
#include <vector>

#include "cluster/api/elb/elb_lookup.h"

namespace ikada::elb {

struct ConditionValues {
  std::string header_name = {};  // Of http-header.
  std::vector<std::string> values = {};
};
void describe(JsonFields& fields, ConditionValues& input);

struct QueryValue {
  std::string key = {};
  std::string value = {};
};
void describe(JsonFields& fields, QueryValue& input);

struct QueryValues {
  std::vector<QueryValue> values = {};
};
void describe(JsonFields& fields, QueryValues& input);

struct ConditionInput {
  std::string field = {};
  std::vector<std::string> values = {};
  std::optional<ConditionValues> host = {};
  std::optional<ConditionValues> path = {};
  std::optional<ConditionValues> header = {};
  std::optional<ConditionValues> method = {};
  std::optional<ConditionValues> source = {};
  std::optional<QueryValues> query = {};
};
void describe(JsonFields& fields, ConditionInput& input);

// ValidationError for what no condition may be.
Result<std::vector<RuleCondition>> read_conditions(const std::vector<ConditionInput>& inputs);

}  // namespace ikada::elb
