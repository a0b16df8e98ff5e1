#include "cluster/api/ecr/lifecycle_policy.h"

#include <doctest/doctest.h>

#include "tests/cluster/api/action_bench.h"

namespace ikada::ecr {
namespace {

constexpr std::int64_t kDay = 86'400'000;

std::string rule(int priority, const std::string& selection) {
  return "{'rulePriority':" + std::to_string(priority) + ",'selection':{" + selection +
         "},'action':{'type':'expire'}}";
}

std::string by_count(const std::string& tags, int count) {
  return "'tagStatus':" + tags +
         ",'countType':'imageCountMoreThan','countNumber':" + std::to_string(count);
}

std::string by_age(const std::string& tags, int days) {
  return "'tagStatus':" + tags +
         ",'countType':'sinceImagePushed','countUnit':'days',"
         "'countNumber':" +
         std::to_string(days);
}

std::string policy(const std::vector<std::string>& rules) {
  std::string text;
  for (const std::string& each : rules) text += (text.empty() ? "" : ",") + each;
  return quoted("{'rules':[" + text + "]}").dump();
}

struct Images {
  RepositoryState repository = {};

  void add(const std::string& digest, int age_days, const std::vector<std::string>& tags) {
    repository.images[digest].value = {.digest = digest, .pushed_at = {-age_days * kDay}};
    for (const std::string& tag : tags) repository.tags[tag].value.digest = digest;
  }

  // Of the time 0.
  std::string expired(const std::vector<std::string>& rules) const {
    const auto parsed = parse_lifecycle_policy(policy(rules));
    REQUIRE_MESSAGE(parsed.has_value(), parsed.error().message);
    std::string text;
    for (const ExpiredImage& each : find_expired(*parsed, repository, {0})) {
      text += fmt::format("{}{}:{}", text.empty() ? "" : " ", each.priority, each.digest);
    }
    return text;
  }
};

TEST_CASE("images beyond a number go, the oldest first") {
  Images images;
  images.add("a", 3, {"v1"});
  images.add("b", 2, {"v2"});
  images.add("c", 1, {"other"});
  images.add("d", 0, {"v3"});

  CHECK(images.expired({rule(1, by_count("'any'", 2))}) == "1:a 1:b");
  CHECK(images.expired({rule(1, by_count("'tagged','tagPrefixList':['v']", 1))}) == "1:a 1:b");
  CHECK(images.expired({rule(1, by_count("'tagged','tagPatternList':['*ther']", 1))}).empty());
  CHECK(images.expired({rule(1, by_count("'any'", 4))}).empty());
}

TEST_CASE("images beyond an age go, to the millisecond") {
  Images images;
  images.add("a", 7, {});
  images.add("b", 6, {});
  images.add("c", 30, {"v1"});

  CHECK(images.expired({rule(1, by_age("'untagged'", 7))}) == "1:a");
  CHECK(images.expired({rule(1, by_age("'any'", 6))}) == "1:c 1:a 1:b");
}

TEST_CASE("what a rule selects no later one expires, but counts there") {
  Images images;
  images.add("a", 9, {"prod-1"});
  images.add("b", 8, {"x"});
  images.add("c", 7, {"y"});

  CHECK(images.expired({rule(1, by_count("'tagged','tagPrefixList':['prod']", 1)),
                        rule(2, by_age("'any'", 1))}) == "2:b 2:c");
  // The youngest of all is of the first rule: it takes one of the second one's places.
  images.add("d", 0, {"prod-2"});
  CHECK(images.expired({rule(2, by_count("'any'", 1)),
                        rule(1, by_count("'tagged','tagPrefixList':['prod']", 2))}) == "2:b 2:c");
}

TEST_CASE("all prefixes of a list have to be there") {
  Images images;
  images.add("a", 9, {"prod-1", "web-1"});
  images.add("b", 9, {"prod-2"});

  CHECK(images.expired({rule(1, by_age("'tagged','tagPrefixList':['prod','web']", 1))}) == "1:a");
}

TEST_CASE("an image that an index lists does not go before it") {
  Images images;
  images.add("a", 9, {});
  images.add("i", 9, {"v1"});
  images.repository.images["i"].value.manifests = {"a"};

  CHECK(images.expired({rule(1, by_age("'untagged'", 1))}).empty());
  CHECK(images.expired({rule(1, by_age("'any'", 1))}) == "1:i");
}

TEST_CASE("what is no policy is refused") {
  for (const std::string& text :
       {std::string("x"),
        std::string("[]"),
        policy({}),
        policy({rule(0, by_age("'any'", 1))}),
        policy({rule(1, by_age("'any'", 0))}),
        policy({rule(1, by_age("'tagged'", 1))}),
        policy({rule(1, by_age("'some'", 1))}),
        policy({rule(1, by_age("'untagged','tagPrefixList':['a']", 1))}),
        policy({rule(1, by_count("'any','countUnit':'days'", 1))}),
        policy({rule(1, by_age("'untagged'", 1)), rule(1, by_age("'any'", 2))}),
        policy({rule(1, by_age("'any'", 1)), rule(2, by_age("'untagged'", 2))})}) {
    const auto parsed = parse_lifecycle_policy(text);
    CHECK_MESSAGE(!parsed.has_value(), text);
    if (!parsed.has_value()) CHECK(parsed.error().code == "InvalidParameterException");
  }
}

TEST_CASE("a policy is kept, previewed, followed and deleted") {
  ActionBench api;
  const auto with_text = [](const std::string& text) {
    return Json{{"repositoryName", "web"}, {"lifecyclePolicyText", text}}.dump();
  };
  const auto push = [&](const std::string& tag) {
    api.now.milliseconds += kDay;
    api.call(
        "own:RecordImage",
        "{'repositoryName':'web','tag':'" + tag + "','image':{'digest':'sha256:" + tag + "'}}");
  };
  api.call("ecr:CreateRepository", "{'repositoryName':'web'}");
  for (const char* tag : {"v1", "v2", "v3"}) push(tag);
  const std::string text = policy({rule(1, by_count("'any'", 1))});

  CHECK(api.call("ecr:GetLifecyclePolicy", "{'repositoryName':'web'}")["__type"] ==
        "LifecyclePolicyNotFoundException");
  CHECK(api.call("ecr:GetLifecyclePolicyPreview", "{'repositoryName':'web'}")["__type"] ==
        "LifecyclePolicyPreviewNotFoundException");
  CHECK(api.call("ecr:StartLifecyclePolicyPreview", with_text(text))["status"] == "IN_PROGRESS");
  const Json preview = api.call("ecr:GetLifecyclePolicyPreview", "{'repositoryName':'web'}");
  CHECK(preview["status"] == "COMPLETE");
  CHECK(preview["summary"]["expiringImageTotalCount"] == 2);
  // Without a policy nothing goes.
  CHECK(plan_lifecycle(api.state.scope(api.scope), api.now).changes.empty());

  CHECK(api.call("ecr:PutLifecyclePolicy", with_text(text))["lifecyclePolicyText"] == text);
  CHECK(api.make(plan_lifecycle(api.state.scope(api.scope), api.now)));
  CHECK(api.call("ecr:ListImages", "{'repositoryName':'web'}")["imageIds"] ==
        quoted("[{'imageDigest':'sha256:v3','imageTag':'v3'}]"));
  CHECK(plan_lifecycle(api.state.scope(api.scope), api.now).changes.empty());
  CHECK(api.call("ecr:DeleteLifecyclePolicy", "{'repositoryName':'web'}")["lifecyclePolicyText"] ==
        text);
}

}  // namespace
}  // namespace ikada::ecr
