#include "cluster/api/query_xml.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

TEST_CASE("an answer in JSON becomes one in XML") {
  ApiReply reply = ok_reply({{"Groups", {{{"Name", "a<b>&\x01"}, {"Port", 80}}}},
                             {"Empty", Json::array()},
                             {"IsDefault", false}});
  reply.request_id = "1-2";
  CHECK(xml_reply("Describe", "urn:x", reply).body ==
        "<DescribeResponse xmlns=\"urn:x\"><DescribeResult><Empty></Empty><Groups><member>"
        "<Name>a&lt;b&gt;&amp;?</Name><Port>80</Port></member></Groups><IsDefault>false</IsDefault>"
        "</DescribeResult><ResponseMetadata><RequestId>1-2</RequestId></ResponseMetadata>"
        "</DescribeResponse>");
}

TEST_CASE("errors have this protocol's names") {
  ApiReply reply = error_reply(make_error(ErrorKind::kUnavailable, "no"));
  reply.request_id = "1";
  const ApiReply ours = xml_reply("Describe", "urn:x", reply);
  CHECK(ours.status == 500);
  CHECK(ours.body ==
        "<ErrorResponse xmlns=\"urn:x\"><Error><Type>Receiver</Type><Code>InternalFailure</Code>"
        "<Message>no</Message></Error><RequestId>1</RequestId></ErrorResponse>");
  const auto code = [](const char* name) {
    ApiReply named{
        .status = 400, .body = Json{{"__type", name}, {"message", "m"}}.dump(), .request_id = "1"};
    const std::string body = xml_reply("A", "u", std::move(named)).body;
    const size_t start = body.find("<Code>") + 6;
    return body.substr(start, body.find("</Code>") - start);
  };
  CHECK(code("InvalidParameterException") == "ValidationError");
  CHECK(code("InvalidSignatureException") == "SignatureDoesNotMatch");
  CHECK(code("TargetGroupNotFound") == "TargetGroupNotFound");
}

}  // namespace
}  // namespace ikada
