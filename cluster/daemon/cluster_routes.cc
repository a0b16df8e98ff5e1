#include "cluster/daemon/cluster_routes.h"

#include "runtime/base/json.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr std::string_view kClusterPath = "/cluster";
constexpr std::string_view kNodeListPath = "/cluster/nodes";
constexpr std::string_view kNodesPath = "/cluster/nodes/";
constexpr std::string_view kKeyPath = "/cluster/key";
constexpr std::string_view kAuthorityPath = "/cluster/authority";

unsigned status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return 400;
    case ErrorKind::kDenied:
      return 403;
    case ErrorKind::kNotFound:
      return 404;
    case ErrorKind::kConflict:
      return 409;
    case ErrorKind::kUnavailable:
      return 503;
    case ErrorKind::kSystem:
    case ErrorKind::kInternal:
      return 500;
  }
  return 500;
}

HttpReply reply_of(const Result<Json>& result) {
  const bool is_ok = result.has_value();
  Json body = is_ok ? *result : Json{{"error", result.error().message}};
  if (!is_ok && !result.error().code.empty()) body["code"] = result.error().code;
  return {.status = is_ok ? 200U : status_of(result.error().kind),
          .body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"};
}

// NODE of /cluster/nodes/NODE/role.
std::optional<std::string> node_of_role_path(std::string_view path) {
  constexpr std::string_view kRole = "/role";
  if (!path.starts_with(kNodesPath) || !path.ends_with(kRole)) return std::nullopt;
  path.remove_prefix(kNodesPath.size());
  path.remove_suffix(std::min(path.size(), kRole.size()));
  return std::string(path);
}

void rotate_authority(HostDaemon& host, const Json& body, const HostDaemon::Done& done) {
  bool force = false;
  JsonReader reader(body, "request");
  reader.read("force", force);
  const Result<void> read = reader.done();
  return read.has_value() ? host.rotate_authority(force, done) : done(read.error());
}

void post(HostDaemon& host, std::string_view verb, const Json& body, HostDaemon::Done done) {
  JsonReader reader(body, "request");
  if (verb == "init") {
    InitWish wish;
    reader.read("name", wish.name);
    reader.read("address", wish.address);
    reader.read("taskNetwork", wish.task_network);
    const Result<void> read = reader.done();
    return read.has_value() ? host.init(std::move(wish), std::move(done)) : done(read.error());
  }
  if (verb == "restore") {
    std::string path;
    InitWish wish;
    reader.require("path", path);
    reader.read("name", wish.name);
    reader.read("address", wish.address);
    const Result<void> read = reader.done();
    return read.has_value() ? host.restore(path, std::move(wish), std::move(done))
                            : done(read.error());
  }
  if (verb == "backup") {
    std::string path;
    reader.require("path", path);
    const Result<void> read = reader.done();
    return read.has_value() ? host.back_up(path, std::move(done)) : done(read.error());
  }
  if (verb == "join") {
    JoinOrder order;
    std::string token;
    reader.require("manager", order.manager);
    reader.require("token", token);
    reader.read("name", order.name);
    reader.read("address", order.address);
    const Result<void> read = reader.done();
    if (!read.has_value()) return done(read.error());
    Result<auth::JoinToken> parsed = auth::parse_join_token(token);
    if (!parsed.has_value()) return done(parsed.error());
    order.token = std::move(*parsed);
    return host.join(order, done);
  }
  if (verb == "leave") {
    bool force = false;
    reader.read("force", force);
    const Result<void> read = reader.done();
    return read.has_value() ? host.leave(force, std::move(done)) : done(read.error());
  }
  if (verb == "token") {
    std::string role = "worker";
    std::int64_t lifetime_s = 0;
    reader.read("role", role);
    reader.read("lifetimeSeconds", lifetime_s);
    const Result<void> read = reader.done();
    if (!read.has_value()) return done(read.error());
    return host.issue_token(role, lifetime_s, std::move(done));
  }
  if (verb == "key") return host.rotate_key(done);
  if (verb == "authority") return rotate_authority(host, body, done);
  done(make_error(ErrorKind::kNotFound, "no such path"));
}

}  // namespace

bool is_cluster_route(const HttpRequest& request) {
  const std::string_view path = cut(request.target, '?').before;
  return path == kClusterPath || path.starts_with(std::string(kClusterPath) + "/");
}

// What only the leading manager knows or may change.
void answer_about_nodes(HostDaemon& host,
                        const ClusterRequest& request,
                        const HostDaemon::Done& done) {
  const Cut target = cut(request.target, '?');
  if (request.method == "GET" && target.before == kKeyPath) return host.key_rotation(done);
  if (request.method == "GET" && target.before == kAuthorityPath) {
    return host.authority_rotation(done);
  }
  if (request.method == "GET") return host.nodes(done);
  if (request.method == "DELETE" && target.before.starts_with(kNodesPath)) {
    const std::string node(target.before.substr(kNodesPath.size()));
    return host.remove_node(node, target.after == "force=1", done);
  }
  const Result<Json> body = parse_json(request.body.empty() ? "{}" : request.body);
  if (!body.has_value()) return done(body.error());
  const std::optional<std::string> node = node_of_role_path(target.before);
  if (node.has_value()) {
    std::string role;
    JsonReader reader(*body, "request");
    reader.require("role", role);
    const Result<void> read = reader.done();
    return read.has_value() ? host.set_role(*node, role, done) : done(read.error());
  }
  post(host, target.before.substr(kClusterPath.size() + 1), *body, done);
}

bool is_about_nodes(const ClusterRequest& request) {
  const std::string_view path = cut(request.target, '?').before;
  if (path == kKeyPath || path == kAuthorityPath)
    return request.method == "GET" || request.method == "POST";
  if (request.method == "GET") return path == kNodeListPath;
  if (request.method == "DELETE") return path.starts_with(kNodesPath);
  return request.method == "POST" &&
         (path == "/cluster/token" || node_of_role_path(path).has_value());
}

void answer_cluster_request(HostDaemon& host,
                            const HttpRequest& request,
                            const HttpServer::Respond& respond) {
  const Cut target = cut(request.target, '?');
  const HostDaemon::Done done = [respond](const Result<Json>& result) {
    respond(reply_of(result));
  };
  const ClusterRequest asked{request.method, request.target, request.body};
  if (is_about_nodes(asked)) {
    if (!host.is_following()) return answer_about_nodes(host, asked, done);
    const bool is_list = asked.method == "GET" && target.before == kNodeListPath;
    return host.ask_leader(
        {{"method", asked.method}, {"target", asked.target}, {"body", asked.body}},
        [&host, is_list, done](const Result<Json>& result) {
          const bool is_alone =
              !result.has_value() && result.error().kind == ErrorKind::kUnavailable;
          if (!is_list || !is_alone) return done(result);
          // Better than nothing: what this manager sees itself.
          host.nodes([done, why = result.error().message](const Result<Json>& own) {
            Json answer = own.value_or(Json::object());
            answer["remark"] = "as this manager sees it: " + why;
            done(own.has_value() ? Result<Json>(answer) : own);
          });
        });
  }
  if (request.method == "GET" && target.before == kClusterPath) return host.status(done);
  if (request.method != "POST" || target.before.size() <= kClusterPath.size()) {
    return done(make_error(ErrorKind::kNotFound, "no such path"));
  }
  const Result<Json> body = parse_json(request.body.empty() ? "{}" : request.body);
  if (!body.has_value()) return done(body.error());
  post(host, target.before.substr(kClusterPath.size() + 1), *body, done);
}

void answer_other_manager(HostDaemon& host, const Json& asked, const HostDaemon::Done& done) {
  ClusterRequest request;
  JsonReader reader(asked, "request");
  reader.require("method", request.method);
  reader.require("target", request.target);
  reader.require("body", request.body);
  const Result<void> read = reader.done();
  if (!read.has_value()) return done(read.error());
  if (!is_about_nodes(request)) return done(make_error(ErrorKind::kNotFound, "no such path"));
  if (host.is_following()) {
    return done(make_error(ErrorKind::kUnavailable, "the leading manager changes, try again"));
  }
  answer_about_nodes(host, request, done);
}

}  // namespace ikada
