#include <doctest/doctest.h>

#include "tests/cluster/api/action_bench.h"

namespace ikada {
namespace {

std::string digest(char letter) { return "sha256:" + std::string(64, letter); }

struct ImageBench : ActionBench {
  ImageBench() { call("ecr:CreateRepository", "{'repositoryName':'web'}"); }

  // An image has come; `more` are further members of the image.
  Json push(char letter, const std::string& tag, const std::string& more = "") {
    now.milliseconds += 1000;
    return call("own:RecordImage",
                "{'repositoryName':'web','tag':'" + tag + "','image':{'digest':'" + digest(letter) +
                    "','mediaType':'m','sizeBytes':10" + more + "}}");
  }

  Json list(const std::string& filter = "ANY") {
    return call("ecr:ListImages",
                "{'repositoryName':'web','filter':{'tagStatus':'" + filter + "'}}")["imageIds"];
  }

  Json remove(const std::string& images) {
    return call("ecr:BatchDeleteImage", "{'repositoryName':'web','imageIds':[" + images + "]}");
  }
};

std::string by_digest(char letter) { return "{'imageDigest':'" + digest(letter) + "'}"; }

TEST_CASE("a tag names one image, the last that was pushed with it") {
  ImageBench api;
  api.push('a', "v1");
  api.push('b', "v1");

  CHECK(api.list("TAGGED") == quoted("[{'imageDigest':'" + digest('b') + "','imageTag':'v1'}]"));
  CHECK(api.list("UNTAGGED") == quoted("[" + by_digest('a') + "]"));
  const Json shown =
      api.call("ecr:DescribeImages", "{'repositoryName':'web','imageIds':[{'imageTag':'v1'}]}");
  CHECK(shown["imageDetails"][0]["imageDigest"] == digest('b'));
  CHECK(shown["imageDetails"][0]["imageTags"] == quoted("['v1']"));
  CHECK(shown["imageDetails"][0]["imageSizeInBytes"] == 10);
}

TEST_CASE("in an immutable repository a tag stays where it is") {
  ImageBench api;
  api.call("ecr:PutImageTagMutability",
           "{'repositoryName':'web','imageTagMutability':'IMMUTABLE'}");
  api.push('a', "v1");

  CHECK(api.push('b', "v1")["__type"] == "ImageTagAlreadyExistsException");
  CHECK(api.push('a', "v1").empty());
  CHECK(api.push('b', "v2").empty());
  CHECK(api.push('a', "also").empty());
  CHECK(api.list("TAGGED").size() == 3);
}

TEST_CASE("pushing again does not make an image younger") {
  ImageBench api;
  api.push('a', "v1");
  const Json first = api.call("ecr:DescribeImages", "{'repositoryName':'web'}");

  api.push('a', "v1");

  CHECK(api.call("ecr:DescribeImages", "{'repositoryName':'web'}") == first);
}

TEST_CASE("an image goes by its digest with all tags, by its last tag, and not by another") {
  ImageBench api;
  api.push('a', "v1");
  api.push('a', "v2");
  api.push('b', "v3");

  const Json one = api.remove("{'imageTag':'v1'}");
  CHECK(one["imageIds"] == quoted("[{'imageDigest':'" + digest('a') + "','imageTag':'v1'}]"));
  CHECK(one["failures"].empty());
  CHECK(api.list().size() == 2);
  api.remove("{'imageTag':'v2'}," + by_digest('b'));
  CHECK(api.list().empty());

  const Json gone = api.remove("{'imageTag':'v2'},{'imageDigest':'x'},{}");
  CHECK(gone["imageIds"].empty());
  CHECK(gone["failures"][0]["failureCode"] == "ImageNotFound");
  CHECK(gone["failures"][1]["failureCode"] == "InvalidImageDigest");
  CHECK(gone["failures"][2]["failureCode"] == "MissingDigestAndTag");
}

TEST_CASE("what an index lists stays as long as the index") {
  ImageBench api;
  CHECK(api.push('f', "v1", ",'manifests':['" + digest('a') + "']")["__type"] ==
        "ReferencedImagesNotFoundException");
  api.push('a', "");
  api.push('f', "v1", ",'manifests':['" + digest('a') + "']");

  CHECK(api.remove(by_digest('a'))["failures"][0]["failureCode"] ==
        "ImageReferencedByManifestList");
  CHECK(api.remove(by_digest('f') + "," + by_digest('a'))["failures"].empty());
  CHECK(api.list().empty());
}

TEST_CASE("two ids of one image remove it once") {
  ImageBench api;
  api.push('a', "v1");

  const Json gone = api.remove(by_digest('a') + "," + by_digest('a') + ",{'imageTag':'v1'}");

  CHECK(gone["imageIds"].size() == 1);
  CHECK(api.list().empty());
}

TEST_CASE("a repository with images is deleted by force only, however many they are") {
  ImageBench api;
  for (int i = 0; i < 150; ++i) {
    api.call("own:RecordImage",
             "{'repositoryName':'web','tag':'v" + std::to_string(i) + "','image':{'digest':'" +
                 fmt::format("sha256:{:064x}", i) + "'}}");
  }

  CHECK(api.call("ecr:DeleteRepository", "{'repositoryName':'web'}")["__type"] ==
        "RepositoryNotEmptyException");
  CHECK(api.call("ecr:DeleteRepository",
                 "{'repositoryName':'web','force':true}")["repository"]["repositoryName"] == "web");
  CHECK(api.state.scope(api.scope).repositories.empty());
  CHECK(api.push('a', "v1")["__type"] == "RepositoryNotFoundException");
}

TEST_CASE("lists come in pages") {
  ImageBench api;
  for (const char letter : {'a', 'b', 'c'}) api.push(letter, "");

  const Json first = api.call("ecr:ListImages", "{'repositoryName':'web','maxResults':2}");
  const Json second = api.call(
      "ecr:ListImages",
      "{'repositoryName':'web','nextToken':'" + first["nextToken"].get<std::string>() + "'}");

  CHECK(first["imageIds"].size() == 2);
  CHECK(second["imageIds"] == quoted("[" + by_digest('c') + "]"));
  CHECK(
      api.call("ecr:ListImages", "{'repositoryName':'web','maxResults':1000}")["imageIds"].size() ==
      3);
  CHECK(api.call("ecr:ListImages", "{'repositoryName':'web','maxResults':1001}")["__type"] ==
        "InvalidParameterException");
}

}  // namespace
}  // namespace ikada
