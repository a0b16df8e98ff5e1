#include "cluster/api/api_call.h"

#include <string_view>

namespace ikada {
namespace {

constexpr std::string_view kPrefix = "request: ";
constexpr std::string_view kMissing = ": missing";

}  // namespace

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
