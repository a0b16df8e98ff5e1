#include "cluster/daemon/api_endpoint.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "cluster/api/acm/certificate_actions.h"
#include "cluster/api/cloudwatch/metric_actions.h"
#include "cluster/api/ecr/ecr_actions.h"
#include "cluster/api/elb/elb_actions.h"
#include "cluster/api/logs/log_actions.h"
#include "cluster/api/query_form.h"
#include "cluster/api/query_xml.h"
#include "cluster/api/vault.h"
#include "cluster/auth/role_rights.h"
#include "cluster/auth/sigv4.h"
#include "runtime/base/clock.h"
#include "runtime/base/random_id.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr unsigned kBadRequest = 400;
constexpr unsigned kMethodNotAllowed = 405;
constexpr unsigned kNotFound = 404;
constexpr const char* kContentType = "application/x-amz-json-1.1";

// Whoever complains has an id to name, also when the call came to nobody.
HttpReply http_reply(ApiReply reply) {
  constexpr size_t kIdBytes = 16;
  if (reply.request_id.empty()) reply.request_id = format_request_id(random_hex(kIdBytes));
  return {.status = reply.status,
          .body = std::move(reply.body),
          .content_type = kContentType,
          .headers = {{.name = "x-amzn-RequestId", .value = std::move(reply.request_id)}}};
}

HttpReply refuse(unsigned status, const char* message) {
  HttpReply reply = http_reply(error_reply(ecs_error("UnknownOperationException", "{}", message)));
  reply.status = status;
  if (status == kMethodNotAllowed) reply.headers.push_back({.name = "Allow", .value = "POST"});
  return reply;
}

// What is spoken in AWS's Query protocol, known by the version that requests name.
struct QueryService {
  std::string_view version;
  std::string_view target_prefix;
  std::string_view xml_namespace;
  const ActionEntry* (*find_action)(std::string_view name);
};
constexpr std::array kQueryServices = {
    QueryService{elb::kVersion, elb::kTargetPrefix, elb::kXmlNamespace, elb::find_action},
    QueryService{cloudwatch::kVersion,
                 cloudwatch::kTargetPrefix,
                 cloudwatch::kXmlNamespace,
                 cloudwatch::find_action},
};

// A request of the Query protocol, as the request in JSON that it means.
struct Spoken {
  std::optional<HttpRequest> in_json = {};  // Nothing for one that is in JSON already.
  std::string action = {};                  // Of the Query protocol; empty in JSON.
  std::string_view xml_namespace = kQueryServices.front().xml_namespace;

  // With the target and the body that the rest reads.
  const HttpRequest& read_as(const HttpRequest& request) const {
    return in_json.has_value() ? *in_json : request;
  }
};

Result<Spoken> translate(const HttpRequest& request) {
  constexpr std::string_view kForm = "application/x-www-form-urlencoded";
  const std::string_view type = trim(cut(request.header("content-type"), ';').before);
  if (!request.header("x-amz-target").empty() || lower_case(type) != kForm) return Spoken();
  IK_LET(call, parse_query_form(request.body));
  const auto service = std::ranges::find(kQueryServices, call.version, &QueryService::version);
  if (service == kQueryServices.end()) {
    return ecs_error("InvalidAction", "Version '{}' is not served", call.version);
  }
  if (service->find_action(call.action) == nullptr) {
    return ecs_error("InvalidAction", "The action '{}' is not valid", call.action);
  }
  Spoken spoken{.in_json = request,
                .action = std::move(call.action),
                .xml_namespace = service->xml_namespace};
  spoken.in_json->headers.push_back(
      {.name = "x-amz-target", .value = std::string(service->target_prefix) + spoken.action});
  spoken.in_json->body = call.body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return spoken;
}

HttpReply in_xml(const Spoken& spoken, HttpReply reply) {
  ApiReply json{.status = reply.status, .body = std::move(reply.body), .request_id = ""};
  for (const HttpHeader& each : reply.headers) {
    if (each.name == "x-amzn-RequestId") json.request_id = each.value;
  }
  reply.body = xml_reply(spoken.action, spoken.xml_namespace, std::move(json)).body;
  reply.content_type = "text/xml";
  return reply;
}

// Answers in the protocol that was spoken.
HttpServer::Respond answering(const Spoken& spoken, const HttpServer::Respond& respond) {
  if (spoken.action.empty()) return respond;
  const Spoken names{.action = spoken.action, .xml_namespace = spoken.xml_namespace};
  return [names, respond](HttpReply reply) { respond(in_xml(names, std::move(reply))); };
}

// The service that a target belongs to, as signatures name it.
std::string_view service_of_target(std::string_view target) {
  if (target.starts_with(acm::kTargetPrefix)) return "acm";
  if (target.starts_with(logs::kTargetPrefix)) return "logs";
  if (target.starts_with(ecr::kTargetPrefix)) return "ecr";
  if (target.starts_with(cloudwatch::kTargetPrefix)) return "monitoring";
  return target.starts_with(elb::kTargetPrefix) ? "elasticloadbalancing" : "ecs";
}

std::optional<HttpReply> refuse_path(const HttpRequest& request) {
  if (cut(request.target, '?').before != "/") return refuse(kNotFound, "no such path");
  if (request.method != "POST") return refuse(kMethodNotAllowed, "only POST is allowed");
  return std::nullopt;
}

// A refusal of the signature, whose name is in the error's code.
ApiReply refusal_reply(const Error& error) {
  Error named = error;
  named.kind = ErrorKind::kInvalid;
  return error_reply(named);
}

HttpReply to_stranger(ApiReply reply) {
  HttpReply told = http_reply(std::move(reply));
  told.is_let_in = false;
  return told;
}

std::string action_of(const AuditRecord& record) {
  return fmt::format("{}:{}", cut(record.source, '.').before, record.name);
}

bool may_call(const ApiOptions& options, const AuditRecord& record) {
  return may_session(options.role_actions, record.principal, action_of(record));
}

HttpReply denied(const AuditRecord& record) {
  const std::string action = action_of(record);
  return http_reply(error_reply(make_error(ErrorKind::kDenied,
                                           "User: {} is not authorized to perform: {} because no "
                                           "entry of task_roles allows it",
                                           record.principal,
                                           action)));
}

void call(const ApiParts& parts,
          const HttpRequest& request,
          AuditRecord record,
          const HttpServer::Respond& respond) {
  const std::string_view target = request.header("x-amz-target");
  if (target.starts_with(ecr::kOwnTargetPrefix)) {
    return respond(refuse(kBadRequest, "The operation is not known."));
  }
  const bool may_go_on = record.is_read_only || parts.audit.accepts_changes();
  std::string region = record.region;
  std::string caller_arn = record.principal;
  const HttpServer::Respond recorded = audited(parts.audit, std::move(record), respond);
  if (!may_go_on) {
    return recorded(http_reply(error_reply(make_error(ErrorKind::kUnavailable, kNoAuditRoom))));
  }
  const ApiServer::Respond answer = [recorded](ApiReply reply) {
    recorded(http_reply(std::move(reply)));
  };
  const ApiRequest asked{.target = std::string(target),
                         .body = request.body,
                         .region = std::move(region),
                         .caller_arn = std::move(caller_arn),
                         .host = std::string(request.header("host")),
                         .is_secure = !request.peer.tls_version.empty()};
  const std::string_view action = target.starts_with(ecr::kTargetPrefix)
                                      ? target.substr(ecr::kTargetPrefix.size())
                                      : std::string_view();
  if (parts.registry != nullptr && ClusterRegistry::serves(action)) {
    return parts.registry->handle(action,
                                  {.body = asked.body,
                                   .caller_arn = asked.caller_arn,
                                   .host = asked.host,
                                   .is_secure = asked.is_secure},
                                  answer);
  }
  if (!parts.logs.take(asked, answer)) parts.api.handle(asked, answer);
}

// Part of KEY/20261126/eu-west-1/ecs/aws4_request; empty without such a credential.
std::string credential_part(const HttpRequest& request, size_t part) {
  constexpr std::string_view kCredential = "Credential=";
  constexpr size_t kScopeParts = 5;
  const std::string_view authorization = request.header("authorization");
  const size_t start = authorization.find(kCredential);
  if (start == std::string_view::npos) return "";
  const std::string_view credential =
      cut(authorization.substr(start + kCredential.size()), ',').before;
  const std::vector<std::string_view> parts = split(trim(credential), '/');
  return parts.size() == kScopeParts ? std::string(parts[part]) : "";
}

}  // namespace

std::string signed_region(const HttpRequest& request) {
  constexpr size_t kRegionPart = 2;
  return credential_part(request, kRegionPart);
}

std::string signed_access_key(const HttpRequest& request) { return credential_part(request, 0); }

HttpServer::Route trusting_api_route(const ApiParts& parts) {
  return [parts](const HttpRequest& request, const HttpServer::Respond& respond) {
    const std::optional<HttpReply> refused = refuse_path(request);
    if (refused.has_value()) return respond(*refused);
    const Result<Spoken> spoken = translate(request);
    if (!spoken.has_value()) return respond(in_xml({}, http_reply(error_reply(spoken.error()))));
    const HttpRequest& read = spoken->read_as(request);
    AuditRecord record = audit_of_api_call(read, parts.api.options().account);
    record.region = signed_region(request);
    if (record.region.empty()) record.region = parts.api.options().home_region;
    record.principal = "arn:aws:iam::" + parts.api.options().account + ":root";
    call(parts, read, std::move(record), answering(*spoken, respond));
  };
}

HttpServer::Route verifying_api_route(const ApiParts& parts,
                                      auth::FindAccessKey find_key,
                                      std::shared_ptr<RefusalLimit> limit) {
  return [parts, limit = std::move(limit), find_key = std::move(find_key)](
             const HttpRequest& request, const HttpServer::Respond& respond) {
    // A session's key stands in its token.
    std::optional<auth::AccessKey> session;
    const auto find = [&](std::string_view id) -> const auth::AccessKey* {
      const std::string_view token = request.header("x-amz-security-token");
      if (token.empty() || parts.api.options().vault == nullptr) return find_key(id);
      session = parts.api.options().vault->open_session(token);
      return session.has_value() && session->id == id ? &*session : nullptr;
    };
    std::vector<auth::HeaderField> headers;
    for (const HttpHeader& each : request.headers) headers.push_back({each.name, each.value});
    const Cut target = cut(request.target, '?');
    const Result<auth::Caller> caller = auth::verify(
        {.method = request.method,
         .path = target.before,
         .query = target.after,
         .headers = headers,
         .body = request.body},
        find,
        unix_now(),
        {.services = {"acm", "ecs", "ecr", "elasticloadbalancing", "logs", "monitoring"}});
    const Result<Spoken> spoken = translate(request);
    const HttpRequest& read = spoken.has_value() ? spoken->read_as(request) : request;
    AuditRecord record = audit_of_api_call(read, parts.api.options().account);
    record.region = signed_region(request);
    record.access_key_id = signed_access_key(request);
    // Who is not known learns nothing of what is served here.
    const HttpServer::Respond answer = spoken.has_value() ? answering(*spoken, respond) : respond;
    if (!caller.has_value() && limit != nullptr &&
        limit->is_too_many(request.peer.address, std::chrono::steady_clock::now())) {
      return answer(
          to_stranger(error_reply(ecs_error("ThrottlingException", "Too many refused requests."))));
    }
    if (!caller.has_value()) {
      return audited(
          parts.audit, std::move(record), answer)(to_stranger(refusal_reply(caller.error())));
    }
    const std::optional<HttpReply> refused = refuse_path(request);
    if (refused.has_value()) return respond(*refused);
    if (!spoken.has_value()) return respond(in_xml({}, http_reply(error_reply(spoken.error()))));
    record.region = caller->region;
    record.principal = caller->principal;
    record.access_key_id = caller->access_key_id;
    const std::string_view service = service_of_target(read.header("x-amz-target"));
    if (caller->service != service) {
      return audited(parts.audit, record, answer)(
          http_reply(refusal_reply(ecs_error("SignatureDoesNotMatch",
                                             "Credential should be scoped to correct service: "
                                             "'{}'.",
                                             service))));
    }
    if (caller->is_temporary && !may_call(parts.api.options(), record)) {
      return audited(parts.audit, record, answer)(denied(record));
    }
    call(parts, read, std::move(record), answer);
  };
}

}  // namespace ikada
