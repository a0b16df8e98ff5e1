#include "cluster/http/audited_route.h"

#include <ctype.h>
#include <memory>
#include <utility>

#include "cluster/api/reply.h"
#include "runtime/base/random_id.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr unsigned kFirstError = 400;

AuditRecord audit_of(const HttpRequest& request) {
  AuditRecord record;
  record.address = request.peer.address;
  record.uid = request.peer.uid;
  record.tls_version = request.peer.tls_version;
  record.cipher = request.peer.cipher;
  record.host = request.header("host");
  record.user_agent = request.header("user-agent");
  const Result<Json> body = parse_json(request.body.empty() ? "{}" : request.body);
  if (body.has_value()) record.parameters = *body;
  record.resources = named_resources(record.parameters);
  return record;
}

// "AmazonEC2ContainerServiceV20141113.RunTask" is RunTask of ecs.amazonaws.com.
std::string source_of(std::string_view service) {
  if (service.starts_with("AmazonEC2ContainerService")) return "ecs.amazonaws.com";
  if (service.starts_with("AmazonEC2ContainerRegistry")) return "ecr.amazonaws.com";
  if (service.starts_with("CertificateManager")) return "acm.amazonaws.com";
  if (service.starts_with("GraniteService")) return "monitoring.amazonaws.com";
  return lower_case(cut(service, '_').before) + ".amazonaws.com";
}

std::string_view name_of_status(unsigned status) {
  switch (status) {
    case 400:
      return "InvalidRequest";
    case 403:
      return "AccessDenied";
    case 404:
      return "NotFound";
    case 409:
      return "Conflict";
    case 503:
      return "Unavailable";
    default:
      return "InternalFailure";
  }
}

// AWS's errors say their names, the daemon's own routes only a sentence.
void note_outcome(AuditRecord& record, const HttpReply& reply) {
  for (const HttpHeader& each : reply.headers) {
    if (each.name == "x-amzn-RequestId") record.request_id = each.value;
  }
  if (reply.status < kFirstError && record.is_read_only) return;
  const Result<Json> body = parse_json(reply.body);
  if (reply.status < kFirstError) {
    if (!body.has_value()) return;
    for (std::string& arn : answered_resources(*body)) record.resources.push_back(std::move(arn));
    return;
  }
  const auto text = [&](const char* name) {
    const bool is_there = body.has_value() && body->is_object() && body->contains(name);
    return is_there && (*body)[name].is_string() ? (*body)[name].get<std::string>() : "";
  };
  record.error_code = text("__type");
  record.error_message = text("message") + text("error");
  if (record.error_code.empty()) record.error_code = name_of_status(reply.status);
}

HttpReply not_recorded(const HttpReply& reply) {
  HttpReply changed = reply;
  const ApiReply error = error_reply(make_error(
      ErrorKind::kInternal, "The call was carried out, but the audit log could not be written."));
  changed.status = error.status;
  changed.body = error.body;
  return changed;
}

// "/cluster/init" is "ClusterInit".
std::string name_of_path(std::string_view path) {
  std::string name;
  for (const std::string_view part : split(path.substr(1), '/')) {
    if (part.empty()) continue;
    name += static_cast<char>(::toupper(static_cast<unsigned char>(part[0])));
    name += part.substr(1);
  }
  return name;
}

}  // namespace

AuditRecord audit_of_api_call(const HttpRequest& request, const std::string& account) {
  AuditRecord record = audit_of(request);
  const Cut target = cut(request.header("x-amz-target"), '.');
  record.source = source_of(target.before);
  const size_t dot = target.after.rfind('.');
  record.name = dot == std::string_view::npos ? target.after : target.after.substr(dot + 1);
  record.account = account;
  record.is_read_only = is_reading_action(record.name);
  return record;
}

AuditRecord audit_of_control(const HttpRequest& request) {
  constexpr std::string_view kNodes = "/cluster/nodes/";
  AuditRecord record = audit_of(request);
  const std::string_view path = cut(request.target, '?').before;
  record.source = "ikadad";
  record.is_read_only = request.method == "GET";
  record.request_id = random_hex(16);
  if (request.method == "DELETE" && path.starts_with(kNodes)) {
    record.name = "ClusterNodeRemove";
    record.resources.emplace_back(path.substr(kNodes.size()));
    return record;
  }
  if (path.starts_with(kNodes) && path.ends_with("/role")) {
    record.name = "ClusterNodeRole";
    const std::string_view rest = path.substr(kNodes.size());
    record.resources.emplace_back(rest.substr(0, rest.rfind('/')));
    return record;
  }
  record.name = path == "/cluster" ? "ClusterStatus" : name_of_path(path);
  return record;
}

HttpServer::Respond audited(AuditLog& log, AuditRecord record, HttpServer::Respond respond) {
  return [&log, record = std::move(record), respond = std::move(respond)](HttpReply reply) {
    AuditRecord whole = record;
    note_outcome(whole, reply);
    const bool is_change = !whole.is_read_only && whole.error_code.empty();
    if (!is_change && !log.is_behind()) {
      log.write(std::move(whole), nullptr);
      return respond(std::move(reply));
    }
    log.write(std::move(whole), [reply, respond, is_change](const Result<void>& written) {
      respond(written.has_value() || !is_change ? reply : not_recorded(reply));
    });
  };
}

HttpServer::Route audited_control_route(AuditLog& log, HttpServer::Route route) {
  return [&log, route = std::move(route)](const HttpRequest& request,
                                          const HttpServer::Respond& respond) {
    AuditRecord record = audit_of_control(request);
    const bool may_go_on = record.is_read_only || log.accepts_changes();
    const HttpServer::Respond recorded = audited(log, std::move(record), respond);
    if (may_go_on) return route(request, recorded);
    recorded({.status = 503, .body = Json{{"error", kNoAuditRoom}}.dump() + "\n"});
  };
}

}  // namespace ikada
