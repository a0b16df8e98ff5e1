// A parsed cluster query, as a tree. Only the parser makes one; query.h is for everyone else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/scheduler/pattern.h"

namespace ikada::scheduler {

enum class QuerySubject {
  kAgentConnected,
  kAgentVersion,
  kAttribute,
  kEc2InstanceId,
  kRegisteredAt,
  kRunningTasksCount,
  kTaskGroup,
};

// The plain forms; the others are their negations: "!=" is kEquals negated.
enum class QueryOperator {
  kEquals,
  kGreater,
  kGreaterOrEqual,
  kLess,
  kLessOrEqual,
  kExists,
  kIn,
  kMatches,
};

struct Comparison {
  QuerySubject subject = QuerySubject::kAttribute;
  std::string attribute;  // Its name, for kAttribute.
  QueryOperator operation = QueryOperator::kExists;
  bool negated = false;
  std::vector<std::string> values;  // One, several for kIn, none for kExists.
  std::optional<Pattern> pattern;   // For kMatches.
  std::int64_t number = 0;          // The value of dates (seconds) and counts.
};

struct QueryExpression {
  enum class Kind { kComparison, kNot, kAnd, kOr };

  Kind kind = Kind::kComparison;
  Comparison comparison = {};
  std::vector<QueryExpression> parts = {};  // One for kNot, two or more for kAnd and kOr.
};

// kInvalid with the position of the mistake.
Result<QueryExpression> parse_query_expression(std::string_view text);

}  // namespace ikada::scheduler
