#include "cluster/http/audit_record.h"

#include <doctest/doctest.h>

#include "cluster/http/audited_route.h"

namespace ikada {
namespace {

AuditRecord run_task() {
  AuditRecord record;
  record.source = "ecs.amazonaws.com";
  record.name = "RunTask";
  record.region = "eu-west-1";
  record.account = "123456789012";
  record.access_key_id = "AKIDEXAMPLE";
  record.principal = "arn:aws:iam::123456789012:user/ada";
  record.address = "192.0.2.7";
  record.request_id = "r-1";
  return record;
}

TEST_CASE("a record says who did what from where, and what came of it") {
  AuditRecord record = run_task();
  record.parameters = {{"taskDefinition", "web"}};
  record.resources = {"web"};
  record.error_code = "ClusterNotFoundException";
  record.error_message = "Cluster not found.";

  const Result<Json> json = parse_json(audit_line(record, 1'000'000'000, "e-1", "abc"));

  REQUIRE(json.has_value());
  CHECK((*json)["eventTime"] == "1970-01-01T00:00:01.000000000Z");
  CHECK((*json)["eventName"] == "RunTask");
  CHECK((*json)["userIdentity"]["type"] == "IAMUser");
  CHECK((*json)["userIdentity"]["arn"] == "arn:aws:iam::123456789012:user/ada");
  CHECK((*json)["userIdentity"]["accessKeyId"] == "AKIDEXAMPLE");
  CHECK((*json)["sourceIPAddress"] == "192.0.2.7");
  CHECK((*json)["errorCode"] == "ClusterNotFoundException");
  CHECK((*json)["resources"][0]["ARN"] == "web");
  CHECK((*json)["requestID"] == "r-1");
  CHECK((*json)["previousHash"] == "abc");
}

TEST_CASE("a record is one line whatever a client has sent, and not longer than it may be") {
  AuditRecord record = run_task();
  record.user_agent = "aws\n{\"eventName\":\"Forged\"}\xff";
  record.parameters = {{"reason", std::string(2 * kMaxAuditLine, 'x')}};

  const std::string line = audit_line(record, 0, "e-1", "");

  CHECK(line.find('\n') == std::string::npos);
  CHECK(line.size() < kMaxAuditLine);
  CHECK(parse_json(line).has_value());
}

TEST_CASE("what may be a secret is hidden, what is none is not") {
  const Json request = {{"containerDefinitions",
                         {{{"name", "app"},
                           {"environment", {{{"name", "PASSWORD"}, {"value", "hush"}}}},
                           {"secrets", {{{"name", "DB"}, {"valueFrom", "arn:aws:x"}}}},
                           {"logConfiguration",
                            {{"options", {{"splunk-token", "hush"}, {"awslogs-group", "web"}}}}}}}},
                        {"tags", {{{"key", "team"}, {"value", "core"}}}},
                        {"SecretString", "hush"},
                        {"secretString", "hush"},
                        {"token", "hush"},
                        {"nextToken", "page-2"}};

  const std::string masked = mask_secrets(request).dump();

  CHECK(masked.find("hush") == std::string::npos);
  for (const char* kept : {"PASSWORD", "arn:aws:x", "core", "page-2", "\"web\""}) {
    CHECK(masked.find(kept) != std::string::npos);
  }
}

TEST_CASE("a control request has a name of its own") {
  const AuditRecord join = audit_of_control(
      {.method = "POST", .target = "/cluster/join", .body = R"({"token": "T", "manager": "m"})"});

  CHECK(join.name == "ClusterJoin");
  CHECK(!join.is_read_only);
  CHECK(audit_of_control({.method = "GET", .target = "/cluster"}).is_read_only);
  const AuditRecord removal =
      audit_of_control({.method = "DELETE", .target = "/cluster/nodes/web-1?force=1"});
  CHECK(removal.name == "ClusterNodeRemove");
  CHECK(removal.resources == std::vector<std::string>{"web-1"});
}

TEST_CASE("actions that only read are known by their names") {
  CHECK(is_reading_action("DescribeTasks"));
  CHECK(is_reading_action("ListTasks"));
  CHECK(!is_reading_action("RunTask"));
  CHECK(!is_reading_action(""));
}

}  // namespace
}  // namespace ikada
