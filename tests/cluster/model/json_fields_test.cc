#include "cluster/model/json_fields.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

struct Inner {
  std::string name;
};
void describe(JsonFields& fields, Inner& inner) { fields.required("name", inner.name); }

struct Outer {
  std::int32_t count = 3;
  std::optional<std::int32_t> maybe;
  std::optional<Timestamp> at;
  std::vector<Inner> list;
  std::optional<std::vector<Inner>> maybe_list;
  std::optional<std::vector<std::int32_t>> numbers;
};
void describe(JsonFields& fields, Outer& outer) {
  fields.field("count", outer.count);
  fields.field("maybe", outer.maybe);
  fields.field("at", outer.at);
  fields.field("list", outer.list);
  fields.field("maybeList", outer.maybe_list);
  fields.field("numbers", outer.numbers);
}

std::string round_trip(const char* text) {
  const Result<Outer> outer = from_json<Outer>(*parse_json(text), "test");
  return outer.has_value() ? to_json(*outer).dump() : outer.error().message;
}

TEST_CASE("plain fields are always written, optional ones when they are there") {
  CHECK(round_trip("{}") == R"({"count":3,"list":[]})");
  CHECK(round_trip(R"({"count":null,"maybe":null,"unknown":1})") == R"({"count":3,"list":[]})");
  CHECK(round_trip(R"({"maybe":0,"maybeList":[],"numbers":[]})") ==
        R"({"count":3,"list":[],"maybe":0,"maybeList":[],"numbers":[]})");
  CHECK(round_trip(R"({"list":[{"name":"a"}],"maybeList":[{"name":"b"}],"numbers":[1,-2]})") ==
        R"({"count":3,"list":[{"name":"a"}],"maybeList":[{"name":"b"}],"numbers":[1,-2]})");
}

TEST_CASE("times are seconds with milliseconds behind the point") {
  CHECK(round_trip(R"({"at":1700000000.123})") == R"({"at":1700000000.123,"count":3,"list":[]})");
  CHECK(round_trip(R"({"at":1700000000})") == R"({"at":1700000000.0,"count":3,"list":[]})");
  CHECK(from_json<Outer>(*parse_json(R"({"at":1.9996})"), "t")->at->milliseconds == 2000);
  CHECK(round_trip(R"({"at":1e300})") == "test: at: number out of range");
  CHECK(round_trip(R"({"at":"now"})") == "test: at: expected a number");
}

struct Everything {
  bool is_it = true;
  double share = 0.1;
  std::int64_t large = -9007199254740993;
  std::string text;
  std::vector<std::string> words;
  std::map<std::string, std::string> labels;
  Outer outer;
  Outer empty;
};
void describe(JsonFields& fields, Everything& all) {
  fields.field("isIt", all.is_it);
  fields.field("share", all.share);
  fields.field("large", all.large);
  fields.field("text", all.text);
  fields.field("words", all.words);
  fields.field("labels", all.labels);
  fields.field("outer", all.outer);
  fields.field("empty", all.empty);
}

TEST_CASE("text without a tree means what the tree's means") {
  Everything all;
  for (const char* text : {"", "plain", "\"quoted\" \\ \n \x01 \x7f", "grün", "{", "[", ","}) {
    all.text = text;
    all.words.push_back(text);
    all.labels[text] = text;
  }
  all.outer = {.count = -1,
               .maybe = 0,
               .at = Timestamp{1'700'000'000'123},
               .list = {{.name = "a"}, {.name = "{"}},
               .maybe_list = std::vector<Inner>{},
               .numbers = std::vector<std::int32_t>{1, -2}};
  all.empty.at = Timestamp{-1};
  const Result<Json> again = parse_json(to_text(all));
  REQUIRE(again.has_value());
  CHECK(*again == to_json(all));
  CHECK(to_text(Inner{.name = "b"}) == R"({"name":"b"})");
  for (const size_t length : {1U, 7U, 8U, 9U, 17U}) {
    for (size_t place = 0; place < length; ++place) {
      for (char odd = 0; odd != '\x7f'; ++odd) {
        Inner inner{.name = std::string(length, 'x')};
        inner.name[place] = odd;
        REQUIRE(to_text(inner) == to_json(inner).dump());
      }
    }
  }
}

TEST_CASE("a wrong type is named with its place") {
  CHECK(round_trip(R"({"count":"3"})") == "test: count: expected an integer");
  CHECK(round_trip(R"({"count":3000000000})") == "test: count: number out of range");
  CHECK(round_trip(R"({"list":{}})") == "test: list: expected an array of objects");
  CHECK(round_trip(R"({"list":[{"name":1}]})") == "test: list[0].name: expected a string");
  CHECK(round_trip(R"({"numbers":[1.5]})") == "test: numbers: expected an array of integers");
  CHECK(round_trip(R"({"numbers":[9999999999]})") == "test: numbers: number out of range");
}

TEST_CASE("a required member that is missing is told from one of a wrong type") {
  const Result<Outer> absent = from_json<Outer>(*parse_json(R"({"list":[{}]})"), "t");
  const Result<Outer> wrong = from_json<Outer>(*parse_json(R"({"list":[{"name":1}]})"), "t");

  CHECK(absent.error().message == "t: list[0].name: missing");
  CHECK(is_missing_member(absent.error()));
  CHECK_FALSE(is_missing_member(wrong.error()));
}

}  // namespace
}  // namespace ikada
