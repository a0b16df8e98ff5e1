// What the daemon's unix socket answers about itself: GET /healthz and GET /version.
//
// /healthz says that the daemon's loop turns; it is 200 {"status":"ok"} as long as anything answers
// at all.
#pragma once

#include "cluster/http/http_server.h"

namespace ikada {

// 404 for another path, 405 for another method than GET, 400 for a target that is no path.
HttpReply answer_status_request(const HttpRequest& request);

}  // namespace ikada
