#include "cluster/daemon/protection_endpoint.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("a task asks for its protection in the agent's words") {
  CHECK(protection_request("GET", "")->is_null());
  CHECK(*protection_request("PUT", R"({"ProtectionEnabled":true,"ExpiresInMinutes":60})") ==
        Json{{"protectionEnabled", true}, {"expiresInMinutes", 60}});
  CHECK(*protection_request("PUT", R"({"ProtectionEnabled":false})") ==
        Json{{"protectionEnabled", false}});
  CHECK_FALSE(protection_request("PUT", "{}").has_value());
  CHECK_FALSE(protection_request("PUT", R"({"ProtectionEnabled":"yes"})").has_value());
  CHECK_FALSE(protection_request("PUT", "[").has_value());
}

TEST_CASE("and is answered in them") {
  const Json answer = {
      {"protectedTasks",
       Json::array(
           {{{"taskArn", "t"}, {"protectionEnabled", true}, {"expirationDate", 1700000000.5}}})},
      {"failures", Json::array()}};
  const Json protection = protection_reply(answer, "t").body["protection"];
  CHECK(protection["ProtectionEnabled"] == true);
  CHECK(protection["ExpirationDate"].get<std::string>().starts_with("2023-11-14T22:13:20.5"));

  const Json failed = {{"protectedTasks", Json::array()},
                       {"failures", Json::array({{{"arn", "t"}, {"reason", "TASK_NOT_VALID"}}})}};
  CHECK(protection_reply(failed, "t").body["failure"]["Reason"] == "TASK_NOT_VALID");

  const Json refused = {{"__type", "InvalidParameterException"}, {"message", "no"}};
  const ProtectionReply reply = protection_reply(refused, "t");
  CHECK(reply.status == 400);
  CHECK(reply.body["error"]["Code"] == "InvalidParameterException");
  CHECK(protection_reply(make_error(ErrorKind::kUnavailable, "away"), "t").status == 500);
}

}  // namespace
}  // namespace ikada
