// From a request to its answer: finds what it is about, who asks, whether that is allowed, and has
// it done. Everything that goes wrong is an answer with the specification's error.
#pragma once

#include "image/registry/exchange.h"
#include "image/registry/site.h"

namespace ikada::registry {

Answer respond(Site& site, const RequestHead& head, RequestBody& body, const Yield& yield);

}  // namespace ikada::registry
