#include "cluster/daemon/api_endpoint.h"

#include <optional>
#include <utility>
#include <vector>

#include "cluster/auth/sigv4.h"
#include "runtime/base/clock.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

constexpr unsigned kMethodNotAllowed = 405;
constexpr unsigned kNotFound = 404;
constexpr const char* kContentType = "application/x-amz-json-1.1";

HttpReply http_reply(ApiReply reply) {
  return {.status = reply.status,
          .body = std::move(reply.body),
          .content_type = kContentType,
          .headers = {{.name = "x-amzn-RequestId", .value = std::move(reply.request_id)}}};
}

HttpReply refuse(unsigned status, const char* message) {
  HttpReply reply = http_reply(error_reply(ecs_error("UnknownOperationException", "{}", message)));
  reply.status = status;
  reply.headers.clear();
  if (status == kMethodNotAllowed) reply.headers.push_back({.name = "Allow", .value = "POST"});
  return reply;
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

void call(ApiServer& api,
          const HttpRequest& request,
          std::string region,
          std::string caller_arn,
          const HttpServer::Respond& respond) {
  api.handle({.target = std::string(request.header("x-amz-target")),
              .body = request.body,
              .region = std::move(region),
              .caller_arn = std::move(caller_arn)},
             [respond](ApiReply reply) { respond(http_reply(std::move(reply))); });
}

}  // namespace

// Credential=KEY/20261126/eu-west-1/ecs/aws4_request
std::string signed_region(const HttpRequest& request) {
  constexpr std::string_view kCredential = "Credential=";
  constexpr size_t kScopeParts = 5;
  constexpr size_t kRegionPart = 2;
  const std::string_view authorization = request.header("authorization");
  const size_t start = authorization.find(kCredential);
  if (start == std::string_view::npos) return "";
  const std::string_view credential =
      cut(authorization.substr(start + kCredential.size()), ',').before;
  const std::vector<std::string_view> parts = split(trim(credential), '/');
  return parts.size() == kScopeParts ? std::string(parts[kRegionPart]) : "";
}

HttpServer::Route trusting_api_route(ApiServer& api) {
  return [&api](const HttpRequest& request, const HttpServer::Respond& respond) {
    const std::optional<HttpReply> refused = refuse_path(request);
    if (refused.has_value()) return respond(*refused);
    std::string region = signed_region(request);
    if (region.empty()) region = api.options().home_region;
    call(api,
         request,
         std::move(region),
         "arn:aws:iam::" + api.options().account + ":root",
         respond);
  };
}

HttpServer::Route verifying_api_route(ApiServer& api, auth::FindAccessKey find_key) {
  return [&api, find_key = std::move(find_key)](const HttpRequest& request,
                                                const HttpServer::Respond& respond) {
    std::vector<auth::HeaderField> headers;
    for (const HttpHeader& each : request.headers) headers.push_back({each.name, each.value});
    const Cut target = cut(request.target, '?');
    const Result<auth::Caller> caller = auth::verify({.method = request.method,
                                                      .path = target.before,
                                                      .query = target.after,
                                                      .headers = headers,
                                                      .body = request.body},
                                                     find_key,
                                                     unix_now(),
                                                     {.services = {"ecs"}});
    // Who is not known learns nothing of what is served here.
    if (!caller.has_value()) return respond(http_reply(refusal_reply(caller.error())));
    const std::optional<HttpReply> refused = refuse_path(request);
    if (refused.has_value()) return respond(*refused);
    call(api, request, caller->region, caller->principal, respond);
  };
}

}  // namespace ikada
