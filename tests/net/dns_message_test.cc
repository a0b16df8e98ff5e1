#include "net/dns_message.h"

#include <doctest/doctest.h>

namespace ikada {
namespace {

using namespace std::string_literals;

// "web.default.ikada", type A, with `flags` and maybe an OPT record that takes 4096 bytes.
std::string query(std::string_view flags = "\x01\x00", bool has_edns = false) {
  std::string message = "\x12\x34"s + std::string(flags) + "\0\1\0\0\0\0\0"s +
                        (has_edns ? "\1" : "\0"s) + "\3Web\7default\5ikada\0\0\1\0\1"s;
  if (has_edns) message += "\0\0\x29\x10\0\0\0\0\0\0\0"s;
  return message;
}

DnsQuestion question() { return parse_dns_question(query("\x01\0"s))->question; }

unsigned byte_at(const std::string& message, size_t at) {
  return static_cast<unsigned char>(message[at]);
}

DnsAnswer addresses(int count) {
  DnsAnswer answer{.zone = "ikada"};
  for (int each = 0; each < count; ++each) {
    answer.records.push_back({.name = "Web.default.ikada",
                              .type = kDnsA,
                              .address = fmt::format("10.120.{}.{}", each / 250, each % 250 + 1)});
  }
  return answer;
}

TEST_CASE("a question is read") {
  const Result<ParsedDnsQuestion> parsed = parse_dns_question(query("\x01\0"s));
  REQUIRE(parsed.has_value());
  CHECK(parsed->code == DnsCode::kNoError);
  CHECK(parsed->question.id == 0x1234);
  CHECK(parsed->question.wants_recursion);
  CHECK(parsed->question.name == "Web.default.ikada");
  CHECK(parsed->question.type == kDnsA);
  CHECK(parsed->question.max_bytes == 512);
  const Result<ParsedDnsQuestion> larger = parse_dns_question(query("\0\0"s, true));
  REQUIRE(larger.has_value());
  CHECK(larger->question.has_edns);
  CHECK(larger->question.max_bytes == 1232);
  CHECK_FALSE(larger->question.wants_recursion);
}

TEST_CASE("what is no question is ignored, what is a bad one is refused") {
  CHECK(!parse_dns_question("").has_value());
  CHECK(!parse_dns_question("\x12\x34\1\0\0\1"s).has_value());
  CHECK(!parse_dns_question(query("\x81\0"s)).has_value());  // An answer.
  const std::string whole = query("\x01\0"s);
  for (size_t size = 12; size < whole.size(); ++size) {
    const Result<ParsedDnsQuestion> parsed = parse_dns_question(whole.substr(0, size));
    REQUIRE(parsed.has_value());
    CHECK(parsed->code == DnsCode::kFormatError);
    CHECK(parsed->question.id == 0x1234);
  }
  CHECK(parse_dns_question(query("\x21\0"s))->code == DnsCode::kNotImplemented);  // NOTIFY.
  std::string chaos = whole;
  chaos.back() = '\3';
  CHECK(parse_dns_question(chaos)->code == DnsCode::kRefused);
  std::string loop = whole.substr(0, 12) + "\xc0\x0c\0\1\0\1"s;  // A name that is itself.
  CHECK(parse_dns_question(loop)->code == DnsCode::kFormatError);
}

TEST_CASE("an answer has the question as it was asked, and its records") {
  const Result<std::string> bytes = encode_dns_answer(question(), addresses(2), 2, 512);

  REQUIRE(bytes.has_value());
  CHECK(bytes->substr(0, 12) == "\x12\x34\x85\x80\0\1\0\2\0\0\0\0"s);
  CHECK(find_dns_question(*bytes) == find_dns_question(query("\x01\0"s)));
  CHECK(answers_dns_query(*bytes, query("\x01\0"s)));
  CHECK(bytes->ends_with("\0\1\0\1\0\0\0\2\0\4\x0a\x78\0\2"s));
}

TEST_CASE("what does not fit is left out, and that is said") {
  const Result<std::string> cut = encode_dns_answer(question(), addresses(200), 2, 512);
  REQUIRE(cut.has_value());
  CHECK(cut->size() <= 512);
  CHECK((byte_at(*cut, 2) & 2U) == 2);
  CHECK(byte_at(*cut, 7) > 10);
  const Result<std::string> whole = encode_dns_answer(question(), addresses(200), 2, 65535);
  REQUIRE(whole.has_value());
  CHECK((byte_at(*whole, 2) & 2U) == 0);
  CHECK(byte_at(*whole, 7) == 200);
}

TEST_CASE("no such name comes with how long that holds") {
  const DnsAnswer nothing{.code = DnsCode::kNoSuchName, .zone = "ikada"};
  const Result<std::string> bytes = encode_dns_answer(question(), nothing, 2, 512);

  REQUIRE(bytes.has_value());
  CHECK(byte_at(*bytes, 3) == 0x83);
  CHECK(byte_at(*bytes, 9) == 1);  // SOA
}

TEST_CASE("ports are told with the addresses of who serves them") {
  DnsAnswer answer{.zone = "ikada"};
  answer.records.push_back(
      {.name = "_http._tcp.web.default.ikada", .type = kDnsSrv, .port = 8080, .target = "t.ikada"});
  answer.additional.push_back({.name = "t.ikada", .type = kDnsAaaa, .address = "fd00::1"});
  DnsQuestion asked = question();
  asked.name = "_http._tcp.web.default.ikada";
  asked.type = kDnsSrv;

  const Result<std::string> bytes = encode_dns_answer(asked, answer, 2, 512);

  REQUIRE(bytes.has_value());
  CHECK(bytes->find("\0\0\0\1\x1f\x90\1t"s) != std::string::npos);
  CHECK(byte_at(*bytes, 11) == 1);
  answer.additional[0].address = "10.1.2.3";
  CHECK(!encode_dns_answer(asked, answer, 2, 512).has_value());
}

TEST_CASE("an answer to another question, or none, is told from the one that was asked for") {
  const std::string asked = query("\x01\0"s);
  std::string answer = query("\x81\x80"s);
  CHECK(answers_dns_query(answer, asked));
  CHECK(!answers_dns_query(asked, asked));
  set_dns_message_id(answer, 0x1235);
  CHECK(!answers_dns_query(answer, asked));
  set_dns_message_id(answer, 0x1234);
  answer[13] = 'w';
  CHECK(!answers_dns_query(answer, asked));
  CHECK(!answers_dns_query(answer.substr(0, 11), asked));
  CHECK(!find_dns_question(asked.substr(0, asked.size() - 1)).has_value());
}

}  // namespace
}  // namespace ikada
