#include "cluster/api/ecr/repository_policy.h"

#include <doctest/doctest.h>

#include "tests/cluster/api/action_bench.h"

namespace ikada::ecr {
namespace {

const std::string kBuilder = "arn:aws:sts::1:assumed-role/builder/t1";

std::string statement(const std::string& effect,
                      const std::string& principal,
                      const std::string& action) {
  return "{'Effect':'" + effect + "','Principal':" + principal + ",'Action':" + action + "}";
}

PolicyWord word(const std::string& statements, const std::string& action) {
  const std::string text = quoted("{'Statement':[" + statements + "]}").dump();
  REQUIRE(check_repository_policy(text));
  return read_repository_policy(text, kBuilder, action);
}

TEST_CASE("a policy allows whom it names what it names") {
  const std::string all = statement("Allow", "'*'", "'ecr:*'");
  CHECK(word(all, "ecr:PutImage") == PolicyWord::kAllows);
  for (const char* principal : {"{'AWS':'arn:aws:iam::1:role/builder'}",
                                "{'AWS':['x','arn:aws:iam::1:root']}",
                                "{'AWS':'1'}"}) {
    CHECK(word(statement("Allow", principal, "['ecr:putimage']"), "ecr:PutImage") ==
          PolicyWord::kAllows);
    CHECK(word(statement("Allow", principal, "['ecr:Put*']"), "ecr:BatchGetImage") ==
          PolicyWord::kNothing);
  }
  CHECK(word(statement("Allow", "{'AWS':'arn:aws:iam::1:role/build'}", "'ecr:*'"),
             "ecr:PutImage") == PolicyWord::kNothing);
}

TEST_CASE("what denies goes before what allows") {
  CHECK(
      word(statement("Allow", "'*'", "'ecr:*'") + "," + statement("Deny", "'*'", "'ecr:PutImage'"),
           "ecr:PutImage") == PolicyWord::kDenies);
}

TEST_CASE("what is no policy, or has conditions, is refused") {
  for (const char* text : {"x",
                           "{}",
                           "{'Statement':[]}",
                           "{'Statement':[{'Effect':'Perhaps','Principal':'*','Action':'a'}]}",
                           "{'Statement':[{'Effect':'Allow','Action':'a'}]}",
                           "{'Statement':[{'Effect':'Allow','Principal':'*','Action':'a',"
                           "'Condition':{}}]}"}) {
    std::string json(text);
    std::replace(json.begin(), json.end(), '\'', '"');
    CHECK_MESSAGE(!check_repository_policy(json).has_value(), text);
    CHECK(read_repository_policy(json, kBuilder, "a") == PolicyWord::kNothing);
  }
}

TEST_CASE("a repository's policy is set, shown and deleted") {
  ActionBench api;
  api.call("ecr:CreateRepository", "{'repositoryName':'web'}");
  const std::string text =
      quoted("{'Statement':[" + statement("Allow", "'*'", "'ecr:*'") + "]}").dump();
  const Json given = {{"repositoryName", "web"}, {"policyText", text}};

  CHECK(api.call("ecr:GetRepositoryPolicy", "{'repositoryName':'web'}")["__type"] ==
        "RepositoryPolicyNotFoundException");
  CHECK(api.call("ecr:SetRepositoryPolicy", given.dump())["policyText"] == text);
  CHECK(api.call("ecr:GetRepositoryPolicy", "{'repositoryName':'web'}")["policyText"] == text);
  CHECK(
      api.call("ecr:SetRepositoryPolicy", "{'repositoryName':'web','policyText':'x'}")["__type"] ==
      "InvalidParameterException");
  CHECK(api.call("ecr:DeleteRepositoryPolicy", "{'repositoryName':'web'}")["policyText"] == text);
}

}  // namespace
}  // namespace ikada::ecr
