#include "cluster/api/api_call.h"

#include <string_view>

#include "image/digest.h"

namespace ikada {
namespace {

constexpr std::string_view kPrefix = "request: ";
constexpr std::string_view kMissing = ": missing";

}  // namespace

std::string digest_of_body(const ApiCall& call) {
  const std::string text = call.body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return std::string(Digest::of(text).hex());
}

Error input_error(Error error) {
  if (!is_missing_member(error)) {
    error.code = "SerializationException";
    return error;
  }
  std::string_view member = error.message;
  if (member.starts_with(kPrefix)) member.remove_prefix(kPrefix.size());
  member.remove_suffix(kMissing.size());
  return invalid_parameter("{} can not be blank.", member);
}

}  // namespace ikada
