// Who calls: reads the Authorization header and believes it only after a check.
//
// Source: distribution, "Token Authentication Specification"; RFC 7617, RFC 6750.
#pragma once

#include <string>

#include "image/registry/access.h"
#include "image/registry/exchange.h"
#include "image/registry/route.h"
#include "image/registry/settings.h"
#include "image/registry/site.h"
#include "runtime/base/result.h"

namespace ikada::registry {

// Nobody in particular without a header. UNAUTHORIZED, TOOMANYREQUESTS.
Result<Caller> identify(Site& site,
                        const Settings& settings,
                        const RequestHead& head,
                        const Route& route,
                        const Yield& yield);

// The WWW-Authenticate header for a 401: where to get a token with the rights that the request
// needs, or that a password is wanted.
std::string challenge_for(const Settings& settings, const RequestHead& head, const Route& route);

// What the request needs to be allowed on its repository.
Action action_of(const Route& route, std::string_view method);

}  // namespace ikada::registry
