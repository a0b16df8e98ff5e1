// Targets that read what clients of the cluster's API send.
#include <array>
#include <string>
#include <vector>

#include "cluster/auth/sigv4.h"
#include "cluster/scheduler/query.h"
#include "runtime/base/text.h"
#include "tests/fuzz/targets.h"

namespace ikada {

void fuzz_cluster_query(std::string_view bytes) {
  const scheduler::Attributes attributes = {{"ecs.instance-type", "g2.2xlarge"}, {"x", ""}};
  const std::array<std::string_view, 2> groups = {"service:web", "database"};
  const scheduler::HostFacts facts = {.agent_connected = true,
                                      .agent_version = "1.75.3",
                                      .ec2_instance_id = "i-0abc",
                                      .registered_at_s = 1529360908,
                                      .running_tasks = 7,
                                      .attributes = &attributes,
                                      .groups = groups};
  const Result<scheduler::Query> query = scheduler::Query::parse(bytes);
  if (!query.has_value()) {
    promise(query.error().message.starts_with("cluster query: "), "a mistake has its place");
    return;
  }
  const bool matches = query->matches(facts);
  const Result<scheduler::Query> negation =
      scheduler::Query::parse("not (" + std::string(bytes) + ")");
  if (!negation.has_value()) return;  // Too long or too deep.
  promise(negation->matches(facts) != matches, "not is the opposite");
}

// A line of method, path and query, then headers "name:value", then after an empty line the body.
void fuzz_request_signature(std::string_view bytes) {
  auth::AccessKey key;
  key.id = "AKIDEXAMPLE";
  key.secret = auth::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  const size_t end = std::min(bytes.find("\n\n"), bytes.size());
  std::vector<std::string_view> lines = split(bytes.substr(0, end), '\n');
  const Cut method = cut(lines.front(), ' ');
  const Cut target = cut(method.after, '?');
  std::vector<auth::HeaderField> fields;
  for (size_t i = 1; i < lines.size(); ++i) {
    const Cut field = cut(lines[i], ':');
    fields.push_back({.name = field.before, .value = field.after});
  }
  const auth::SignedRequest request = {.method = method.before,
                                       .path = target.before,
                                       .query = target.after,
                                       .headers = fields,
                                       .body = bytes.substr(std::min(end + 2, bytes.size()))};
  const UnixNanos now = 1'440'938'160'000'000'000;  // 2015-08-30T12:36:00Z
  const Result<auth::Caller> caller = auth::verify(
      request, [&key](std::string_view id) { return id == key.id ? &key : nullptr; }, now);
  if (!caller.has_value()) {
    promise(!caller.error().code.empty(), "a refusal has a code");
    return;
  }
  promise(caller->access_key_id == key.id && !caller->service.empty(), "a caller is known");
}

}  // namespace ikada
