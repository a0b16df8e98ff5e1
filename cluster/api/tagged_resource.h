// The record that an ARN names, for the actions on tags.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/api/api_call.h"
#include "cluster/api/outcome.h"

namespace ikada {

// A resource's tags, and how to propose others.
struct TaggedResource {
  std::vector<Tag> tags;
  // Adds the change of the record to the proposal.
  std::function<void(Proposal& proposal, const std::vector<Tag>& tags)> propose_tags;
};

// A cluster, container instance, service, task or task definition of this scope.
// InvalidParameterException for another ARN; ClusterNotFoundException; ResourceNotFoundException.
Result<TaggedResource> find_tagged_resource(const ApiCall& call,
                                            const State& state,
                                            std::string_view arn);

}  // namespace ikada
