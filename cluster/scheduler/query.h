// The cluster query language: which hosts an expression selects.
//
//   IK_LET(query, Query::parse("attribute:ecs.instance-type =~ g2.* and runningTasksCount < 5"));
//   if (query.matches(facts)) ...
//
// Used by the constraint memberOf and by the filter of ListContainerInstances. "not" binds closer
// than "and", "and" closer than "or". A literal is bare or in quotes; inside quotes a backslash in
// front of the same quote stands for it, and is itself elsewhere, so that regular expressions need
// no doubling.
//
// What the documentation leaves open: a negated operator is true exactly where the plain one is
// false, also for hosts that lack the attribute; on `task:group` the plain operators ask whether
// any task of the host is of such a group. Attributes are ordered as versions (version_order.h).
//
// Source: Amazon ECS Developer Guide, "Create expressions to define container instances".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada::scheduler {

// Names and values; a value may be empty.
using Attributes = std::map<std::string, std::string, std::less<>>;

// What a query can ask about a host. It owns nothing.
struct HostFacts {
  bool agent_connected = false;
  std::string_view agent_version = {};    // Empty if unknown.
  std::string_view ec2_instance_id = {};  // Empty if it has none.
  std::int64_t registered_at_s = 0;       // Seconds since 1970.
  std::uint32_t running_tasks = 0;
  const Attributes* attributes = nullptr;
  std::span<const std::string_view> groups = {};  // Of its tasks, in any order.
};

struct QueryExpression;

// Immutable; copies share the expression, also between threads.
class Query {
 public:
  static constexpr size_t kMaxLength = 2000;  // Of the API.

  // kInvalid: "cluster query: character 14: expected …", counted in bytes from 1.
  static Result<Query> parse(std::string_view text);

  bool matches(const HostFacts& host) const;

  const std::string& text() const { return text_; }

  // Whether the answer depends on nothing but the host's attributes.
  bool asks_only_attributes() const { return asks_only_attributes_; }
  bool asks_groups() const { return asks_groups_; }

 private:
  Query(std::string text, std::shared_ptr<const QueryExpression> expression);

  std::string text_;
  std::shared_ptr<const QueryExpression> expression_;
  bool asks_only_attributes_ = false;
  bool asks_groups_ = false;
};

}  // namespace ikada::scheduler
