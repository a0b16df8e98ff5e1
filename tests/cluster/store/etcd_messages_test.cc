// What etcd 3.4's gateway was seen to say, and what we say to it.
#include "cluster/store/etcd_messages.h"

#include <doctest/doctest.h>

#include "cluster/store/store_error.h"
#include "tests/cluster/store/store_under_test.h"

namespace ikada {
namespace {

TEST_CASE("etcd: a transaction compares revisions and names each operation") {
  const EtcdRequest request =
      etcd_commit(Transaction{}.expect("a", 7).expect("b", 0).put("a", "x", 5).remove("b"));

  CHECK(request.path == "/v3/kv/txn");
  CHECK(Json::parse(request.body) == Json::parse(R"({
    "compare": [
      {"key": "YQ==", "target": "MOD", "result": "EQUAL", "mod_revision": "7"},
      {"key": "Yg==", "target": "MOD", "result": "EQUAL", "mod_revision": "0"}],
    "success": [
      {"request_put": {"key": "YQ==", "value": "eA==", "lease": "5"}},
      {"request_delete_range": {"key": "Yg=="}}]})"));
}

TEST_CASE("etcd: a prefix becomes a range, whatever its last bytes are") {
  const auto range = [](const std::string& prefix, const std::string& after) {
    const Json body = Json::parse(etcd_list({.prefix = prefix, .after = after}).body);
    return body.at("key").get<std::string>() + " " + body.at("range_end").get<std::string>();
  };

  CHECK(range("a", "") == "YQ== Yg==");
  CHECK(range("a", "ab") == "YWIA Yg==");  // "ab\0"
  CHECK(range("b", "a") == "Yg== Yw==");
  CHECK(range("a\xff\xff", "") == "Yf// Yg==");
  CHECK(range("\xff", "") == "/w== AA==");  // To the end.
  CHECK(range("", "") == "AA== AA==");
  CHECK(range("", "a") == "YQA= AA==");
}

TEST_CASE("etcd: what is zero is not in an answer") {
  const KeyRead missing = expect_value(
      parse_etcd_get(R"({"header":{"cluster_id":"1","revision":"9","raft_term":"2"}})"));
  CHECK_FALSE(missing.entry.has_value());
  CHECK(missing.revision == 9);

  const Commit refused = expect_value(parse_etcd_commit(R"({"header":{"revision":"9"}})"));
  CHECK_FALSE(refused.succeeded);
  const Commit done = expect_value(parse_etcd_commit(
      R"({"header":{"revision":"10"},"succeeded":true,"responses":[{"response_put":{}}]})"));
  CHECK(done.succeeded);
  CHECK(done.revision == 10);

  CHECK(is_lease_gone(
      parse_etcd_keep(R"({"result":{"header":{"revision":"1"},"ID":"7"}})", 7).error()));
  CHECK(parse_etcd_keep(R"({"result":{"header":{"revision":"1"},"ID":"7","TTL":"5"}})", 7)
            .has_value());
}

TEST_CASE("etcd: members are known by where others reach them") {
  const std::vector<EtcdMember> members = expect_value(parse_etcd_members(
      R"({"header":{"cluster_id":"15589408465048887305","raft_term":"2"},"members":[
        {"ID":"11657969684739330442","name":"a","peerURLs":["https://192.0.2.1:7444"],
         "clientURLs":["https://192.0.2.1:7443"]},
        {"ID":"17501473629041166024","peerURLs":["https://192.0.2.2:7444"],"isLearner":true}]})"));

  REQUIRE(members.size() == 2);
  CHECK(members[0].name == "a");
  CHECK_FALSE(members[0].is_learner);
  CHECK(members[1].id == "17501473629041166024");
  CHECK(members[1].name.empty());
  CHECK(members[1].peer_url == "https://192.0.2.2:7444");
  CHECK(members[1].is_learner);
  CHECK(etcd_promote("17501473629041166024").body == R"({"ID":"17501473629041166024"})");
}

TEST_CASE("etcd: a member without a leader names none") {
  const EtcdHealth well = expect_value(parse_etcd_health(
      R"({"header":{"member_id":"7","revision":"2"},"version":"3.4.23","leader":"9"})"));
  const EtcdHealth alone = expect_value(
      parse_etcd_health(R"({"header":{"member_id":"7"},"version":"3.4.23","isLearner":true})"));

  CHECK(well.member == "7");
  CHECK(well.leader == "9");
  CHECK(alone.leader.empty());
  CHECK(alone.is_learner);
}

TEST_CASE("etcd: a learner refuses before anything is done") {
  const EtcdFailure learner = read_etcd_error(
      503, R"({"error":"etcdserver: rpc not supported for learner","message":"","code":14})");
  const EtcdFailure full = read_etcd_error(
      400, R"({"error":"etcdserver: too many learner members in cluster","message":"","code":9})");

  CHECK(learner.verdict == EtcdVerdict::kNothingDone);
  CHECK(full.verdict == EtcdVerdict::kFinal);
  CHECK(full.error.kind == ErrorKind::kConflict);
}

TEST_CASE("etcd: a list has entries, an end, and bytes in base64") {
  const KeyPage page = expect_value(parse_etcd_list(
      R"({"header":{"revision":"12"},"kvs":[{"key":"AGE=","create_revision":"3",
          "mod_revision":"8","version":"2","value":"/wA=","lease":"7587"},
          {"key":"Yg==","create_revision":"4","mod_revision":"4","version":"1"}],
          "more":true,"count":"3"})"));

  REQUIRE(page.entries.size() == 2);
  CHECK(page.entries[0].key == std::string("\0a", 2));
  CHECK(page.entries[0].value == std::string("\xff\0", 2));
  CHECK(page.entries[0].created == 3);
  CHECK(page.entries[0].modified == 8);
  CHECK(page.entries[0].lease == 7587);
  CHECK(page.entries[1].value.empty());
  CHECK(page.more);
}

TEST_CASE("etcd: a watch's stream is told apart") {
  const auto parse = [](std::string_view line) { return expect_value(parse_etcd_watch(line)); };
  CHECK(parse(R"({"result":{"header":{"revision":"4"},"created":true}})").is_created);

  const EtcdWatchMessage events = parse(
      R"({"result":{"header":{"revision":"6"},"events":[
          {"kv":{"key":"YQ==","create_revision":"5","mod_revision":"5","version":"1",
                 "value":"MQ=="}},
          {"type":"DELETE","kv":{"key":"Yg==","mod_revision":"6"}}]}})");
  REQUIRE(events.events.events.size() == 2);
  CHECK(text_of(events.events.events[0]) == "a=1");
  CHECK(text_of(events.events.events[1]) == "-b");
  CHECK(events.events.revision == 6);

  const EtcdWatchMessage compacted = parse(
      R"({"result":{"header":{"revision":"9"},"watch_id":"0","canceled":true,
          "compact_revision":"7"}})");
  CHECK(compacted.is_cancelled);
  CHECK(compacted.compacted == 7);

  const EtcdWatchMessage failed =
      parse(R"({"error":{"grpc_code":14,"http_code":503,"message":"etcdserver: no leader"}})");
  CHECK(failed.is_cancelled);
  CHECK(failed.reason == "etcdserver: no leader");
}

TEST_CASE("etcd: an answer of another form is refused, not misread") {
  for (const char* body : {"",
                           "[]",
                           "{}",
                           "null",
                           "\"x\"",
                           R"({"header":{}})",
                           R"({"header":{"revision":"x"}})",
                           R"({"header":{"revision":true}})",
                           R"({"header":{"revision":"1"},"kvs":[1]})",
                           R"({"header":{"revision":"1"},"kvs":[{"key":"%%"}]})",
                           R"({"header":{"revision":"1"},"more":"yes"})"}) {
    CAPTURE(body);
    CHECK(parse_etcd_list(body).error().kind == ErrorKind::kInvalid);
  }
}

TEST_CASE("etcd: errors say whether the call may be made again") {
  struct Row {
    int status;
    const char* body;
    EtcdVerdict verdict;
  };
  const Row rows[] = {
      {503, R"({"error":"etcdserver: no leader","code":14})", EtcdVerdict::kNothingDone},
      {429, R"({"error":"etcdserver: too many requests","code":8})", EtcdVerdict::kNothingDone},
      {503, R"({"error":"etcdserver: request timed out","code":14})", EtcdVerdict::kInDoubt},
      {503, R"({"error":"etcdserver: leader changed","code":14})", EtcdVerdict::kInDoubt},
      {503, R"({"error":"transport is closing","code":14})", EtcdVerdict::kInDoubt},
      {500, "", EtcdVerdict::kInDoubt},
      {429,
       R"_({"error":"grpc: received message larger than max (9 vs. 2)","code":8})_",
       EtcdVerdict::kFinal},
      {429,
       R"({"error":"etcdserver: mvcc: database space exceeded","code":8})",
       EtcdVerdict::kFinal},
      {400,
       R"({"error":"etcdserver: duplicate key given in txn request","code":3})",
       EtcdVerdict::kFinal},
      {404, "404 page not found\n", EtcdVerdict::kFinal},
  };
  for (const Row& row : rows) {
    CAPTURE(row.body);
    CHECK(read_etcd_error(row.status, row.body).verdict == row.verdict);
  }
  const auto error_of = [](const char* body) { return read_etcd_error(400, body).error; };
  CHECK(
      is_store_full(error_of(R"({"error":"etcdserver: mvcc: database space exceeded","code":8})")));
  CHECK(is_lease_gone(error_of(R"({"error":"etcdserver: requested lease not found","code":5})")));
  CHECK(is_compacted(
      error_of(R"({"error":"etcdserver: mvcc: required revision has been compacted","code":11})")));
  CHECK(
      error_of(R"({"error":"etcdserver: mvcc: required revision is a future revision","code":11})")
          .kind == ErrorKind::kInvalid);
  CHECK(error_of(R"({"error":"etcdserver: permission denied","code":7})").kind ==
        ErrorKind::kDenied);
}

}  // namespace
}  // namespace ikada
