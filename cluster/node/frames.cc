#include "cluster/node/frames.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ikada {
namespace {

constexpr std::array<std::pair<std::string_view, ErrorKind>, 7> kKinds = {{
    {"invalid", ErrorKind::kInvalid},
    {"not found", ErrorKind::kNotFound},
    {"conflict", ErrorKind::kConflict},
    {"denied", ErrorKind::kDenied},
    {"unavailable", ErrorKind::kUnavailable},
    {"system", ErrorKind::kSystem},
    {"internal", ErrorKind::kInternal},
}};

Json error_json(const Error& error) {
  const auto* const found = std::find_if(
      kKinds.begin(), kKinds.end(), [&](const auto& each) { return each.second == error.kind; });
  return {{"kind", found->first}, {"message", error.message}, {"code", error.code}};
}

Error read_error(JsonReader reader) {
  Error error;
  std::string kind;
  reader.read("kind", kind);
  reader.read("message", error.message);
  reader.read("code", error.code);
  for (const auto& [word, known] : kKinds) {
    if (word == kind) error.kind = known;
  }
  return error;
}

Json body_of(const Json& json) {
  const auto found = json.find("body");
  return found == json.end() ? Json::object() : *found;
}

}  // namespace

Json to_json(const Question& question) {
  return {{"ask", question.verb}, {"id", question.id}, {"body", question.body}};
}

Json to_json(const Answer& answer) {
  if (answer.body.has_value()) return {{"answer", answer.id}, {"body", *answer.body}};
  return {{"answer", answer.id}, {"error", error_json(answer.body.error())}};
}

Json to_json(const News& news) { return {{"tell", news.verb}, {"body", news.body}}; }

Result<Frame> parse_frame(const Json& json) {
  JsonReader reader(json, "frame");
  if (reader.has("ask")) {
    Question question{.verb = {}, .id = 0, .body = body_of(json)};
    reader.require("ask", question.verb);
    reader.require("id", question.id);
    IK_TRY(reader.done());
    return Frame(std::move(question));
  }
  if (reader.has("answer")) {
    Answer answer{.id = 0, .body = body_of(json)};
    reader.require("answer", answer.id);
    if (reader.has("error")) answer.body = read_error(reader.object("error"));
    IK_TRY(reader.done());
    return Frame(std::move(answer));
  }
  News news{.verb = {}, .body = body_of(json)};
  reader.require("tell", news.verb);
  IK_TRY(reader.done());
  return Frame(std::move(news));
}

}  // namespace ikada
