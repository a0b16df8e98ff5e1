#include "runtime/base/json.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("text that two readers could understand differently is refused") {
  for (const char* bad :
       {"", "{", "{}x", "{\"a\":1,\"a\":2}", "[1,]", "{a:1}", "nul", "\"\x01\""}) {
    CAPTURE(bad);
    CHECK(!parse_json(bad).has_value());
  }
  CHECK(parse_json(R"([{"a":1},{"a":2}])").has_value());
}

TEST_CASE("size and depth have limits") {
  CHECK(!parse_json("[1,2,3]", {.max_bytes = 6}).has_value());
  CHECK(parse_json("[[[1]]]", {.max_depth = 4}).has_value());
  CHECK(!parse_json("[[[[[1]]]]]", {.max_depth = 3}).has_value());
  CHECK(!parse_json(std::string(100'000, '[')).has_value());
}

TEST_CASE("many small values are refused soon, and a long list is read in no time") {
  std::string empties = "[{}";
  for (int i = 0; i < 1'000'000; ++i) empties += ",{}";
  CHECK(!parse_json(empties + "]").has_value());
  std::string objects = "[{}";
  for (int i = 0; i < 100'000; ++i) objects += ",{}";

  const Result<Json> parsed = parse_json(objects + "]");

  REQUIRE(parsed.has_value());
  CHECK(parsed->size() == 100'001);
}

TEST_CASE("fields are read with their types, and absent ones left alone") {
  const Json json = parse_json(R"({"name":"web","count":3,"none":null,"on":true,
                                   "args":["a","b"],"labels":{"k":"v"}})")
                        .value();
  std::string name;
  std::int32_t count = 0;
  std::uint64_t untouched = 42;
  bool on = false;
  std::vector<std::string> args;
  std::map<std::string, std::string> labels;
  std::optional<std::string> none;
  std::optional<std::int64_t> some;

  JsonReader reader(json, "record.json");
  reader.read("name", name);
  reader.read("count", count);
  reader.read("missing", untouched);
  reader.read("on", on);
  reader.read("args", args);
  reader.read("labels", labels);
  reader.read("none", none);
  reader.read("count", some);

  CHECK(reader.done().has_value());
  CHECK(name == "web");
  CHECK(count == 3);
  CHECK(untouched == 42);
  CHECK(on);
  CHECK(args == std::vector<std::string>{"a", "b"});
  CHECK(labels.at("k") == "v");
  CHECK(!none.has_value());
  CHECK(some == 3);
}

TEST_CASE("the first mistake is told with its place") {
  const Json json = parse_json(R"({"process":{"args":"sh","cwd":7}})").value();
  std::vector<std::string> args;
  std::string cwd;

  JsonReader reader(json, "config.json");
  JsonReader process = reader.object("process");
  process.read("args", args);
  process.read("cwd", cwd);

  CHECK(reader.done().error().message == "config.json: process.args: expected an array of strings");
}

TEST_CASE("numbers must fit their type") {
  const Json json =
      parse_json(R"({"big":4294967296,"negative":-1,"fraction":1.5,"huge":18446744073709551615})")
          .value();
  std::uint32_t small = 0;
  std::uint64_t positive = 0;
  std::int64_t whole = 0;
  const auto refused = [&](std::string_view key, auto& out) {
    JsonReader reader(json, "x");
    reader.read(key, out);
    return !reader.done().has_value();
  };

  CHECK(refused("big", small));
  CHECK(refused("negative", small));
  CHECK(refused("negative", positive));
  CHECK(refused("fraction", whole));
  CHECK(refused("huge", whole));
  CHECK(!refused("huge", positive));
}

TEST_CASE("a required field that is missing is a mistake") {
  const Json json = Json::object();
  std::string name;

  JsonReader reader(json, "record.json");
  reader.require("name", name);

  CHECK(reader.done().error().message == "record.json: name: missing");
}

TEST_CASE("what is no object has no fields") {
  const Json json = Json::array();
  JsonReader reader(json, "config.json");

  CHECK(!reader.has("x"));
  CHECK(!reader.done().has_value());
}

}  // namespace
}  // namespace ikada
