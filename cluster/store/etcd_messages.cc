#include "cluster/store/etcd_messages.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cluster/store/store_error.h"
#include "image/base64.h"
#include "runtime/base/number.h"

namespace ikada {
namespace {

constexpr JsonLimits kAnswerLimits{.max_bytes = size_t{256} << 20, .max_depth = 16};
constexpr size_t kShownBytes = 200;
const std::string kZeroByte(1, '\0');

// gRPC's status codes that are told apart.
constexpr int kInvalidArgument = 3;
constexpr int kNotFound = 5;
constexpr int kPermissionDenied = 7;
constexpr int kResourceExhausted = 8;
constexpr int kFailedPrecondition = 9;
constexpr int kOutOfRange = 11;
constexpr int kUnauthenticated = 16;

// The first key behind all that begin with `prefix`; "\0" is etcd's word for "no end".
std::string end_of_prefix(std::string prefix) {
  while (!prefix.empty()) {
    if (prefix.back() != '\xff') {
      prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
      return prefix;
    }
    prefix.pop_back();
  }
  return kZeroByte;
}

EtcdRequest request(std::string path, const Json& body) {
  return {.path = std::move(path), .body = body.dump()};
}

std::string number_text(std::int64_t number) { return std::to_string(number); }

// Reads etcd's fields: absent is zero, numbers may be text.
class AnswerReader {
 public:
  explicit AnswerReader(const Json& json) : json_(json) {}

  std::int64_t number(const char* name) {
    const auto found = json_.find(name);
    if (found == json_.end()) return 0;
    if (found->is_number_integer()) return found->get<std::int64_t>();
    if (found->is_string()) {
      const auto parsed = parse_signed(found->get_ref<const std::string&>());
      if (parsed.has_value()) return *parsed;
    }
    fail(name);
    return 0;
  }

  bool boolean(const char* name) {
    const auto found = json_.find(name);
    if (found == json_.end()) return false;
    if (!found->is_boolean()) fail(name);
    return found->is_boolean() && found->get<bool>();
  }

  std::string bytes(const char* name) {
    const auto found = json_.find(name);
    if (found == json_.end()) return {};
    if (found->is_string()) {
      Result<std::string> decoded = decode_base64(found->get_ref<const std::string&>());
      if (decoded.has_value()) return std::move(*decoded);
    }
    fail(name);
    return {};
  }

  std::string text(const char* name) const {
    const auto found = json_.find(name);
    return found != json_.end() && found->is_string() ? found->get<std::string>() : std::string();
  }

  const Json& child(const char* name) const {
    static const Json none = Json::object();
    const auto found = json_.find(name);
    return found == json_.end() ? none : *found;
  }

  void fail(std::string_view name) {
    if (failed_.empty()) failed_ = name;
  }

  Result<void> done() const {
    if (failed_.empty()) return {};
    return make_error(ErrorKind::kInvalid, "etcd: {} in an answer has another form", failed_);
  }

 private:
  const Json& json_;
  std::string failed_;
};

Result<Json> parse_answer(std::string_view body) {
  IK_LET(json, parse_json(body, kAnswerLimits).context("etcd"));
  if (!json.is_object()) return make_error(ErrorKind::kInvalid, "etcd: an answer is no object");
  return json;
}

Result<KeyValue> read_entry(const Json& json) {
  if (!json.is_object()) return make_error(ErrorKind::kInvalid, "etcd: a key is no object");
  AnswerReader reader(json);
  KeyValue entry{.key = reader.bytes("key"),
                 .value = reader.bytes("value"),
                 .created = reader.number("create_revision"),
                 .modified = reader.number("mod_revision"),
                 .lease = reader.number("lease")};
  IK_TRY(reader.done());
  return entry;
}

Result<Revision> read_revision(const Json& answer) {
  AnswerReader header(AnswerReader(answer).child("header"));
  const Revision revision = header.number("revision");
  IK_TRY(header.done());
  if (revision <= 0) return make_error(ErrorKind::kInvalid, "etcd: an answer without a revision");
  return revision;
}

Json operation_json(const KeyOperation& operation) {
  if (operation.kind == KeyOperation::Kind::kRemove) {
    return {{"request_delete_range", {{"key", encode_base64(operation.key)}}}};
  }
  return {{"request_put",
           {{"key", encode_base64(operation.key)},
            {"value", encode_base64(operation.value)},
            {"lease", number_text(operation.lease)}}}};
}

Result<KeyEvent> read_event(const Json& json) {
  AnswerReader reader(json);
  IK_LET(entry, read_entry(reader.child("kv")));
  KeyEvent event{.entry = std::move(entry)};
  if (reader.text("type") == "DELETE") {
    event.kind = KeyOperation::Kind::kRemove;
    event.entry = {
        .key = std::move(event.entry.key), .value = {}, .modified = event.entry.modified};
  }
  return event;
}

bool has_text(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

EtcdRequest etcd_get(const std::string& key) {
  return request("/v3/kv/range", {{"key", encode_base64(key)}});
}

EtcdRequest etcd_list(const ListOptions& options) {
  const bool is_inside = options.after >= options.prefix && !options.after.empty();
  std::string from = is_inside ? options.after + kZeroByte : options.prefix;
  if (from.empty()) from = kZeroByte;
  return request("/v3/kv/range",
                 {{"key", encode_base64(from)},
                  {"range_end", encode_base64(end_of_prefix(options.prefix))},
                  {"limit", number_text(static_cast<std::int64_t>(options.limit))},
                  {"revision", number_text(options.revision)}});
}

EtcdRequest etcd_commit(const Transaction& transaction) {
  Json compares = Json::array();
  for (const KeyCompare& compare : transaction.compares) {
    compares.push_back({{"key", encode_base64(compare.key)},
                        {"target", "MOD"},
                        {"result", "EQUAL"},
                        {"mod_revision", number_text(compare.modified)}});
  }
  Json operations = Json::array();
  for (const KeyOperation& operation : transaction.operations) {
    operations.push_back(operation_json(operation));
  }
  return request("/v3/kv/txn",
                 {{"compare", std::move(compares)}, {"success", std::move(operations)}});
}

EtcdRequest etcd_watch(const std::string& prefix, Revision after) {
  return request("/v3/watch",
                 {{"create_request",
                   {{"key", encode_base64(prefix.empty() ? kZeroByte : prefix)},
                    {"range_end", encode_base64(end_of_prefix(prefix))},
                    {"start_revision", number_text(after + 1)}}}});
}

EtcdRequest etcd_grant(std::chrono::seconds ttl) {
  return request("/v3/lease/grant", {{"TTL", number_text(ttl.count())}});
}

EtcdRequest etcd_keep(LeaseId id) {
  return request("/v3/lease/keepalive", {{"ID", number_text(id)}});
}

EtcdRequest etcd_revoke(LeaseId id) {
  return request("/v3/lease/revoke", {{"ID", number_text(id)}});
}

EtcdRequest etcd_compact(Revision revision) {
  return request("/v3/kv/compaction", {{"revision", number_text(revision)}});
}

EtcdRequest etcd_status() { return request("/v3/maintenance/status", Json::object()); }

EtcdRequest etcd_defragment() { return request("/v3/maintenance/defragment", Json::object()); }

EtcdRequest etcd_members() { return request("/v3/cluster/member/list", Json::object()); }

EtcdRequest etcd_add_learner(const std::string& peer_url) {
  return request("/v3/cluster/member/add",
                 {{"peerURLs", Json::array({peer_url})}, {"isLearner", true}});
}

EtcdRequest etcd_promote(const std::string& member) {
  return request("/v3/cluster/member/promote", {{"ID", member}});
}

EtcdRequest etcd_transfer_leadership(const std::string& member) {
  return request("/v3/maintenance/transfer-leadership", {{"targetID", member}});
}

EtcdRequest etcd_remove_member(const std::string& member) {
  return request("/v3/cluster/member/remove", {{"ID", member}});
}

Result<KeyPage> parse_etcd_list(std::string_view body) {
  IK_LET(answer, parse_answer(body));
  IK_LET(revision, read_revision(answer));
  AnswerReader reader(answer);
  KeyPage page{.entries = {}, .revision = revision, .more = reader.boolean("more")};
  for (const Json& each : reader.child("kvs")) {
    IK_LET(entry, read_entry(each));
    page.entries.push_back(std::move(entry));
  }
  IK_TRY(reader.done());
  return page;
}

Result<KeyRead> parse_etcd_get(std::string_view body) {
  IK_LET(page, parse_etcd_list(body));
  KeyRead read{.entry = std::nullopt, .revision = page.revision};
  if (!page.entries.empty()) read.entry = std::move(page.entries.front());
  return read;
}

Result<Commit> parse_etcd_commit(std::string_view body) {
  IK_LET(answer, parse_answer(body));
  IK_LET(revision, read_revision(answer));
  AnswerReader reader(answer);
  const Commit commit{.succeeded = reader.boolean("succeeded"), .revision = revision};
  IK_TRY(reader.done());
  return commit;
}

Result<Lease> parse_etcd_grant(std::string_view body) {
  IK_LET(answer, parse_answer(body));
  AnswerReader reader(answer);
  const Lease lease{.id = reader.number("ID"), .ttl = std::chrono::seconds(reader.number("TTL"))};
  IK_TRY(reader.done());
  if (lease.id == kNoLease || lease.ttl.count() <= 0) {
    return make_error(ErrorKind::kInvalid, "etcd: a lease without id or time");
  }
  return lease;
}

Result<void> parse_etcd_keep(std::string_view body, LeaseId id) {
  IK_LET(answer, parse_answer(body));
  AnswerReader result(AnswerReader(answer).child("result"));
  const std::int64_t ttl = result.number("TTL");
  IK_TRY(result.done());
  if (ttl <= 0) return lease_gone(id);
  return {};
}

Result<StoreStatus> parse_etcd_status(std::string_view body) {
  IK_LET(answer, parse_answer(body));
  IK_LET(revision, read_revision(answer));
  AnswerReader reader(answer);
  const StoreStatus status{.revision = revision,
                           .size_bytes = static_cast<std::uint64_t>(reader.number("dbSize")),
                           .used_bytes = static_cast<std::uint64_t>(reader.number("dbSizeInUse"))};
  IK_TRY(reader.done());
  return status;
}

Result<std::vector<EtcdMember>> parse_etcd_members(std::string_view body) {
  IK_LET(answer, parse_answer(body));
  std::vector<EtcdMember> members;
  for (const Json& each : AnswerReader(answer).child("members")) {
    if (!each.is_object()) return make_error(ErrorKind::kInvalid, "etcd: a member is no object");
    AnswerReader reader(each);
    EtcdMember member{.id = reader.text("ID"), .name = reader.text("name"), .peer_url = {}};
    const Json& urls = reader.child("peerURLs");
    if (urls.is_array() && !urls.empty() && urls.front().is_string()) {
      member.peer_url = urls.front().get<std::string>();
    }
    member.is_learner = reader.boolean("isLearner");
    IK_TRY(reader.done());
    if (member.id.empty()) return make_error(ErrorKind::kInvalid, "etcd: a member without id");
    members.push_back(std::move(member));
  }
  return members;
}

Result<EtcdHealth> parse_etcd_health(std::string_view body) {
  IK_LET(answer, parse_answer(body));
  AnswerReader reader(answer);
  EtcdHealth health{.member = AnswerReader(reader.child("header")).text("member_id"),
                    .leader = reader.text("leader"),
                    .is_learner = reader.boolean("isLearner")};
  IK_TRY(reader.done());
  return health;
}

Result<EtcdWatchMessage> parse_etcd_watch(std::string_view line) {
  IK_LET(answer, parse_answer(line));
  EtcdWatchMessage message;
  if (answer.contains("error")) {
    const AnswerReader error(answer.at("error"));
    message.is_cancelled = true;
    message.reason = answer.at("error").is_object() ? error.text("message") : "the stream failed";
    return message;
  }
  AnswerReader result(AnswerReader(answer).child("result"));
  message.is_created = result.boolean("created");
  message.is_cancelled = result.boolean("canceled");
  message.compacted = result.number("compact_revision");
  message.reason = result.text("cancel_reason");
  for (const Json& each : result.child("events")) {
    IK_LET(event, read_event(each));
    message.events.revision = std::max(message.events.revision, event.entry.modified);
    message.events.events.push_back(std::move(event));
  }
  IK_TRY(result.done());
  return message;
}

EtcdFailure read_etcd_error(int status, std::string_view body) {
  int code = 0;
  std::string message(body.substr(0, kShownBytes));
  const Result<Json> parsed = parse_json(body);
  if (parsed.has_value() && parsed->is_object()) {
    AnswerReader reader(*parsed);
    code = static_cast<int>(reader.number("code"));
    message = reader.text("error");
  }
  const std::string words = fmt::format("etcd: {} (HTTP {}, code {})", message, status, code);
  const auto is_final = [&](ErrorKind kind) {
    return EtcdFailure{.verdict = EtcdVerdict::kFinal,
                       .error = Error{.kind = kind, .message = words}};
  };
  switch (code) {
    case kInvalidArgument:
      return is_final(ErrorKind::kInvalid);
    case kNotFound:
      if (!has_text(message, "lease not found")) return is_final(ErrorKind::kNotFound);
      return {.verdict = EtcdVerdict::kFinal, .error = lease_gone(kNoLease)};
    case kPermissionDenied:
    case kUnauthenticated:
      return is_final(ErrorKind::kDenied);
    case kFailedPrecondition:
      return is_final(ErrorKind::kConflict);
    case kOutOfRange:
      if (!has_text(message, "compacted")) return is_final(ErrorKind::kInvalid);
      return {.verdict = EtcdVerdict::kFinal, .error = revision_compacted(0, 0)};
    case kResourceExhausted:
      if (has_text(message, "space exceeded")) {
        return {.verdict = EtcdVerdict::kFinal, .error = store_full(words)};
      }
      if (has_text(message, "too many requests")) {
        return {.verdict = EtcdVerdict::kNothingDone, .error = store_unavailable(words)};
      }
      return is_final(ErrorKind::kInvalid);  // Larger than the gateway takes; the status is 429.
    default:
      break;
  }
  const bool is_refused = message == "etcdserver: no leader" ||
                          message == "etcdserver: rpc not supported for learner" ||
                          message == "etcdserver: unhealthy cluster";
  if (is_refused) {
    return {.verdict = EtcdVerdict::kNothingDone, .error = store_unavailable(words)};
  }
  if (status >= 400 && status < 500 && code == 0) return is_final(ErrorKind::kInternal);
  return {.verdict = EtcdVerdict::kInDoubt, .error = store_unavailable(words)};
}

}  // namespace ikada
