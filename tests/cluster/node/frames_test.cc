#include "cluster/node/frames.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("questions, answers and news are read as they were written") {
  const Frame question =
      *parse_frame(to_json(Question{.verb = "join", .id = 3, .body = {{"a", 1}}}));
  REQUIRE(std::holds_alternative<Question>(question));
  CHECK(std::get<Question>(question).verb == "join");
  CHECK(std::get<Question>(question).id == 3);
  CHECK(std::get<Question>(question).body["a"] == 1);

  const Frame answer = *parse_frame(to_json(Answer{.id = 3, .body = Json{{"b", 2}}}));
  REQUIRE(std::holds_alternative<Answer>(answer));
  CHECK((*std::get<Answer>(answer).body)["b"] == 2);

  const Frame news = *parse_frame(to_json(News{.verb = "assign", .body = {{"c", 3}}}));
  REQUIRE(std::holds_alternative<News>(news));
  CHECK(std::get<News>(news).body["c"] == 3);
}

TEST_CASE("an error keeps its kind, message and code") {
  Error error = make_error(ErrorKind::kConflict, "2 tasks run here");
  error.code = "BUSY";
  const Frame frame = *parse_frame(to_json(Answer{.id = 1, .body = error}));
  const Result<Json>& body = std::get<Answer>(frame).body;
  REQUIRE_FALSE(body.has_value());
  CHECK(body.error().kind == ErrorKind::kConflict);
  CHECK(body.error().message == "2 tasks run here");
  CHECK(body.error().code == "BUSY");
}

TEST_CASE("what is none of them") {
  for (const char* text :
       {"{}", R"({"ask":"x"})", R"({"ask":1,"id":1})", R"({"answer":"x"})", R"({"tell":[]})"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_frame(*parse_json(text)).has_value());
  }
}

}  // namespace
}  // namespace ikada
