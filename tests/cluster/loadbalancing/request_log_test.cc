#include "cluster/loadbalancing/request_log.h"

#include <doctest/doctest.h>

#include "cluster/loadbalancing/access_log_line.h"
#include "tests/cluster/loadbalancing/sample_plan.h"

namespace ikada {
namespace {

constexpr std::int64_t kNow = 1'795'468'215'123;

// As HAProxy 2.6 wrote it.
constexpr std::string_view kForwarded =
    "l:web:80\ng:web\n200\n1\n2\n3\n56\n70\n89\n119\n-\n1\n10.0.0.9:39574\n10.0.0.1:8080\n2\n-\n-\n"
    "GET\nHTTP/1.1\n/w?a=b#22c\nexample.com\ncurl \"7\" \\ \xc3\xa9\n-\n-\n";
constexpr std::string_view kFailed =
    "l:web:80\ng:web\n503\n0\n0\n-1\n-1\n1001\n86\n217\n-\n1\n10.0.0.9:1\n10.0.0.1:8080\n-\n-\n-\n"
    "GET\nHTTP/1.1\n/\nexample.com:80\n-\n-\n-\n";
constexpr std::string_view kRedirected =
    "l:web:80\nl:web:80\n301\n0\n-1\n-1\n-1\n0\n87\n92\n-\n1\n10.0.0.9:1\n-:-\n0\nTLS_AES\n"
    "TLSv1.3\nGET\nHTTP/2.0\nhttps://a/moved\na\n-\na\nhttps://x/\n";
constexpr std::string_view kRubbish =
    "l:web:80\nl:web:80\n400\n-1\n-1\n-1\n-1\n0\n0\n0\n-\n1\n10.0.0.9:1\n-:-\n-\n-\n-\n<BADREQ>\n"
    "<BADREQ>\n<BADREQ>\n-\n-\n-\n-\n";

PlannedListener sample_listener() {
  PlannedListener listener = make_plan().listeners.front();
  listener.balancer_arn = "arn:aws:elasticloadbalancing:r:1:loadbalancer/app/web/0123";
  listener.log_group = "/ikada/elb/web";
  listener.rules = {make_rule(20, {}, make_forward({{.target_group = "web"}})),
                    make_rule(10, {}, make_forward({{.target_group = "api"}}))};
  return listener;
}

std::string line_of(std::string_view datagram, const std::string& group_arn = "") {
  return access_log_line(*parse_request_record(datagram), sample_listener(), group_arn, kNow);
}

}  // namespace

TEST_CASE("a datagram is a request") {
  const RequestRecord record = *parse_request_record(kForwarded);

  CHECK(record.listener == listener_section("web:80"));
  CHECK(record.section == "g:web");
  CHECK(record.status == 200);
  CHECK(record.response_ms == 56);
  CHECK(record.total_ms == 70);
  CHECK(record.received_bytes == 89);
  CHECK(record.sent_bytes == 119);
  CHECK(record.weight == 1);
  CHECK(record.client == "10.0.0.9:39574");
  CHECK(record.location == "-");
  CHECK(record.is_answered_by_target());
  CHECK_FALSE(parse_request_record(kFailed)->is_answered_by_target());
}

TEST_CASE("a datagram of a busy listener stands for several requests") {
  const auto record = parse_request_record("l:a\ng:web\n200\n0\n0\n0\n+4\n+4\n+89\n+119\n16\n18\n");

  REQUIRE(record.has_value());
  CHECK(record->weight == 16);
  CHECK(record->response_ms == 4);
}

TEST_CASE("what is no such datagram is nothing") {
  CHECK_FALSE(parse_request_record("").has_value());
  CHECK_FALSE(parse_request_record("l:a\ng:web\n200\n0\n0\n0\n4\n4\n89\n119").has_value());
  CHECK_FALSE(parse_request_record("l:a\ng:web\n200\n0\n0\n0\n4\n4\n89\n119\nx\n1").has_value());
  CHECK_FALSE(parse_request_record("l:a\ng:web\n200\n0\n0\n0\n4\n4\n89\n119\n0\n1").has_value());
  CHECK_FALSE(parse_request_record("l:a\ng:web\nx\n0\n0\n0\n4\n4\n89\n119\n-\n1").has_value());
}

TEST_CASE("a request that a target answered is a line of the access log") {
  CHECK(line_of(kForwarded, "arn:group") ==
        "http 2026-11-23T21:10:15.123000Z app/web/0123 10.0.0.9:39574 10.0.0.1:8080 0.006 0.056 "
        "0.008 200 200 89 119 \"GET http://example.com:80/w?a=b\\x22c HTTP/1.1\" "
        "\"curl \\x227\\x22 \\x5c \\xc3\\xa9\" - - arn:group \"-\" \"-\" \"-\" 20 "
        "2026-11-23T21:10:15.053000Z \"forward\" \"-\" \"-\" \"10.0.0.1:8080\" \"200\" \"-\" "
        "\"-\" -");
}

TEST_CASE("where no target answered the line says so") {
  const std::string failed = line_of(kFailed, "arn:group");
  CHECK(failed.find(" 10.0.0.1:8080 -1 -1 -1 503 - 86 217 \"GET http://example.com:80/ "
                    "HTTP/1.1\"") != std::string::npos);

  const std::string redirected = line_of(kRedirected);
  CHECK(redirected.starts_with("h2 "));
  CHECK(redirected.find(" - -1 -1 -1 301 - 87 92 \"GET https://a/moved HTTP/2.0\"") !=
        std::string::npos);
  CHECK(redirected.find(" TLS_AES TLSv1.3 - \"-\" \"a\" \"-\" 0 ") != std::string::npos);

  CHECK(line_of(kRubbish).find(" 400 - 0 0 \"- http://-:80- - \" ") != std::string::npos);
}

TEST_CASE("only a listener with an access log tells all") {
  PlannedListener listener = sample_listener();
  CHECK(request_log_lines(listener, "").empty());
  CHECK(request_log_lines(listener, "/requests.sock").size() == 8);
  listener.log_group.clear();
  CHECK(request_log_lines(listener, "/requests.sock").size() == 5);
}

TEST_CASE("a balancer keeps an access log if its attribute says so") {
  LoadBalancer balancer{.name = "web"};
  CHECK(access_log_group(balancer).empty());
  balancer.attributes["access_logs.s3.enabled"] = "true";
  CHECK(access_log_group(balancer) == "/ikada/elb/web");
}

}  // namespace ikada
