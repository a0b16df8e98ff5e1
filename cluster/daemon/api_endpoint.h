// The API over HTTP, each call in the audit log: which of a request's headers count, and what a
// reply's are.
//
// Source: Smithy, "AWS JSON 1.1 protocol"; IAM User Guide, "Signature Version 4" for the scope.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "cluster/api/api_server.h"
#include "cluster/auth/access_key.h"
#include "cluster/daemon/log_desk.h"
#include "cluster/http/audited_route.h"
#include "cluster/http/http_server.h"
#include "cluster/http/refusal_limit.h"
#include "cluster/registry/cluster_registry.h"

namespace ikada {

// Who answers; all of them outlive the routes.
struct ApiParts {
  ApiServer& api;
  LogDesk& logs;
  AuditLog& audit;
  ClusterRegistry* registry = nullptr;  // Null if there is none.
};

// The region that a request's Authorization names, whether its signature is right or not; empty if
// it names none.
std::string signed_region(const HttpRequest& request);

// The access key that it names, likewise.
std::string signed_access_key(const HttpRequest& request);

// A route that takes everybody who can connect for root of the account: for a socket that only
// root can open.
HttpServer::Route trusting_api_route(const ApiParts& parts);

// A route that takes only requests which are signed with a key that `find_key` knows. With `limit`
// an address that is refused too often gets ThrottlingException.
HttpServer::Route verifying_api_route(const ApiParts& parts,
                                      auth::FindAccessKey find_key,
                                      std::shared_ptr<RefusalLimit> limit = nullptr);

}  // namespace ikada
