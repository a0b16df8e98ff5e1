#include "cluster/scheduler/query.h"

#include <algorithm>
#include <utility>

#include "cluster/scheduler/query_expression.h"
#include "cluster/scheduler/version_order.h"

namespace ikada::scheduler {
namespace {

template <typename Order>
bool is_in_order(QueryOperator operation, Order order) {
  switch (operation) {
    case QueryOperator::kEquals:
      return order == 0;
    case QueryOperator::kGreater:
      return order > 0;
    case QueryOperator::kGreaterOrEqual:
      return order >= 0;
    case QueryOperator::kLess:
      return order < 0;
    case QueryOperator::kLessOrEqual:
      return order <= 0;
    default:
      return false;
  }
}

// The plain operator on a text that is there.
bool holds_for_text(const Comparison& comparison, std::string_view text) {
  switch (comparison.operation) {
    case QueryOperator::kExists:
      return true;
    case QueryOperator::kEquals:
      return text == comparison.values.front();
    case QueryOperator::kIn:
      return std::find(comparison.values.begin(), comparison.values.end(), text) !=
             comparison.values.end();
    case QueryOperator::kMatches:
      return comparison.pattern->matches(text);
    default:
      return is_in_order(comparison.operation, compare_versions(text, comparison.values.front()));
  }
}

// The plain operator on the host: false where the subject is not there.
bool holds(const Comparison& comparison, const HostFacts& host) {
  switch (comparison.subject) {
    case QuerySubject::kAgentConnected:
      return holds_for_text(comparison, host.agent_connected ? "true" : "false");
    case QuerySubject::kAgentVersion:
      return !host.agent_version.empty() &&
             is_in_order(comparison.operation,
                         compare_versions(host.agent_version, comparison.values.front()));
    case QuerySubject::kAttribute: {
      if (host.attributes == nullptr) return false;
      const auto found = host.attributes->find(comparison.attribute);
      return found != host.attributes->end() && holds_for_text(comparison, found->second);
    }
    case QuerySubject::kEc2InstanceId:
      return !host.ec2_instance_id.empty() && holds_for_text(comparison, host.ec2_instance_id);
    case QuerySubject::kRegisteredAt:
      return is_in_order(comparison.operation, host.registered_at_s <=> comparison.number);
    case QuerySubject::kRunningTasksCount:
      return is_in_order(comparison.operation,
                         std::int64_t{host.running_tasks} <=> comparison.number);
    case QuerySubject::kTaskGroup:
      return std::any_of(
          host.groups.begin(), host.groups.end(), [&comparison](std::string_view group) {
            return holds_for_text(comparison, group);
          });
  }
  return false;
}

bool holds(const QueryExpression& expression, const HostFacts& host) {
  const auto part_holds = [&host](const QueryExpression& part) { return holds(part, host); };
  switch (expression.kind) {
    case QueryExpression::Kind::kComparison:
      return holds(expression.comparison, host) != expression.comparison.negated;
    case QueryExpression::Kind::kNot:
      return !holds(expression.parts.front(), host);
    case QueryExpression::Kind::kAnd:
      return std::all_of(expression.parts.begin(), expression.parts.end(), part_holds);
    case QueryExpression::Kind::kOr:
      return std::any_of(expression.parts.begin(), expression.parts.end(), part_holds);
  }
  return false;
}

template <typename Predicate>
bool any_comparison(const QueryExpression& expression, const Predicate& predicate) {
  if (expression.kind == QueryExpression::Kind::kComparison) {
    return predicate(expression.comparison);
  }
  return std::any_of(
      expression.parts.begin(), expression.parts.end(), [&predicate](const QueryExpression& part) {
        return any_comparison(part, predicate);
      });
}

}  // namespace

Query::Query(std::string text, std::shared_ptr<const QueryExpression> expression)
    : text_(std::move(text)), expression_(std::move(expression)) {
  asks_only_attributes_ = !any_comparison(*expression_, [](const Comparison& each) {
    return each.subject != QuerySubject::kAttribute;
  });
  asks_groups_ = any_comparison(*expression_, [](const Comparison& each) {
    return each.subject == QuerySubject::kTaskGroup;
  });
}

Result<Query> Query::parse(std::string_view text) {
  if (text.size() > kMaxLength) {
    return make_error(ErrorKind::kInvalid, "cluster query: longer than {} characters", kMaxLength);
  }
  IK_LET(expression, parse_query_expression(text));
  return Query(std::string(text), std::make_shared<const QueryExpression>(std::move(expression)));
}

bool Query::matches(const HostFacts& host) const { return holds(*expression_, host); }

}  // namespace ikada::scheduler
