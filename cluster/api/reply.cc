#include "cluster/api/reply.h"

namespace ikada {
namespace {

constexpr unsigned kBadRequest = 400;
constexpr unsigned kServerFault = 500;

std::string name_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kDenied:
      return "AccessDeniedException";
    case ErrorKind::kUnavailable:
    case ErrorKind::kSystem:
    case ErrorKind::kInternal:
      return "ServerException";
    default:
      return error.code.empty() ? "ClientException" : error.code;
  }
}

// Whatever bytes a client has sent may stand in a message.
std::string text_of(const Json& body) {
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string format_request_id(const std::string& hex) {
  return fmt::format("{}-{}-{}-{}-{}",
                     hex.substr(0, 8),
                     hex.substr(8, 4),
                     hex.substr(12, 4),
                     hex.substr(16, 4),
                     hex.substr(20));
}

ApiReply ok_reply(const Json& body) { return {.body = text_of(body), .request_id = {}}; }

ApiReply error_reply(const Error& error) {
  const std::string name = name_of(error);
  return {.status = name == "ServerException" ? kServerFault : kBadRequest,
          .body = text_of({{"__type", name}, {"message", error.message}}),
          .request_id = {}};
}

ApiReply refusal_reply(const Json& body) {
  return {.status = kBadRequest, .body = text_of(body), .request_id = {}};
}

std::string make_request_id(const std::string& hex) {
  return fmt::format("{}-{}-{}-{}-{}",
                     hex.substr(0, 8),
                     hex.substr(8, 4),
                     hex.substr(12, 4),
                     hex.substr(16, 4),
                     hex.substr(20));
}

}  // namespace ikada
