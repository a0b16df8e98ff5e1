// Certificates made by the cluster's authority: new ones, and old ones anew.
#pragma once

#include "cluster/api/api_call.h"
#include "cluster/api/outcome.h"
#include "cluster/state/state.h"

namespace ikada::acm {

// A new key and certificate for the names that are in it. InvalidStateException where there is no
// authority or no vault.
Result<void> issue(ServerCertificate& certificate, const ApiOptions& options, Timestamp now);

// Renews those of all scopes that are due, or that another authority has issued than the one in
// force, some at a time; empty if there are none.
Proposal plan_renewals(const State& state, const ApiOptions& options, Timestamp now);

}  // namespace ikada::acm
