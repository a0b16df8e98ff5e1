// What a task sends to its server of names, and what it gets back.
#include "cluster/node/name_table.h"
#include "net/dns_message.h"
#include "tests/fuzz/targets.h"

namespace ikada {
namespace {

NameTable small_table() {
  NameTable table;
  for (int each = 0; each < 60; ++each) {
    table.set(std::to_string(each),
              NameEntry{.names = {"web.default", fmt::format("{}.default", each)},
                        .address = fmt::format("10.120.0.{}", each + 1),
                        .ports = {{.name = "http", .container_port = 80, .port = 80}}});
  }
  return table;
}

void check_size(const DnsQuestion& question, const DnsAnswer& answer, std::string_view query) {
  for (const size_t most : {question.max_bytes, kMaxDnsMessage}) {
    const Result<std::string> bytes = encode_dns_answer(question, answer, 1, most);
    if (!bytes.has_value()) continue;
    promise(bytes->size() <= most, "an answer fits");
    promise(dns_message_id(*bytes) == dns_message_id(query), "an answer has the question's id");
    promise(!parse_dns_question(*bytes).has_value(), "an answer is no question");
  }
}

}  // namespace

void fuzz_dns_question(std::string_view bytes) {
  static const NameTable table = small_table();
  find_dns_question(bytes);
  const Result<ParsedDnsQuestion> parsed = parse_dns_question(bytes);
  if (!parsed.has_value()) return;
  Prng prng(1);
  const std::optional<DnsAnswer> answer = table.answer(parsed->question, prng);
  DnsAnswer refusal;
  refusal.code = parsed->code;
  refusal.is_ours = false;
  const bool is_answered = parsed->code == DnsCode::kNoError && answer.has_value();
  check_size(parsed->question, is_answered ? *answer : refusal, bytes);
}

}  // namespace ikada
