// The actions of AWS Certificate Manager's API, version 2015-12-08.
//
// They read the state and propose changes as those of ECS do (actions.h).
//
// Source: AWS Certificate Manager API Reference.
#pragma once

#include "cluster/api/actions.h"

namespace ikada::acm {

inline constexpr std::string_view kTargetPrefix = "CertificateManager.";

Result<Outcome> add_tags_to_certificate(const ApiCall& call, const State& state);
Result<Outcome> delete_certificate(const ApiCall& call, const State& state);
Result<Outcome> describe_certificate(const ApiCall& call, const State& state);
Result<Outcome> get_certificate(const ApiCall& call, const State& state);
Result<Outcome> import_certificate(const ApiCall& call, const State& state);
Result<Outcome> list_certificates(const ApiCall& call, const State& state);
Result<Outcome> list_tags_for_certificate(const ApiCall& call, const State& state);
Result<Outcome> remove_tags_from_certificate(const ApiCall& call, const State& state);
Result<Outcome> renew_certificate(const ApiCall& call, const State& state);
Result<Outcome> request_certificate(const ApiCall& call, const State& state);

// Null for a name that is no action.
const ActionEntry* find_action(std::string_view name);

}  // namespace ikada::acm
