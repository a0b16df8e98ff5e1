#include "cluster/auth/credential.h"

#include <algorithm>
#include <array>
#include <optional>

#include "cluster/auth/refusal.h"
#include "runtime/base/number.h"
#include "runtime/base/text.h"

namespace ikada::auth {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kTerminator = "aws4_request";
constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::uint64_t kMaxExpiresSeconds = 604'800;
constexpr UnixNanos kSecond = 1'000'000'000;
constexpr size_t kSignatureLength = 64;
constexpr size_t kMaxSignedHeaders = 100;

Error incomplete(std::string_view message) { return refuse(Refusal::kIncomplete, message); }

bool is_scope_word(std::string_view word) {
  return !word.empty() && word.size() <= 128 &&
         std::all_of(word.begin(), word.end(), [](char letter) {
           return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                  (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
         });
}

// "AKIDEXAMPLE/20150830/us-east-1/ecs/aws4_request".
Result<void> read_scope(std::string_view text, Credential& credential) {
  const std::vector<std::string_view> parts = split(text, '/');
  if (parts.size() != 5) {
    return incomplete("Credential must have exactly 5 slash-delimited elements");
  }
  if (!std::all_of(parts.begin(), parts.end(), is_scope_word)) {
    return incomplete("Credential has an element that cannot be one");
  }
  if (parts[4] != kTerminator) {
    return refuse(Refusal::kInvalidSignature,
                  "Credential should be scoped with a valid terminator: 'aws4_request'.");
  }
  credential.access_key_id = parts[0];
  credential.date = parts[1];
  credential.region = parts[2];
  credential.service = parts[3];
  return {};
}

Result<void> read_time(std::string_view text, Credential& credential) {
  if (text.empty()) return incomplete("X-Amz-Date is missing");
  // "20150830T123600Z" as RFC 3339 has it.
  const bool has_form = text.size() == 16 && text[8] == 'T' && text[15] == 'Z';
  const auto part = [&text](size_t begin, size_t size) { return text.substr(begin, size); };
  const Result<UnixNanos> time =
      has_form ? parse_rfc3339(fmt::format("{}-{}-{}T{}:{}:{}Z",
                                           part(0, 4),
                                           part(4, 2),
                                           part(6, 2),
                                           part(9, 2),
                                           part(11, 2),
                                           part(13, 2)))
               : Result<UnixNanos>(make_error(ErrorKind::kInvalid, "no time"));
  if (!time.has_value()) return incomplete("X-Amz-Date must be in the form YYYYMMDDTHHMMSSZ");
  credential.time_text = text;
  credential.signed_at = *time;
  if (credential.date == part(0, 8)) return {};
  return refuse(Refusal::kInvalidSignature,
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
                "from HTTP");
}

Result<void> read_signed_headers(std::string_view text, Credential& credential) {
  if (text.empty()) return incomplete("SignedHeaders is empty");
  for (const std::string_view name : split(text, ';')) {
    const bool is_sorted =
        credential.signed_headers.empty() || credential.signed_headers.back() < name;
    if (name.empty() || name != lower_case(name) || !is_sorted ||
        credential.signed_headers.size() == kMaxSignedHeaders) {
      return incomplete("SignedHeaders must be in lower case, sorted, and none twice");
    }
    credential.signed_headers.emplace_back(name);
  }
  return {};
}

Result<void> read_signature(std::string_view text, Credential& credential) {
  if (text.size() != kSignatureLength ||
      text.find_first_not_of(kHexDigits) != std::string_view::npos) {
    return incomplete("Signature must be 64 hexadecimal digits");
  }
  credential.signature = text;
  return {};
}

// "AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...", in any order.
Result<Credential> read_header(const SignedRequest& request) {
  const Cut words = cut(trim(find_header(request, "authorization")), ' ');
  if (words.before != kAlgorithm) return incomplete("Unsupported AWS 'algorithm'");
  constexpr std::array<std::string_view, 3> kNames = {"Credential", "SignedHeaders", "Signature"};
  std::array<std::optional<std::string_view>, 3> values;
  for (const std::string_view part : split(words.after, ',')) {
    const Cut pair = cut(trim(part), '=');
    const auto found = std::find(kNames.begin(), kNames.end(), pair.before);
    if (!pair.found || found == kNames.end()) {
      return incomplete("Authorization header has a parameter that it does not take");
    }
    auto& value = values.at(static_cast<size_t>(found - kNames.begin()));
    if (value.has_value()) return incomplete("Authorization header has a parameter twice");
    value = pair.after;
  }
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (values.at(i).has_value()) continue;
    return incomplete(fmt::format("Authorization header requires '{}' parameter", kNames.at(i)));
  }
  Credential credential;
  IK_TRY(read_scope(*values[0], credential));
  IK_TRY(read_time(trim(find_header(request, "x-amz-date")), credential));
  IK_TRY(read_signed_headers(*values[1], credential));
  IK_TRY(read_signature(*values[2], credential));
  credential.session_token = canonical_value(find_header(request, "x-amz-security-token"));
  return credential;
}

// The parameter's value if it is there once; kIncomplete if it is there twice or must be there.
Result<std::string> parameter(const QueryParameters& query, std::string_view name, bool required) {
  std::string value;
  int count = 0;
  for (const auto& [each, text] : query) {
    if (each != name) continue;
    value = text;
    ++count;
  }
  if (count > 1) return incomplete(fmt::format("{} is given twice", name));
  if (count == 0 && required) {
    return incomplete(fmt::format("AWS query-string parameters must include '{}'", name));
  }
  return value;
}

Result<Credential> read_query(const QueryParameters& query) {
  Credential credential;
  credential.is_presigned = true;
  IK_LET(algorithm, parameter(query, "X-Amz-Algorithm", true));
  if (algorithm != kAlgorithm) return incomplete("Unsupported AWS 'algorithm'");
  IK_LET(scope, parameter(query, "X-Amz-Credential", true));
  IK_LET(time, parameter(query, "X-Amz-Date", true));
  IK_LET(expires, parameter(query, "X-Amz-Expires", true));
  IK_LET(signed_headers, parameter(query, "X-Amz-SignedHeaders", true));
  IK_LET(signature, parameter(query, "X-Amz-Signature", true));
  IK_LET(token, parameter(query, "X-Amz-Security-Token", false));
  IK_TRY(read_scope(scope, credential));
  IK_TRY(read_time(time, credential));
  IK_TRY(read_signed_headers(signed_headers, credential));
  IK_TRY(read_signature(signature, credential));
  const Result<std::uint64_t> seconds = parse_unsigned(expires, kMaxExpiresSeconds);
  if (!seconds.has_value() || *seconds == 0) {
    return incomplete("X-Amz-Expires must be a number from 1 to 604800");
  }
  credential.valid_for = static_cast<UnixNanos>(*seconds) * kSecond;
  credential.session_token = std::move(token);
  return credential;
}

}  // namespace

std::string Credential::scope() const {
  return fmt::format("{}/{}/{}/{}", date, region, service, kTerminator);
}

std::string_view find_header(const SignedRequest& request, std::string_view name) {
  for (const HeaderField& field : request.headers) {
    if (lower_case(field.name) == name) return field.value;
  }
  return "";
}

size_t count_headers(const SignedRequest& request, std::string_view name) {
  return static_cast<size_t>(std::count_if(
      request.headers.begin(), request.headers.end(), [name](const HeaderField& field) {
        return lower_case(field.name) == name;
      }));
}

Result<Credential> read_credential(const SignedRequest& request, const QueryParameters& query) {
  const bool is_in_header = count_headers(request, "authorization") > 0;
  const bool is_in_query = std::any_of(query.begin(), query.end(), [](const auto& parameter) {
    return parameter.first == "X-Amz-Algorithm" || parameter.first == "X-Amz-Signature" ||
           parameter.first == "X-Amz-Credential";
  });
  if (is_in_header && is_in_query) {
    return refuse(Refusal::kInvalidSignature,
                  "Only one of the Authorization header and the X-Amz-Algorithm query parameter "
                  "may be given");
  }
  if (!is_in_header && !is_in_query) {
    return refuse(Refusal::kMissingToken, "Missing Authentication Token");
  }
  return is_in_header ? read_header(request) : read_query(query);
}

std::string format_basic_time(UnixNanos time) {
  std::string text;
  for (const char letter : format_rfc3339(time).substr(0, 19)) {
    if (letter != '-' && letter != ':') text += letter;
  }
  return text + 'Z';
}

}  // namespace ikada::auth
