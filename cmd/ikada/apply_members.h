// Which members the things of `ikada apply` may have: a misspelt one would be ignored by the API,
// which takes what it does not know for something newer.
//
// Source: Amazon ECS API Reference, RegisterTaskDefinition, ContainerDefinition, CreateService;
// Elastic Load Balancing API Reference, CreateTargetGroup, CreateLoadBalancer, CreateListener,
// CreateRule.
#pragma once

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

enum class WishKind {
  kDefinition,
  kContainer,
  kGroup,
  kBalancer,
  kListener,
  kRule,
  kService,
};

// kInvalid, naming it, for a member that such a thing does not have. Pure.
Result<void> check_members(WishKind kind, const Json& wish);

}  // namespace ikada
