#include "cluster/api/pass_role.h"

#include <doctest/doctest.h>

#include "tests/cluster/api/action_bench.h"

namespace ikada {
namespace {

constexpr const char* kDenied = "is not authorized to perform: iam:PassRole on resource: ";

struct Roles {
  Roles() {
    bench.call("CreateCluster", "{}");
    bench.call("RegisterContainerInstance",
               "{'totalResources':[{'name':'CPU','type':'INTEGER','integerValue':4096},"
               "{'name':'MEMORY','type':'INTEGER','integerValue':8192}]}");
    define("admin", "arn:aws:iam::1:role/admin");
    define("plain", "");
    bench.options.role_actions = {{"deployer", {"ecs:*"}}, {"boss", {"ecs:*", "iam:PassRole"}}};
    as("deployer");
  }

  Json define(const std::string& family, const std::string& role) {
    const std::string roles = role.empty() ? "" : "'taskRoleArn':'" + role + "',";
    return bench.call("RegisterTaskDefinition",
                      "{'family':'" + family + "'," + roles +
                          "'containerDefinitions':[{'name':'c','image':'i','memory':64}]}");
  }

  void as(const std::string& role) {
    bench.caller = "arn:aws:sts::1:assumed-role/" + role + "/session";
  }

  bool is_denied(const std::string& action, const std::string& body) {
    const Json answer = bench.call(action, body);
    return answer.value("message", "").find(kDenied) != std::string::npos;
  }

  ActionBench bench = {};
};

TEST_CASE("a role's session may not have tasks run with another role") {
  Roles roles;
  CHECK(roles.is_denied("RunTask", "{'taskDefinition':'admin'}"));
  CHECK(roles.is_denied("RunTask",
                        "{'taskDefinition':'plain','overrides':{'taskRoleArn':"
                        "'arn:aws:iam::1:role/admin'}}"));
  CHECK(roles.is_denied("RunTask",
                        "{'taskDefinition':'plain','overrides':{'executionRoleArn':"
                        "'arn:aws:iam::1:role/admin'}}"));
  CHECK(roles.is_denied("CreateService",
                        "{'serviceName':'s','taskDefinition':'admin','desiredCount':1}"));
  CHECK(roles.define("more", "arn:aws:iam::1:role/admin").value("message", "").find(kDenied) !=
        std::string::npos);

  CHECK_FALSE(roles.is_denied("RunTask", "{'taskDefinition':'plain'}"));
  CHECK_FALSE(roles.is_denied("CreateService",
                              "{'serviceName':'s','taskDefinition':'plain','desiredCount':1}"));
  CHECK(roles.is_denied("UpdateService", "{'service':'s','taskDefinition':'admin'}"));
  CHECK_FALSE(roles.is_denied("UpdateService", "{'service':'s','desiredCount':2}"));
}

TEST_CASE("its own role it may, and any other with iam:PassRole") {
  Roles roles;
  CHECK_FALSE(roles.is_denied("RunTask",
                              "{'taskDefinition':'plain','overrides':{'taskRoleArn':"
                              "'arn:aws:iam::1:role/deployer'}}"));
  roles.as("boss");
  CHECK_FALSE(roles.is_denied("RunTask", "{'taskDefinition':'admin'}"));
}

}  // namespace
}  // namespace ikada
