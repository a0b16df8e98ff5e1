#include "cluster/auth/credential.h"

#include <doctest/doctest.h>

namespace ikada::auth {
namespace {

const std::string kSignature(64, 'a');

Result<Credential> read(const std::string& authorization, const std::string& date) {
  const std::vector<HeaderField> fields = {{.name = "AUTHORIZATION", .value = authorization},
                                           {.name = "x-amz-DATE", .value = date}};
  return read_credential(
      {.method = "POST", .path = "/", .query = "", .headers = fields, .body = ""}, {});
}

std::string authorization(const std::string& credential = "AK/20150830/eu-west-1/ecs/aws4_request",
                          const std::string& headers = "host;x-amz-date",
                          const std::string& signature = kSignature) {
  return "AWS4-HMAC-SHA256 Credential=" + credential + ", SignedHeaders=" + headers +
         ", Signature=" + signature;
}

}  // namespace

TEST_CASE("the header Authorization is read") {
  const Result<Credential> credential = read(authorization(), "20150830T123600Z");

  REQUIRE(credential.has_value());
  CHECK(credential->access_key_id == "AK");
  CHECK(credential->scope() == "20150830/eu-west-1/ecs/aws4_request");
  CHECK(credential->signed_headers == std::vector<std::string>{"host", "x-amz-date"});
  CHECK(credential->signature == kSignature);
  CHECK(format_basic_time(credential->signed_at) == "20150830T123600Z");
  CHECK(read("AWS4-HMAC-SHA256 Signature=" + kSignature +
                 ",SignedHeaders=host,Credential=AK/20150830/r/s/aws4_request",
             "20150830T000000Z")
            .has_value());
}

TEST_CASE("what cannot be read is incomplete") {
  const std::string date = "20150830T123600Z";
  const std::string good = "AK/20150830/r/s/aws4_request";
  for (const std::string& text :
       {std::string(),
        std::string("Bearer x"),
        std::string("AWS4-HMAC-SHA256"),
        "AWS4-HMAC-SHA512 " + authorization().substr(17),
        authorization("AK/20150830/r/aws4_request"),
        authorization("AK/20150830/r/s/t/aws4_request"),
        authorization("/20150830/r/s/aws4_request"),
        authorization("AK/20150830//s/aws4_request"),
        authorization("A K/20150830/r/s/aws4_request"),
        authorization(good, ""),
        authorization(good, "x-amz-date;host"),
        authorization(good, "host;host"),
        authorization(good, "Host"),
        authorization(good, "host;"),
        authorization(good, "host", "abc"),
        authorization(good, "host", std::string(64, 'A')),
        authorization(good, "host", std::string(65, 'a')),
        authorization() + ", Signature=x",
        authorization() + ", Other=x",
        authorization() + ",",
        "AWS4-HMAC-SHA256 Credential=" + good + ", Signature=" + kSignature}) {
    CAPTURE(text);
    const Result<Credential> credential = read(text, date);
    REQUIRE_FALSE(credential.has_value());
    CHECK(credential.error().code == "IncompleteSignatureException");
  }
  for (const char* time : {"",
                           "20150830",
                           "2015-08-30T12:36:00Z",
                           "20150830T123600",
                           "20150830T123660",
                           "20151330T123600Z",
                           "20150830t123600Z",
                           "20150830T12360 Z"}) {
    CAPTURE(time);
    const Result<Credential> credential = read(authorization(), time);
    REQUIRE_FALSE(credential.has_value());
    CHECK(credential.error().code == "IncompleteSignatureException");
  }
}

TEST_CASE("the scope's day is the time's") {
  CHECK(read(authorization(), "20150831T000000Z").error().code == "InvalidSignatureException");
}

}  // namespace ikada::auth
