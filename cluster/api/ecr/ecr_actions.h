// The actions of Elastic Container Registry's API, version 2015-09-21, that the state alone
// answers; those that read or write manifests and layers are cluster/registry/registry_actions.h.
//
// They read the same state as those of ECS and propose changes in the same way (actions.h).
//
// Source: Amazon ECR API Reference, version 2015-09-21.
#pragma once

#include "cluster/api/actions.h"

namespace ikada::ecr {

inline constexpr std::string_view kTargetPrefix = "AmazonEC2ContainerRegistry_V20150921.";
// Of what managers ask each other and no client may.
inline constexpr std::string_view kOwnTargetPrefix = "IkadaRegistry.";

Result<Outcome> batch_delete_image(const ApiCall& call, const State& state);
Result<Outcome> create_repository(const ApiCall& call, const State& state);
Result<Outcome> delete_lifecycle_policy(const ApiCall& call, const State& state);
Result<Outcome> delete_repository(const ApiCall& call, const State& state);
Result<Outcome> delete_repository_policy(const ApiCall& call, const State& state);
Result<Outcome> describe_images(const ApiCall& call, const State& state);
Result<Outcome> describe_registry(const ApiCall& call, const State& state);
Result<Outcome> describe_repositories(const ApiCall& call, const State& state);
Result<Outcome> get_authorization_token(const ApiCall& call, const State& state);
Result<Outcome> get_lifecycle_policy(const ApiCall& call, const State& state);
Result<Outcome> get_lifecycle_policy_preview(const ApiCall& call, const State& state);
Result<Outcome> get_repository_policy(const ApiCall& call, const State& state);
Result<Outcome> list_images(const ApiCall& call, const State& state);
Result<Outcome> list_tags_for_resource(const ApiCall& call, const State& state);
Result<Outcome> put_image_scanning_configuration(const ApiCall& call, const State& state);
Result<Outcome> put_image_tag_mutability(const ApiCall& call, const State& state);
Result<Outcome> put_lifecycle_policy(const ApiCall& call, const State& state);
Result<Outcome> set_repository_policy(const ApiCall& call, const State& state);
Result<Outcome> start_lifecycle_policy_preview(const ApiCall& call, const State& state);
Result<Outcome> tag_resource(const ApiCall& call, const State& state);
Result<Outcome> untag_resource(const ApiCall& call, const State& state);

// What a manager that has stored a manifest asks the leading one to put on record.
Result<Outcome> record_image(const ApiCall& call, const State& state);

// Null for a name that is no action.
const ActionEntry* find_action(std::string_view name);
const ActionEntry* find_own_action(std::string_view name);

}  // namespace ikada::ecr
