#include <doctest/doctest.h>

#include "cluster/agent/endpoint_ids.h"
#include "cluster/api/vault.h"
#include "cluster/auth/role_rights.h"
#include "cluster/daemon/task_doors.h"
#include "cluster/daemon/task_grants.h"

namespace ikada {
namespace {

SealingKeys make_keys(unsigned char byte) {
  SealingKey::Bytes bytes{};
  bytes.fill(byte);
  std::vector<SealingKey> keys;
  keys.emplace_back(bytes);
  return SealingKeys(std::move(keys));
}

Assignment make_assignment(const std::string& role) {
  Assignment assignment;
  assignment.scope = {.account = "123456789012", .region = "us-east-1"};
  assignment.task.id = "t1";
  if (!role.empty()) assignment.definition.task_role_arn = role;
  return assignment;
}

TEST_CASE("a session may do what its role's entry says, and without one nothing") {
  const RoleActions rights = {{"reader", {"ecs:List*"}}, {"t1", {"*"}}};
  const std::string reader = "arn:aws:sts::123456789012:assumed-role/reader/t1";

  CHECK(may_session(rights, reader, "ecs:ListTasks"));
  CHECK(!may_session(rights, reader, "ecs:RunTask"));
  CHECK(!may_session(rights, "arn:aws:sts::1:assumed-role/other/t1", "ecs:ListTasks"));
  CHECK(!may_session(rights, "reader", "ecs:ListTasks"));
}

TEST_CASE("a session is known by its token, to whoever has the keys") {
  const Vault vault(make_keys(1));
  const Vault other(make_keys(2));
  const Result<auth::AccessKey> made = vault.make_session("arn:aws:sts::1:assumed-role/r/t", 77);
  REQUIRE(made.has_value());
  const std::string token(made->session_token.reveal());

  const std::optional<auth::AccessKey> known = vault.open_session(token);

  REQUIRE(known.has_value());
  CHECK(known->id == made->id);
  CHECK(known->secret.reveal() == made->secret.reveal());
  CHECK(known->principal == made->principal);
  CHECK(known->expires_at == 77);
  CHECK(!other.open_session(token).has_value());
  CHECK(!vault.open_session(token.substr(4)).has_value());
  CHECK(!vault.open_session("").has_value());
}

TEST_CASE("what an old key has sealed opens beside a new one") {
  Vault vault(make_keys(1));
  const Result<std::string> sealed = vault.seal("name", "text");
  REQUIRE(sealed.has_value());

  vault.put_first(Vault::derive_key(auth::Secret("an authority's key")));

  const Result<auth::Secret> opened = vault.open("name", *sealed);
  REQUIRE(opened.has_value());
  CHECK(opened->reveal() == "text");
  CHECK(!vault.open("other name", *sealed).has_value());
}

TEST_CASE("a task gets the secrets that its containers name, all or none") {
  ApiOptions options;
  options.vault = std::make_shared<const Vault>(make_keys(1));
  ScopeState scope;
  for (const auto& [name, value] :
       {std::pair("plain", "one"), {"of/path", "two"}, {"object", R"({"a": "three", "n": 4})"}}) {
    StoredSecret secret{.name = name};
    secret.sealed = *options.vault->seal(sealed_name_of(name), value);
    CHECK(secret.sealed.find(value) == std::string::npos);
    scope.secrets[secret_record_name(name)] = {.value = secret, .revision = 1};
  }
  Assignment assignment = make_assignment("");
  const auto ask = [&](const std::vector<std::string>& references) {
    ContainerDefinition container;
    container.secrets.emplace();
    for (const std::string& each : references) {
      container.secrets->push_back({.name = "NAME", .value_from = each});
    }
    assignment.definition.container_definitions = {container};
    return answer_for_task("secrets", assignment, scope, options, 0);
  };
  const std::string manager = "arn:aws:secretsmanager:r:1:secret:";
  const Result<Json> values = ask({"plain",
                                   "arn:aws:ssm:r:1:parameter/of/path",
                                   manager + "object-AbCdEf:a::",
                                   manager + "object:n::",
                                   manager + "plain"});

  REQUIRE(values.has_value());
  CHECK(*values == Json{{"plain", "one"},
                        {"arn:aws:ssm:r:1:parameter/of/path", "two"},
                        {manager + "object-AbCdEf:a::", "three"},
                        {manager + "object:n::", "4"},
                        {manager + "plain", "one"}});
  CHECK(ask({"plain", "other"}).error().message == "other is no secret of this cluster");
  CHECK(!ask({manager + "object:b::"}).has_value());
  CHECK(!ask({manager + "plain:b::"}).has_value());
  CHECK(ask({}).has_value());
  // Sealed under another name: somebody has moved it.
  scope.secrets["plain"].value.sealed = scope.secrets["object"].value.sealed;
  CHECK(!ask({"plain"}).has_value());
}

TEST_CASE("a task with a role gets credentials for an hour, one without none") {
  ApiOptions options;
  options.vault = std::make_shared<const Vault>(make_keys(1));
  const std::string role = "arn:aws:iam::123456789012:role/path/web";

  const Result<Json> granted =
      answer_for_task("credentials", make_assignment(role), {}, options, 0);

  REQUIRE(granted.has_value());
  CHECK((*granted)["RoleArn"] == role);
  CHECK((*granted)["Expiration"] == "1970-01-01T01:00:00Z");
  const auto session = options.vault->open_session((*granted)["Token"].get<std::string>());
  REQUIRE(session.has_value());
  CHECK(session->principal == "arn:aws:sts::123456789012:assumed-role/web/t1");
  CHECK(answer_for_task("credentials", make_assignment(""), {}, options, 0).error().kind ==
        ErrorKind::kNotFound);
  CHECK(answer_for_task("more", make_assignment(role), {}, options, 0).error().kind ==
        ErrorKind::kInvalid);
}

TEST_CASE("ids differ by host, task and container, and are the same again") {
  const EndpointIds ids("key");

  CHECK(ids.of_container("t1", "app") == EndpointIds("key").of_container("t1", "app"));
  CHECK(ids.of_container("t1", "app") != EndpointIds("other").of_container("t1", "app"));
  CHECK(ids.of_container("t1", "app") != ids.of_container("t2", "app"));
  CHECK(ids.of_container("t1", "app") != ids.of_container("t1", "side"));
  CHECK(ids.of_credentials("t1").size() == 32);
  CHECK(ids.environment("t1", TaskDefinition(), "app").size() == 3);
}

TEST_CASE("as many requests as the rate and the burst allow") {
  RequestRate rate(40, 60);
  RequestRate::Clock::time_point now{std::chrono::seconds(1)};
  int taken = 0;
  for (int i = 0; i < 100; ++i) taken += rate.take(now) ? 1 : 0;
  CHECK(taken == 60);

  now += std::chrono::seconds(1);
  taken = 0;
  for (int i = 0; i < 100; ++i) taken += rate.take(now) ? 1 : 0;
  CHECK(taken == 40);
}

}  // namespace
}  // namespace ikada
