#include "cluster/loadbalancing/haproxy_config.h"

#include <doctest/doctest.h>

#include "cluster/loadbalancing/group_config.h"
#include "runtime/base/text.h"
#include "tests/cluster/loadbalancing/sample_plan.h"
#include "tests/golden_file.h"

namespace ikada {
namespace {

const HaproxyPaths kPaths = {.runtime_socket = "/run/proxy/runtime.sock",
                             .jail = "/run/proxy/jail",
                             .user = "haproxy",
                             .log_socket = "/requests.sock"};

ListenerAction make_redirect() {
  ListenerAction action;
  action.type = "redirect";
  action.protocol = "HTTPS";
  action.port = "443";
  action.status_code = "HTTP_301";
  return action;
}

ListenerAction make_answer(const std::string& body) {
  ListenerAction action;
  action.type = "fixed-response";
  action.status_code = "404";
  action.content_type = "text/html";
  action.message_body = body;
  return action;
}

// One of everything.
BalancerPlan full_plan() {
  BalancerPlan plan = make_plan();
  PlannedListener& listener = plan.listeners.front();
  listener.address = "10.1.0.1";
  listener.attributes = {{"idle_timeout.timeout_seconds", "120"}};
  ListenerAction weighted =
      make_forward({{.target_group = "web", .weight = 9}, {.target_group = "api", .weight = 1}});
  weighted.group_stickiness_seconds = 300;
  listener.rules = {
      make_rule(
          20, {{.field = "host-header", .values = {"*.example.com", "Example.com"}}}, weighted),
      make_rule(10,
                {{.field = "path-pattern", .values = {"/api/*", "/v?"}},
                 {.field = "http-request-method", .values = {"GET", "POST"}}},
                make_forward({{.target_group = "api"}})),
      make_rule(30,
                {{.field = "http-header", .header_name = "User-Agent", .values = {"*bot*"}},
                 {.field = "source-ip", .values = {"10.0.0.0/8", "2001:db8::/32"}}},
                make_answer("<p>not \"here\"</p>\n")),
      make_rule(40,
                {{.field = "query-string", .values = {"blue", "x*"}, .keys = {"version", ""}}},
                make_redirect()),
      make_rule(50,
                {{.field = "path-pattern", .values = {"/gone"}}},
                make_forward({{.target_group = "nowhere"}}))};
  PlannedListener secure = listener;
  secure.name = "secure:443";
  secure.port = 443;
  secure.protocol = "HTTPS";
  secure.log_group = "/ikada/elb/web";
  secure.certificate_files = {"/etc/tls/a b.pem", "/etc/tls/other.pem"};
  secure.rules = {};
  secure.default_actions = {make_redirect()};
  plan.listeners.push_back(secure);
  PlannedGroup api = make_group("api", {{.id = "x", .address = "10.0.0.9", .port = 50051}});
  api.protocol_version = "GRPC";
  api.attributes = {{"load_balancing.algorithm.type", "least_outstanding_requests"},
                    {"slow_start.duration_seconds", "30"}};
  plan.groups.push_back(api);
  PlannedGroup& web = plan.groups.front();
  web.protocol = "HTTPS";
  web.health_check = {.protocol = "HTTPS", .port = "9000", .path = "/ok", .matcher = "200-299,302"};
  web.attributes = {{"stickiness.enabled", "true"}, {"stickiness.type", "lb_cookie"}};
  return plan;
}

std::string config_of(const RuleCondition& condition) {
  BalancerPlan plan = make_plan();
  plan.listeners.front().rules = {
      make_rule(1, {condition}, make_forward({{.target_group = "web"}}))};
  return haproxy_config(plan, kPaths, {}).text;
}

// The lines that differ from those of the plan without a rule.
std::string rule_text(const RuleCondition& condition) {
  std::string text;
  const std::string config = config_of(condition);
  for (const std::string_view line : split(config, '\n')) {
    if (line.find("acl ") != std::string_view::npos) text += std::string(trim(line)) + "\n";
  }
  return text;
}

size_t count_lines(const std::string& text) { return split(text, '\n').size(); }

TEST_CASE("of network load balancers HAProxy makes the checks, and listens where it can") {
  BalancerPlan plan = make_plan();
  plan.listeners[0].protocol = "TCP";
  plan.groups[0].protocol = "TCP";
  plan.groups[0].health_check.protocol = "TCP";

  const std::string text = haproxy_config(plan, kPaths, {}).text;

  CHECK(text.find("  mode tcp\n  bind 0.0.0.0:80\n") != std::string::npos);
  CHECK(text.find("backend g:web\n  mode tcp\n") != std::string::npos);
  CHECK(text.find("forwardfor") == std::string::npos);
  CHECK(text.find("httpchk") == std::string::npos);

  plan.listeners[0].protocol = "UDP";

  const std::string datagrams = haproxy_config(plan, kPaths, {}).text;
  CHECK(datagrams.find("frontend") == std::string::npos);
  CHECK(datagrams.find("backend g:web") != std::string::npos);
}

}  // namespace

TEST_CASE("a plan with one of everything becomes HAProxy's file") {
  const BalancerPlan plan = full_plan();
  const ConfiguredServers servers = {
      {"g:web",
       {{.name = server_name(plan.groups[0].targets[0]), .address = "10.0.0.1:8080", .weight = 100},
        {.name = server_name(plan.groups[0].targets[1]), .address = "10.0.0.2:8080", .weight = 0}}},
      {"o:web",
       {{.name = server_name(plan.groups[0].targets[0]),
         .address = "10.0.0.1:8080",
         .weight = 100}}}};

  check_golden("cluster/loadbalancing/haproxy.cfg", haproxy_config(plan, kPaths, servers).text);
}

TEST_CASE("the hash is of all but the servers") {
  BalancerPlan plan = make_plan();
  const std::string hash = haproxy_config(plan, kPaths, {}).hash;

  plan.groups.front().targets.clear();
  CHECK(haproxy_config(plan, kPaths, {{"g:web", {{.name = "a", .address = "10.0.0.1:1"}}}}).hash ==
        hash);
  plan.groups.front().health_check.interval_seconds = 7;
  CHECK(haproxy_config(plan, kPaths, {}).hash != hash);
}

TEST_CASE("what a user writes cannot end a word or a line") {
  const std::string evil =
      "x' \"y\" \n  http-request deny\r\n\\ %[env(PATH)] ${HOME} $HOME #{host} # {} ; -i '";
  ListenerAction redirect;
  redirect.type = "redirect";
  redirect.host = redirect.path = redirect.query = redirect.port = evil;
  redirect.protocol = evil;
  BalancerPlan plan = make_plan();
  const size_t lines = count_lines(haproxy_config(plan, kPaths, {}).text);
  std::vector<RuleCondition> conditions;
  for (const char* field : {"host-header", "path-pattern", "query-string"}) {
    conditions.push_back({.field = field, .values = {evil}});
  }
  conditions.push_back({.field = "http-header", .header_name = "X-Evil", .values = {evil}});
  conditions.push_back({.field = "query-string", .values = {evil}, .keys = {evil}});
  plan.listeners.front().rules = {make_rule(1, conditions, make_answer(evil)),
                                  make_rule(2, conditions, redirect)};
  PlannedGroup& group = plan.groups.front();
  group.health_check.path = evil;
  group.health_check.matcher = evil;
  group.health_check.port = evil;
  group.health_check.protocol = evil;
  group.protocol_version = evil;
  group.attributes = {{"stickiness.enabled", "true"},
                      {"stickiness.type", "app_cookie"},
                      {"stickiness.app_cookie.cookie_name", evil},
                      {"load_balancing.algorithm.type", evil},
                      {"slow_start.duration_seconds", evil}};

  const std::string text = haproxy_config(plan, kPaths, {}).text;

  // Two rules of five conditions, their choices and actions, and the default's choice and variable.
  CHECK(count_lines(text) == lines + 10 + 2 + 1 + 1 + 2);
  for (const char* piece : {"deny\r", "%[env(", "${", "x'", "\"y", "-i '\n"}) {
    CAPTURE(piece);
    CHECK(text.find(piece) == std::string::npos);
  }
  check_golden("cluster/loadbalancing/hostile.cfg", text);
}

TEST_CASE("a rule that no request can meet is left out") {
  CHECK(rule_text({.field = "source-ip", .values = {"10.0.0.0/8 -f /etc/passwd"}}).empty());
  CHECK(rule_text({.field = "source-ip", .values = {"10.0.0.0/33"}}).empty());
  CHECK(rule_text({.field = "http-request-method", .values = {"get -i"}}).empty());
  CHECK(rule_text({.field = "http-header", .header_name = "a),b(", .values = {"x"}}).empty());
  CHECK(rule_text({.field = "no-such", .values = {"x"}}).empty());
  CHECK(rule_text({.field = "path-pattern", .values = {}}).empty());
  CHECK(rule_text({.field = "path-pattern", .values = {std::string("/a\0b", 4)}}).empty());
}

TEST_CASE("a policy without TLS 1.2 is kept") {
  BalancerPlan plan;
  plan.listeners.push_back({.name = "web",
                            .port = 443,
                            .protocol = "HTTPS",
                            .certificate_files = {"/tls/web.pem"},
                            .ssl_policy = "ELBSecurityPolicy-TLS13-1-3-2021-06"});
  const char* const only = "alpn h2,http/1.1";
  const std::string strict = haproxy_config(plan, kPaths, {}).text;
  CHECK(strict.find(std::string(" ssl-min-ver TLSv1.3 ") + only) != std::string::npos);
  plan.listeners[0].ssl_policy = "ELBSecurityPolicy-TLS13-1-2-2021-06";
  CHECK(haproxy_config(plan, kPaths, {}).text.find("TLSv1.3") == std::string::npos);
}

TEST_CASE("values of one condition are alternatives") {
  CHECK(rule_text({.field = "path-pattern", .values = {"/a", "-f"}}) ==
        "acl r1.0 'path' -m str -- '/a'\nacl r1.0 'path' -m reg -- '^\\x2df$'\n");
}

TEST_CASE("a pattern with one star at an end is a comparison") {
  CHECK(rule_text({.field = "path-pattern", .values = {"/api/*", "*.png", "*"}}) ==
        "acl r1.0 'path' -m beg -- '/api/'\nacl r1.0 'path' -m end -- '.png'\n"
        "acl r1.0 'path' -m reg -- '^.*$'\n");
  CHECK(rule_text({.field = "host-header", .values = {"*.Example.com"}}) ==
        "acl r1.0 'req.fhdr(host),host_only,lower' -m end -- '.example.com'\n");
}

TEST_CASE("rules that forward to one group each name it, and use no variables") {
  BalancerPlan plan = make_plan();
  plan.groups.push_back(make_group("api"));
  PlannedListener& listener = plan.listeners.front();
  listener.rules = {make_rule(20,
                              {{.field = "path-pattern", .values = {"/web"}},
                               {.field = "http-request-method", .values = {"GET"}}},
                              make_forward({{.target_group = "web"}})),
                    make_rule(10,
                              {{.field = "path-pattern", .values = {"/api"}}},
                              make_forward({{.target_group = "api"}}))};
  const std::string direct = haproxy_config(plan, kPaths, {}).text;
  CHECK(direct.find("use_backend o:api if { nbsrv(g:api) eq 0 } r1.0\n"
                    "  use_backend g:api if r1.0\n") != std::string::npos);
  CHECK(direct.find("use_backend o:web if { nbsrv(g:web) eq 0 } r2.0 r2.1\n"
                    "  use_backend g:web if r2.0 r2.1\n"
                    "  use_backend o:web if { nbsrv(g:web) eq 0 }\n"
                    "  default_backend g:web\n") != std::string::npos);
  CHECK(direct.find("txn.rule") == std::string::npos);

  const auto uses_variables = [](const BalancerPlan& changed) {
    return haproxy_config(changed, kPaths, {}).text.find("txn.rule") != std::string::npos;
  };
  BalancerPlan logged = plan;
  logged.listeners.front().log_group = "/ikada/elb/web";
  CHECK(uses_variables(logged));
  BalancerPlan redirecting = plan;
  redirecting.listeners.front().rules.front().actions = {make_redirect()};
  CHECK(uses_variables(redirecting));
  BalancerPlan weighted = plan;
  weighted.listeners.front().default_actions = {
      make_forward({{.target_group = "web"}, {.target_group = "api"}})};
  CHECK(uses_variables(weighted));
}

}  // namespace ikada
