#include "cmd/ikada/api_client.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

Result<Json> parse_api_reply(std::string_view response) {
  const Result<DaemonAnswer> answer = parse_daemon_answer(response);
  if (!answer.has_value()) return answer.error();
  return read_api_answer(*answer);
}

}  // namespace

TEST_CASE("an answer of the API is its body") {
  const Result<Json> reply =
      parse_api_reply("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a\": 1}\n");

  REQUIRE(reply.has_value());
  CHECK((*reply)["a"] == 1);
}

TEST_CASE("a refusal of the API keeps its name and its words") {
  const Result<Json> reply = parse_api_reply(
      "HTTP/1.1 400 Bad Request\r\n\r\n"
      R"({"__type": "ClusterNotFoundException", "message": "Cluster not found."})");

  REQUIRE_FALSE(reply.has_value());
  CHECK(reply.error().kind == ErrorKind::kNotFound);
  CHECK(reply.error().code == "ClusterNotFoundException");
  CHECK(reply.error().message == "Cluster not found.");
}

TEST_CASE("what is no answer of the API is told") {
  const auto kind = [](const char* text) { return parse_api_reply(text).error().kind; };

  CHECK(kind("") == ErrorKind::kUnavailable);
  CHECK(kind("HTTP/1.1 200 OK\r\nContent-Le") == ErrorKind::kUnavailable);
  CHECK(kind("SSH-2.0\r\n\r\n{}") == ErrorKind::kUnavailable);
  CHECK(kind("HTTP/1.1 two\r\n\r\n{}") == ErrorKind::kUnavailable);
  CHECK(kind("HTTP/1.1 503 Busy\r\n\r\n") == ErrorKind::kUnavailable);
  CHECK(kind("HTTP/1.1 200 OK\r\n\r\n{\"a\"") == ErrorKind::kInvalid);
}

}  // namespace ikada
