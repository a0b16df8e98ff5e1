// What is asked of the API and of the daemon is in the audit log before it is answered
// (audit_log.h): what changes something only when its line is on the disk, and everything while the
// log is behind.
#pragma once

#include <string>

#include "cluster/http/audit_log.h"
#include "cluster/http/http_server.h"

namespace ikada {

// What a request itself says. The caller fills in who has been verified.
AuditRecord audit_of_api_call(const HttpRequest& request, const std::string& account);
// Of the daemon's own control routes: "ClusterJoin" is POST /cluster/join.
AuditRecord audit_of_control(const HttpRequest& request);

// Puts the reply's outcome into the record, the record into the log, and responds.
HttpServer::Respond audited(AuditLog& log, AuditRecord record, HttpServer::Respond respond);

// The same of calls on that route; while the log has no room, what would change something is
// refused.
HttpServer::Route audited_control_route(AuditLog& log, HttpServer::Route route);

inline constexpr const char* kNoAuditRoom =
    "The audit log has no room on its disk: nothing is changed until there is.";

}  // namespace ikada
