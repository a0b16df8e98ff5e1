#include "cluster/daemon/status_routes.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("healthz and version answer GET") {
  CHECK(answer_status_request({.method = "GET", .target = "/healthz"}).body ==
        "{\"status\":\"ok\"}\n");
  const HttpReply version = answer_status_request({.method = "GET", .target = "/version?x"});

  CHECK(version.status == 200);
  CHECK(version.body == "{\"name\":\"ikadad\",\"version\":\"" IKADA_VERSION "\"}\n");
}

TEST_CASE("another path, method or no path at all is refused") {
  CHECK(answer_status_request({.method = "GET", .target = "/"}).status == 404);
  CHECK(answer_status_request({.method = "POST", .target = "/nothing"}).status == 404);
  CHECK(answer_status_request({.method = "GET", .target = "*"}).status == 400);
  CHECK(answer_status_request({.method = "GET", .target = "http://host/healthz"}).status == 400);

  const HttpReply post = answer_status_request({.method = "POST", .target = "/healthz"});

  CHECK(post.status == 405);
  REQUIRE(post.headers.size() == 1);
  CHECK(post.headers[0].name == "Allow");
  CHECK(post.headers[0].value == "GET");
}

}  // namespace
}  // namespace ikada
