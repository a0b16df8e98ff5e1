#include "cluster/daemon/status_routes.h"

#include "runtime/base/json.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

HttpReply json_reply(unsigned status, const Json& body) {
  return HttpReply{.status = status, .body = body.dump() + "\n"};
}

}  // namespace

HttpReply answer_status_request(const HttpRequest& request) {
  const std::string_view path = cut(request.target, '?').before;
  if (!path.starts_with('/')) return json_reply(400, {{"error", "the target is not a path"}});
  const bool known = path == "/healthz" || path == "/version";
  if (!known) return json_reply(404, {{"error", "no such path"}});
  if (request.method != "GET") {
    HttpReply reply = json_reply(405, {{"error", "only GET is allowed here"}});
    reply.headers.push_back({.name = "Allow", .value = "GET"});
    return reply;
  }
  if (path == "/healthz") return json_reply(200, {{"status", "ok"}});
  return json_reply(200, {{"name", "ikadad"}, {"version", IKADA_VERSION}});
}

}  // namespace ikada
