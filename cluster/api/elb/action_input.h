// What a rule or a listener does with a request, as the API is given it.
#pragma once

#include <string>
#include <vector>

#include "cluster/api/elb/elb_lookup.h"

namespace ikada::elb {

struct ForwardGroupInput {
  std::string target_group_arn = {};
  std::optional<std::int32_t> weight = {};
};
void describe(JsonFields& fields, ForwardGroupInput& input);

struct GroupStickinessInput {
  bool enabled = false;
  std::int32_t duration_seconds = 0;
};
void describe(JsonFields& fields, GroupStickinessInput& input);

struct ForwardInput {
  std::vector<ForwardGroupInput> target_groups = {};
  GroupStickinessInput stickiness = {};
};
void describe(JsonFields& fields, ForwardInput& input);

struct RedirectInput {
  ListenerAction action = {};  // Its parts of a redirection.
};
void describe(JsonFields& fields, RedirectInput& input);

struct FixedResponseInput {
  ListenerAction action = {};  // Its parts of a fixed response.
};
void describe(JsonFields& fields, FixedResponseInput& input);

struct ActionInput {
  std::string type = {};
  std::optional<std::int32_t> order = {};
  std::string target_group_arn = {};
  std::optional<ForwardInput> forward = {};
  std::optional<RedirectInput> redirect = {};
  std::optional<FixedResponseInput> fixed_response = {};
};
void describe(JsonFields& fields, ActionInput& input);

// ValidationError, InvalidLoadBalancerAction, TargetGroupNotFound; TargetGroupAssociationLimit when
// a group belongs to another balancer than `balancer`.
Result<std::vector<ListenerAction>> read_actions(const ApiCall& call,
                                                 const State& state,
                                                 const std::string& balancer,
                                                 const std::vector<ActionInput>& inputs);

// The groups that the actions forward to must still be there when the proposal is made.
void touch_groups(Proposal& proposal,
                  const ApiCall& call,
                  const State& state,
                  const std::vector<ListenerAction>& actions);

}  // namespace ikada::elb
