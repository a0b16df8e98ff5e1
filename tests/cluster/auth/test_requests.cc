#include "tests/cluster/auth/test_requests.h"

#include "cluster/auth/percent_encoding.h"
#include "runtime/base/text.h"

namespace ikada::auth {
namespace {

constexpr const char* kTime = "20150830T123600Z";

Credential example_credential(const AccessKey& key, std::vector<std::string> names) {
  Credential credential;
  credential.access_key_id = key.id;
  credential.date = "20150830";
  credential.region = "us-east-1";
  credential.service = "ecs";
  credential.time_text = kTime;
  credential.signed_headers = std::move(names);
  return credential;
}

}  // namespace

SignedRequest TestRequest::view(std::vector<HeaderField>& fields) const {
  fields.clear();
  for (const auto& [name, value] : headers) fields.push_back({.name = name, .value = value});
  return {.method = method, .path = path, .query = query, .headers = fields, .body = body};
}

std::string* TestRequest::header(std::string_view name) {
  for (auto& [each, value] : headers) {
    if (each == name) return &value;
  }
  return nullptr;
}

AccessKey example_key() {
  AccessKey key;
  key.id = "AKIDEXAMPLE";
  key.secret = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  key.principal = "arn:aws:iam::123456789012:user/example";
  return key;
}

Result<Caller> verify_at(const TestRequest& request,
                         const AccessKey& key,
                         UnixNanos now,
                         const VerifyOptions& options) {
  std::vector<HeaderField> fields;
  const FindAccessKey find = [&key](std::string_view id) { return id == key.id ? &key : nullptr; };
  return verify(request.view(fields), find, now, options);
}

UnixNanos example_time() { return parse_rfc3339("2015-08-30T12:36:00Z").value(); }

void add_signature(TestRequest& request, const AccessKey& key, std::vector<std::string> names) {
  const Credential credential = example_credential(key, std::move(names));
  std::vector<HeaderField> fields;
  const std::string signature =
      sign(request.view(fields), parse_query(request.query).value(), credential, key.secret);
  request.headers.emplace_back(
      "Authorization",
      fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                  key.id,
                  credential.scope(),
                  join(credential.signed_headers, ";"),
                  signature));
}

TestRequest signed_run_task(const AccessKey& key) {
  TestRequest request;
  request.headers = {{"Host", "cluster.example:7440"},
                     {"Content-Type", "application/x-amz-json-1.1"},
                     {"X-Amz-Date", kTime},
                     {"X-Amz-Target", "AmazonEC2ContainerServiceV20141113.RunTask"},
                     {"User-Agent", "test"}};
  request.body = R"({"taskDefinition":"web:1"})";
  std::vector<std::string> names = {"content-type", "host", "x-amz-date"};
  if (!key.session_token.empty()) {
    request.headers.emplace_back("X-Amz-Security-Token", key.session_token.reveal());
    names.emplace_back("x-amz-security-token");
  }
  names.emplace_back("x-amz-target");
  add_signature(request, key, names);
  return request;
}

TestRequest presigned(const AccessKey& key) {
  TestRequest request;
  request.method = "GET";
  request.headers = {{"Host", "cluster.example:7440"}};
  Credential credential = example_credential(key, {"host"});
  credential.is_presigned = true;
  request.query = fmt::format(
      "Action=ListTasks&Empty=&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date={}"
      "&X-Amz-Expires=3600&X-Amz-SignedHeaders=host",
      percent_encode(key.id + "/" + credential.scope()),
      kTime);
  if (!key.session_token.empty()) {
    request.query += "&X-Amz-Security-Token=" + percent_encode(key.session_token.reveal());
  }
  std::vector<HeaderField> fields;
  request.query +=
      "&X-Amz-Signature=" +
      sign(request.view(fields), parse_query(request.query).value(), credential, key.secret);
  return request;
}

}  // namespace ikada::auth
