#include <doctest/doctest.h>

#include "cluster/api/ecr/registry_token.h"
#include "image/base64.h"
#include "tests/cluster/api/action_bench.h"

namespace ikada {
namespace {

std::shared_ptr<const Vault> make_vault(unsigned char byte) {
  SealingKey::Bytes bytes{};
  bytes.fill(byte);
  std::vector<SealingKey> keys;
  keys.emplace_back(bytes);
  return std::make_shared<Vault>(SealingKeys(std::move(keys)));
}

TEST_CASE("a repository is made once, found and deleted") {
  ActionBench api;

  const Json made = api.call("ecr:CreateRepository", "{'repositoryName':'team/web'}");

  CHECK(made["repository"]["repositoryArn"] == "arn:aws:ecr:r:1:repository/team/web");
  CHECK(made["repository"]["repositoryUri"] == "127.0.0.1:7439/team/web");
  CHECK(made["repository"]["imageTagMutability"] == "MUTABLE");
  CHECK(api.call("ecr:CreateRepository", "{'repositoryName':'team/web'}")["__type"] ==
        "RepositoryAlreadyExistsException");
  CHECK(api.call("ecr:DescribeRepositories", "{}")["repositories"][0] == made["repository"]);
  CHECK(api.call("ecr:DescribeRepositories", "{'repositoryNames':['team']}")["__type"] ==
        "RepositoryNotFoundException");
  CHECK(api.call("ecr:DeleteRepository", "{'repositoryName':'team/web'}") == made);
  CHECK(api.call("ecr:DescribeRepositories", "{}")["repositories"].empty());
}

TEST_CASE("the registry is the same in all regions") {
  ActionBench api;
  api.call("ecr:CreateRepository", "{'repositoryName':'web'}");

  api.scope.region = "other";

  const Json found = api.call("ecr:DescribeRepositories", "{}");
  CHECK(found["repositories"][0]["repositoryArn"] == "arn:aws:ecr:r:1:repository/web");
}

TEST_CASE("what no repository can be is refused") {
  ActionBench api;
  for (const char* body : {"{'repositoryName':'A'}",
                           "{'repositoryName':'a'}",
                           "{'repositoryName':'a//b'}",
                           "{'repositoryName':'web','imageTagMutability':'SOMETIMES'}",
                           "{'repositoryName':'web','encryptionConfiguration':"
                           "{'encryptionType':'KMS'}}",
                           "{}"}) {
    CHECK_MESSAGE(api.call("ecr:CreateRepository", body)["__type"] == "InvalidParameterException",
                  body);
  }
  CHECK(api.call("ecr:CreateRepository",
                 "{'repositoryName':'web','tags':[{'Key':'aws:a','Value':'b'}]}")["__type"] ==
        "InvalidTagParameterException");
  CHECK(api.call("ecr:DescribeRepositories", "{}")["repositories"].empty());
}

TEST_CASE("tags and settings of a repository are changed") {
  ActionBench api;
  api.call("ecr:CreateRepository",
           "{'repositoryName':'web','tags':[{'Key':'a','Value':'1'},{'Key':'b','Value':'2'}]}");
  const std::string arn = "'resourceArn':'arn:aws:ecr:r:1:repository/web'";

  api.call("ecr:TagResource", "{" + arn + ",'tags':[{'Key':'a','Value':'3'}]}");
  api.call("ecr:UntagResource", "{" + arn + ",'tagKeys':['b']}");
  api.call("ecr:PutImageTagMutability",
           "{'repositoryName':'web','imageTagMutability':'IMMUTABLE'}");
  api.call("ecr:PutImageScanningConfiguration",
           "{'repositoryName':'web','imageScanningConfiguration':{'scanOnPush':true}}");

  CHECK(api.call("ecr:ListTagsForResource", "{" + arn + "}")["tags"] ==
        quoted("[{'Key':'a','Value':'3'}]"));
  const Json shown = api.call("ecr:DescribeRepositories", "{}")["repositories"][0];
  CHECK(shown["imageTagMutability"] == "IMMUTABLE");
  CHECK(shown["imageScanningConfiguration"]["scanOnPush"] == true);
}

TEST_CASE("a token is good for twelve hours, for whom it was given to, at any manager") {
  ActionBench api;
  api.options.vault = make_vault(1);

  const Json given = api.call("ecr:GetAuthorizationToken", "{}")["authorizationData"][0];

  CHECK(given["proxyEndpoint"] == "http://127.0.0.1:7439");
  const std::string text = *decode_base64(given["authorizationToken"].get<std::string>());
  REQUIRE(text.starts_with("AWS:"));
  constexpr std::int64_t kHourMs = 3'600'000;
  const auto opened = [&](const Vault& vault, std::int64_t hours) {
    return ecr::open_token(vault, text.substr(4), {api.now.milliseconds + hours * kHourMs});
  };
  CHECK(opened(*make_vault(1), 11)->principal == "arn:aws:iam::1:root");
  CHECK(!opened(*make_vault(1), 12).has_value());
  CHECK(!opened(*make_vault(2), 1).has_value());
  // A session's token is none of the registry.
  const auto session = make_vault(1)->make_session("arn:aws:iam::1:root", 1);
  CHECK(!ecr::open_token(*make_vault(1), session->session_token.reveal(), {0}).has_value());
}

}  // namespace
}  // namespace ikada
