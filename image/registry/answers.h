// One function for each of the registry's endpoints: what is asked for is done, and said.
//
// Who calls and whether it may has been settled before. An error is answered by respond.h.
//
// Source: OCI distribution-spec 1.1, "Endpoints"; distribution, "Token Authentication
// Specification".
#pragma once

#include "image/registry/access.h"
#include "image/registry/exchange.h"
#include "image/registry/route.h"
#include "image/registry/settings.h"
#include "image/registry/site.h"
#include "runtime/base/result.h"

namespace ikada::registry {

struct Call {
  Site& site;
  const Settings& settings;
  const RequestHead& head;
  RequestBody& body;
  const Route& route;
  const Caller& caller;
  const Yield& yield;
};

Result<Answer> answer_blob(const Call& call);
Result<Answer> answer_uploads(const Call& call);
Result<Answer> answer_upload(const Call& call);
Result<Answer> answer_manifest(const Call& call);
Result<Answer> answer_tags(const Call& call);
Result<Answer> answer_catalog(const Call& call);
Result<Answer> answer_referrers(const Call& call);

// Also says who it is: the token's request carries its own name and password.
Result<Answer> answer_token(const Call& call);

// Whether the caller may do this with the repository. UNAUTHORIZED if another login could help,
// DENIED; with a keeper NAME_UNKNOWN.
Result<void> check_access(const Call& call, const std::string& repository, Action action);

// Whether the If-None-Match of the request names `digest`.
bool is_known_to_client(const RequestHead& head, const ContentDigest& digest);

// A JSON body.
Answer json_answer(unsigned status, std::string body);

}  // namespace ikada::registry
