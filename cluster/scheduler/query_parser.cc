// Recursive descent: or, and, not, and in the middle a comparison.
#include <array>
#include <span>

#include "cluster/scheduler/query_date.h"
#include "cluster/scheduler/query_expression.h"
#include "cluster/scheduler/query_scanner.h"
#include "runtime/base/number.h"

namespace ikada::scheduler {
namespace {

constexpr int kMaxDepth = 50;
constexpr size_t kMaxListValues = 200;
constexpr int kMaxPatterns = 20;  // Each may take a quarter of a megabyte.
constexpr std::string_view kAttributePrefix = "attribute:";

struct OperatorWord {
  std::string_view symbol;
  std::string_view word;
  QueryOperator operation;
  bool negated;
};
constexpr std::array kOperators = {
    OperatorWord{"==", "equals", QueryOperator::kEquals, false},
    OperatorWord{"!=", "not_equals", QueryOperator::kEquals, true},
    OperatorWord{">", "greater_than", QueryOperator::kGreater, false},
    OperatorWord{">=", "greater_than_equal", QueryOperator::kGreaterOrEqual, false},
    OperatorWord{"<", "less_than", QueryOperator::kLess, false},
    OperatorWord{"<=", "less_than_equal", QueryOperator::kLessOrEqual, false},
    OperatorWord{"=~", "matches", QueryOperator::kMatches, false},
    OperatorWord{"!~", "not_matches", QueryOperator::kMatches, true},
    OperatorWord{"", "exists", QueryOperator::kExists, false},
    OperatorWord{"", "not_exists", QueryOperator::kExists, true},
    OperatorWord{"", "in", QueryOperator::kIn, false},
    OperatorWord{"", "not_in", QueryOperator::kIn, true},
};

struct SubjectWord {
  std::string_view word;
  QuerySubject subject;
};
constexpr std::array kSubjects = {
    SubjectWord{"agentConnected", QuerySubject::kAgentConnected},
    SubjectWord{"agentVersion", QuerySubject::kAgentVersion},
    SubjectWord{"ec2InstanceId", QuerySubject::kEc2InstanceId},
    SubjectWord{"registeredAt", QuerySubject::kRegisteredAt},
    SubjectWord{"runningTasksCount", QuerySubject::kRunningTasksCount},
    SubjectWord{"task:group", QuerySubject::kTaskGroup},
};

bool is_allowed(QuerySubject subject, QueryOperator operation) {
  switch (subject) {
    case QuerySubject::kAttribute:
      return true;
    case QuerySubject::kAgentConnected:
    case QuerySubject::kEc2InstanceId:
    case QuerySubject::kTaskGroup:
      return operation == QueryOperator::kEquals || operation == QueryOperator::kIn ||
             operation == QueryOperator::kMatches;
    case QuerySubject::kAgentVersion:
    case QuerySubject::kRegisteredAt:
    case QuerySubject::kRunningTasksCount:
      return operation != QueryOperator::kExists && operation != QueryOperator::kIn &&
             operation != QueryOperator::kMatches;
  }
  return false;
}

// Turns the one value of dates and counts into a number.
Result<void> read_value(Comparison& comparison, size_t position) {
  if (comparison.operation == QueryOperator::kMatches) return {};
  const std::string& value = comparison.values.front();
  switch (comparison.subject) {
    case QuerySubject::kRegisteredAt: {
      const auto date = parse_query_date(value);
      if (!date.has_value()) return query_error(position, date.error().message);
      comparison.number = *date;
      return {};
    }
    case QuerySubject::kRunningTasksCount: {
      const auto count = parse_unsigned(value, UINT32_MAX);
      if (!count.has_value()) return query_error(position, "expected a count of tasks");
      comparison.number = static_cast<std::int64_t>(*count);
      return {};
    }
    case QuerySubject::kAgentConnected:
      for (const std::string& each : comparison.values) {
        if (each != "true" && each != "false") {
          return query_error(position, "expected true or false");
        }
      }
      return {};
    default:
      return {};
  }
}

class QueryParser {
 public:
  explicit QueryParser(std::string_view text) : scanner_(text) {}

  Result<QueryExpression> parse() {
    IK_TRY(advance());
    IK_LET(expression, parse_or(0));
    if (token_.kind != QueryToken::Kind::kEnd) {
      return query_error(token_.position, "expected and, or, or the end");
    }
    return expression;
  }

 private:
  Result<void> advance() {
    IK_LET(token, scanner_.next());
    token_ = std::move(token);
    return {};
  }

  Result<QueryExpression> parse_or(int depth) {
    return parse_chain(QueryExpression::Kind::kOr, depth);
  }

  // A part, and more of them behind "or" or "and".
  Result<QueryExpression> parse_chain(QueryExpression::Kind kind, int depth) {
    const bool is_or = kind == QueryExpression::Kind::kOr;
    QueryExpression chain{.kind = kind};
    while (true) {
      IK_LET(part, is_or ? parse_chain(QueryExpression::Kind::kAnd, depth) : parse_not(depth));
      chain.parts.push_back(std::move(part));
      const bool goes_on = is_or ? token_.is_symbol("||") || token_.is_word("or")
                                 : token_.is_symbol("&&") || token_.is_word("and");
      if (!goes_on) break;
      IK_TRY(advance());
    }
    if (chain.parts.size() > 1) return chain;
    QueryExpression only = std::move(chain.parts.front());
    return only;
  }

  Result<QueryExpression> parse_not(int depth) {
    if (depth > kMaxDepth) return query_error(token_.position, "nested too deeply");
    if (token_.is_symbol("!") || token_.is_word("not")) {
      IK_TRY(advance());
      IK_LET(part, parse_not(depth + 1));
      QueryExpression negation{.kind = QueryExpression::Kind::kNot};
      negation.parts.push_back(std::move(part));
      return negation;
    }
    if (!token_.is_symbol("(")) return parse_comparison();
    IK_TRY(advance());
    IK_LET(inside, parse_or(depth + 1));
    if (!token_.is_symbol(")")) return query_error(token_.position, "expected )");
    IK_TRY(advance());
    return inside;
  }

  Result<QueryExpression> parse_comparison() {
    QueryExpression expression;
    Comparison& comparison = expression.comparison;
    IK_TRY(parse_subject(comparison));
    const size_t operator_position = token_.position;
    IK_TRY(parse_operator(comparison));
    if (!is_allowed(comparison.subject, comparison.operation)) {
      return query_error(operator_position, "this subject does not take this operator");
    }
    if (comparison.operation == QueryOperator::kExists) return expression;
    const size_t position = token_.position;
    if (comparison.operation == QueryOperator::kIn) {
      IK_TRY(parse_list(comparison));
    } else {
      if (!token_.is_literal()) return query_error(position, "expected a value");
      comparison.values.push_back(token_.text);
      IK_TRY(advance());
    }
    if (comparison.operation == QueryOperator::kMatches) {
      if (++patterns_ > kMaxPatterns) return query_error(position, "too many regular expressions");
      auto pattern = Pattern::parse(comparison.values.front());
      if (!pattern.has_value()) return query_error(position, pattern.error().message);
      comparison.pattern = std::move(*pattern);
    }
    IK_TRY(read_value(comparison, position));
    return expression;
  }

  Result<void> parse_subject(Comparison& comparison) {
    if (token_.kind != QueryToken::Kind::kWord) {
      return query_error(token_.position, "expected a subject such as attribute:NAME");
    }
    if (token_.text.starts_with(kAttributePrefix)) {
      comparison.attribute = token_.text.substr(kAttributePrefix.size());
      if (comparison.attribute.empty()) {
        return query_error(token_.position, "expected the attribute's name");
      }
      return advance();
    }
    for (const SubjectWord& each : kSubjects) {
      if (token_.text != each.word) continue;
      comparison.subject = each.subject;
      return advance();
    }
    return query_error(token_.position, fmt::format("unknown subject {}", token_.text));
  }

  // Leaves the token behind the operator as the current one.
  Result<void> parse_operator(Comparison& comparison) {
    const size_t position = token_.position;
    bool negated = false;
    if (token_.is_symbol("!")) {
      // "!exists" and "!in".
      IK_TRY(advance());
      if (!token_.is_word("exists") && !token_.is_word("in")) {
        return query_error(position, "expected an operator");
      }
      negated = true;
    }
    for (const OperatorWord& each : kOperators) {
      const bool is_this =
          token_.is_word(each.word) || (!each.symbol.empty() && token_.is_symbol(each.symbol));
      if (!is_this) continue;
      comparison.operation = each.operation;
      comparison.negated = each.negated || negated;
      if (each.operation != QueryOperator::kMatches) return advance();
      IK_LET(pattern, scanner_.next_pattern());
      token_ = std::move(pattern);
      return {};
    }
    return query_error(position, "expected an operator");
  }

  Result<void> parse_list(Comparison& comparison) {
    if (!token_.is_symbol("[")) return query_error(token_.position, "expected [");
    do {
      IK_TRY(advance());
      if (!token_.is_literal()) return query_error(token_.position, "expected a value");
      if (comparison.values.size() == kMaxListValues) {
        return query_error(token_.position, "too many values");
      }
      comparison.values.push_back(token_.text);
      IK_TRY(advance());
    } while (token_.is_symbol(","));
    if (!token_.is_symbol("]")) return query_error(token_.position, "expected , or ]");
    return advance();
  }

  QueryScanner scanner_;
  QueryToken token_;
  int patterns_ = 0;
};

}  // namespace

Result<QueryExpression> parse_query_expression(std::string_view text) {
  return QueryParser(text).parse();
}

}  // namespace ikada::scheduler
