// What goes over a link between hosts (node_link.h): questions with their answers, and news.
//
//   {"ask": VERB, "id": N, "body": {}}            a question
//   {"answer": N, "body": {}}                     its answer
//   {"answer": N, "error": {"kind", "message"}}   or why there is none
//   {"tell": VERB, "body": {}}                    news, which nobody answers
//
// Verbs: join, enlist, follow, report, credentials, secrets, renew, leave (asked by a node); api,
// cluster (by a manager); managers, leader, assign-all, assign, network, peer, names, logs, refused
// authorities, restart-store (told to it); cluster-keys (asked by it); gossip-keys (both).
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "runtime/base/json.h"
#include "runtime/base/result.h"

namespace ikada {

struct Question {
  std::string verb;
  std::int64_t id = 0;
  Json body = {};
};

struct Answer {
  std::int64_t id = 0;
  Result<Json> body;
};

struct News {
  std::string verb;
  Json body = {};
};

using Frame = std::variant<Question, Answer, News>;

Json to_json(const Question& question);
Json to_json(const Answer& answer);
Json to_json(const News& news);

// kInvalid for anything else.
Result<Frame> parse_frame(const Json& json);

}  // namespace ikada
