// The container instances that PutAttributes and DeleteAttributes are about.
#pragma once

#include <functional>
#include <vector>

#include "cluster/api/api_call.h"
#include "cluster/api/outcome.h"

namespace ikada {

// What operators and hosts have set, and ECS itself has not.
bool is_custom(const Attribute& attribute);

struct AttributesInput {
  std::string cluster = {};
  std::vector<Attribute> attributes = {};
};
void describe(JsonFields& fields, AttributesInput& input);

using ChangeAttribute =
    std::function<void(std::vector<Attribute>& present, const Attribute& given)>;

// Proposes `change` for each attribute on its target; the answer shows what was changed.
// InvalidParameterException for reserved names; TargetNotFoundException;
// AttributeLimitExceededException past ten of one's own on an instance.
Result<Outcome> change_attributes(const ApiCall& call,
                                  const State& state,
                                  const AttributesInput& input,
                                  const ChangeAttribute& change);

}  // namespace ikada
