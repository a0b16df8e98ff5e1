#include "cmd/ikada/json_or_yaml.h"

#include <doctest/doctest.h>

namespace ikada {

TEST_CASE("YAML has the types that the API wants") {
  const Result<Json> read = parse_json_or_yaml(R"(
family: web
cpu: 256
containerDefinitions:
  - name: web
    cpu: 128
    memory: 64
    essential: true
    user: 1000
    command: [sleep, 10, true]
    hostname: "80"
    environment: [{name: DEBUG, value: 1}]
    dockerLabels: {rank: 7, on: true}
    logConfiguration: {logDriver: json-file, options: {max-file: 3}}
    restartPolicy: {enabled: true, ignoredExitCodes: [0, 3]}
    dependsOn: ~
)");

  REQUIRE(read.has_value());
  const Json& web = (*read)["containerDefinitions"][0];
  CHECK((*read)["cpu"] == "256");
  CHECK(web["cpu"] == 128);
  CHECK(web["essential"] == true);
  CHECK(web["user"] == "1000");
  CHECK(web["command"] == Json({"sleep", "10", "true"}));
  CHECK(web["hostname"] == "80");
  CHECK(web["environment"][0]["value"] == "1");
  CHECK(web["dockerLabels"] == Json({{"rank", "7"}, {"on", "true"}}));
  CHECK(web["logConfiguration"]["options"]["max-file"] == "3");
  CHECK(web["restartPolicy"]["ignoredExitCodes"] == Json({0, 3}));
  CHECK(web["dependsOn"].is_null());
}

TEST_CASE("the sizes of a task in RunTask's overrides are texts, those of its containers numbers") {
  const Result<Json> read = parse_json_or_yaml(
      "overrides:\n  memory: 512\n  containerOverrides: [{name: web, memory: 64}]\ncount: 2");

  REQUIRE(read.has_value());
  CHECK((*read)["overrides"]["memory"] == "512");
  CHECK((*read)["overrides"]["containerOverrides"][0]["memory"] == 64);
  CHECK((*read)["count"] == 2);
}

TEST_CASE("JSON is taken as it is") {
  const Result<Json> read = parse_json_or_yaml(" {\"cpu\": 256, \"command\": [1]}");

  REQUIRE(read.has_value());
  CHECK((*read)["cpu"] == 256);
  CHECK((*read)["command"][0] == 1);
}

TEST_CASE("what is no object is refused") {
  CHECK_FALSE(parse_json_or_yaml("").has_value());
  CHECK_FALSE(parse_json_or_yaml("- a").has_value());
  CHECK_FALSE(parse_json_or_yaml("{\"a\": }").has_value());
  CHECK_FALSE(parse_json_or_yaml("a: [").has_value());
  CHECK_FALSE(parse_json_or_yaml("a: 1\na: 2").has_value());
  CHECK_FALSE(load_json_or_yaml("/nonexistent.yaml").has_value());
}

TEST_CASE("YAML whose aliases make very much of little is refused") {
  std::string text = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
  for (char name = 'b'; name <= 'h'; ++name) {
    const std::string before = fmt::format("*{}", static_cast<char>(name - 1));
    text += fmt::format("{}: &{} [", name, name);
    for (int i = 0; i < 8; ++i) text += before + ", ";
    text += before + "]\n";
  }

  const Result<Json> read = parse_json_or_yaml(text);

  REQUIRE_FALSE(read.has_value());
  CHECK(read.error().message == "more than 100000 values");
}

TEST_CASE("of several documents none is taken") {
  CHECK(parse_json_or_yaml("---\na: 1\n").has_value());
  const Result<Json> several = parse_json_or_yaml("a: 1\n---\nb: 2\n");
  REQUIRE_FALSE(several.has_value());
  CHECK(several.error().message == "2 YAML documents, where one is expected");
}

}  // namespace ikada
