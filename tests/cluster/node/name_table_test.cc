#include "cluster/node/name_table.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

NameEntry task(const std::string& id, const std::string& address) {
  return {.names = {"web.default", id + ".default"},
          .address = address,
          .ports = {{.name = "http", .container_port = 80, .port = 32768},
                    {.name = "", .protocol = "udp", .container_port = 53, .port = 53}}};
}

struct Asker {
  NameTable table;
  Prng prng{7};

  Asker() {
    table.set("a", task("a", "10.0.0.1"));
    table.set("b", task("b", "10.0.0.2"));
  }

  std::optional<DnsAnswer> ask(const std::string& name, std::uint16_t type = kDnsA) {
    return table.answer({.name = name, .type = type}, prng);
  }

  std::set<std::string> addresses(const std::string& name, std::uint16_t type = kDnsA) {
    std::set<std::string> found;
    const std::optional<DnsAnswer> answer = ask(name, type);
    REQUIRE(answer.has_value());
    for (const DnsRecord& each : answer->records) found.insert(each.address);
    return found;
  }
};

TEST_CASE("a service's name is the addresses of its tasks, a task's its own") {
  Asker asker;
  CHECK(asker.addresses("web.default.ikada") == std::set<std::string>{"10.0.0.1", "10.0.0.2"});
  CHECK(asker.addresses("WEB.Default.IKADA") == std::set<std::string>{"10.0.0.1", "10.0.0.2"});
  CHECK(asker.addresses("b.default.ikada") == std::set<std::string>{"10.0.0.2"});
  CHECK(asker.ask("Web.default.ikada")->records[0].name == "Web.default.ikada");
  asker.table.set("a", std::nullopt);
  CHECK(asker.addresses("web.default.ikada") == std::set<std::string>{"10.0.0.2"});
  asker.table.set("b", std::nullopt);
  CHECK(asker.ask("web.default.ikada")->code == DnsCode::kNoSuchName);
  CHECK(asker.table.entries().empty());
}

TEST_CASE("each of several addresses comes first now and then") {
  Asker asker;
  std::set<std::string> first;
  for (int time = 0; time < 64; ++time) {
    first.insert(asker.ask("web.default.ikada")->records[0].address);
  }
  CHECK(first.size() == 2);
}

TEST_CASE("ports are found by their names and numbers") {
  Asker asker;
  for (const char* name : {"_http._tcp.web.default.ikada", "_80._tcp.web.default.ikada"}) {
    const std::optional<DnsAnswer> answer = asker.ask(name, kDnsSrv);
    REQUIRE(answer.has_value());
    REQUIRE(answer->records.size() == 2);
    CHECK(answer->records[0].port == 32768);
    CHECK(answer->records[0].target == answer->additional[0].name);
    CHECK(asker.addresses(answer->records[0].target).count(answer->additional[0].address) == 1);
  }
  CHECK(asker.ask("_53._udp.web.default.ikada", kDnsSrv)->records.size() == 2);
  CHECK(asker.ask("_53._tcp.web.default.ikada", kDnsSrv)->code == DnsCode::kNoSuchName);
  CHECK(asker.ask("_http._udp.web.default.ikada", kDnsSrv)->code == DnsCode::kNoSuchName);
  CHECK(asker.ask("_http._tcp.b.default.ikada", kDnsSrv)->records.size() == 1);
  const std::optional<DnsAnswer> other = asker.ask("_http._tcp.web.default.ikada", kDnsA);
  CHECK((other->records.empty() && other->code == DnsCode::kNoError));
}

TEST_CASE("nothing of that type is not the same as no such name") {
  Asker asker;
  for (const char* name :
       {"web.default.ikada", "default.ikada", "ikada", "IKADA", "_tcp.web.default.ikada"}) {
    CAPTURE(name);
    const std::optional<DnsAnswer> answer = asker.ask(name, kDnsAaaa);
    REQUIRE(answer.has_value());
    CHECK((answer->records.empty() && answer->code == DnsCode::kNoError));
  }
  for (const char* name : {"other.default.ikada",
                           "web.ikada",
                           "x.web.default.ikada",
                           "_tcp.other.default.ikada",
                           ".ikada"}) {
    CAPTURE(name);
    CHECK(asker.ask(name)->code == DnsCode::kNoSuchName);
  }
  for (const char* name : {"", "example.org", "ikada.org", "xikada", "web.default"}) {
    CAPTURE(name);
    CHECK(!asker.ask(name).has_value());
  }
}

TEST_CASE("every name above one is there as long as it is") {
  Asker asker;
  asker.table.set("lb", NameEntry{.names = {"web.us-east-1.elb"}, .address = "10.0.0.9"});
  for (const char* name : {"us-east-1.elb.ikada", "elb.ikada"}) {
    CHECK(asker.ask(name)->code == DnsCode::kNoError);
  }
  asker.table.set("lb", std::nullopt);
  for (const char* name : {"us-east-1.elb.ikada", "elb.ikada"}) {
    CHECK(asker.ask(name)->code == DnsCode::kNoSuchName);
  }
}

TEST_CASE("tasks of draining hosts answer while there are no others") {
  Asker asker;
  NameEntry draining = task("a", "10.0.0.1");
  draining.is_draining = true;
  asker.table.set("a", draining);
  CHECK(asker.addresses("web.default.ikada") == std::set<std::string>{"10.0.0.2"});
  CHECK(asker.addresses("a.default.ikada") == std::set<std::string>{"10.0.0.1"});
  asker.table.set("b", std::nullopt);
  CHECK(asker.addresses("web.default.ikada") == std::set<std::string>{"10.0.0.1"});
}

TEST_CASE("an address of IPv6 is told as that") {
  Asker asker;
  asker.table.set("c", NameEntry{.names = {"six.default"}, .address = "fd00::1"});
  CHECK(asker.addresses("six.default.ikada").empty());
  CHECK(asker.addresses("six.default.ikada", kDnsAaaa) == std::set<std::string>{"fd00::1"});
  CHECK(asker.ask("six.default.ikada", kDnsAny)->records.size() == 1);
}

TEST_CASE("of very many tasks some are told") {
  Asker asker;
  for (int each = 0; each < 1500; ++each) {
    asker.table.set(std::to_string(each),
                    NameEntry{.names = {"many.default"},
                              .address = fmt::format("10.1.{}.{}", each / 250, each % 250)});
  }
  CHECK(asker.addresses("many.default.ikada").size() == kMaxAddresses);
}

TEST_CASE("an entry comes over as it is") {
  NameEntry entry = task("a", "10.0.0.1");
  entry.is_draining = true;
  const Result<NameEntry> read = parse_name_entry(Json::parse(to_json(entry).dump()));
  REQUIRE(read.has_value());
  CHECK(*read == entry);
  for (const char* text : {R"({})",
                           R"({"names": [], "address": "10.0.0.1"})",
                           R"([])",
                           R"({"names": ["a.b"], "address": "10.0.0.1", "ports": [["x"]]})",
                           R"({"names": ["a.b"], "address": "10.0.0.1", "ports": 3})",
                           R"({"names": ["a.b"], "address": 1})",
                           R"({"names": ["a"], "address": "", "ports": [["x","tcp",70000,1]]})"}) {
    CAPTURE(text);
    CHECK(!parse_name_entry(Json::parse(text)).has_value());
  }
}

}  // namespace
}  // namespace ikada
